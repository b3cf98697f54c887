"""Importance matrices as GGUF: `NAME.in_sum2` (matrices, columns) and `NAME.counts` (matrices, 1), both F32.

`NAME.in_sum`, which newer files have beside them, and other tensors are passed over, as llama.cpp does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arrays.floats import widened
from ...errors import ImportanceError
from ...loading import lazy
from .importance import Importance, Sums, checked_sums

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..model import Model
    from ..tensor import Tensor
else:
    np = lazy("numpy")

SUMS, COUNTS, PLAIN_SUMS = ".in_sum2", ".counts", ".in_sum"
_PREFIX = "imatrix."
_MOST_DATASETS = 10_000


def is_importance_model(model: Model) -> bool:
    """Whether a GGUF file says that it is an importance matrix."""
    return model.general_type == "imatrix" or model.architecture == "imatrix"


def read_gguf(model: Model) -> Importance:
    """The importance matrix in a GGUF file, which it closes.

    Raises:
        ImportanceError: It is none, or sums and counts are not what they should be.
        GGUFError: The file shrank since it was opened.
    """
    if not is_importance_model(model):
        about = "it has no general.type" if model.general_type is None else f"general.type is {model.general_type!r}"
        raise ImportanceError(f"{model.path}: not an importance matrix: {about}")
    tensors = model.tensors
    sums: dict[str, Sums] = {}
    for name, tensor in tensors.items():
        if name.endswith(SUMS) and name != SUMS:
            stem = name.removesuffix(SUMS)
            counts = tensors.get(stem + COUNTS)
            if counts is None:
                raise ImportanceError(f"{model.path}: {name} has no {stem + COUNTS} beside it")
            sums[stem] = _sums(model.path, stem, tensor, counts)
    for name in tensors:
        if name.endswith(COUNTS) and name.removesuffix(COUNTS) not in sums:
            raise ImportanceError(f"{model.path}: {name} has no sums ({SUMS}) beside it")
    if not sums:
        raise ImportanceError(f"{model.path}: an importance matrix without sums ({SUMS}) of any tensor")
    known = {stem + suffix for stem in sums for suffix in (SUMS, COUNTS, PLAIN_SUMS)}
    return Importance(
        model.path,
        "gguf",
        sums,
        datasets=_datasets(model),
        chunk_count=_number(model, "chunk_count"),
        chunk_size=_number(model, "chunk_size"),
        others=[name for name in tensors if name not in known],
        close=model.close,
    )


def _sums(path: str, stem: str, sums: Tensor, counts: Tensor) -> Sums:
    """The sums of one matrix, checked.

    Raises:
        ImportanceError: They are not F32, or do not fit their counts; sums or counts that cannot be such.
    """
    for tensor in (sums, counts):
        if tensor.type != "F32":
            raise ImportanceError(f"{path}: {tensor.name} is {tensor.type}, not F32")
    n_matrices = counts.n_elements
    if not n_matrices or not sums.n_elements or sums.n_elements % n_matrices:
        raise ImportanceError(f"{path}: {stem} has {sums.n_elements} sums for {n_matrices} counts")
    shape = (n_matrices, sums.n_elements // n_matrices)

    def load() -> npt.NDArray[np.float32]:
        return checked_sums(path, stem, sums.dequantize().reshape(shape))

    tokens = widened(counts.dequantize().reshape(-1))
    if not np.isfinite(tokens).all() or (tokens < 0).any():
        raise ImportanceError(f"{path}: {counts.name} has a count that is negative or not finite")
    if load()[tokens == 0].any():
        raise ImportanceError(f"{path}: {stem} has sums where {counts.name} is 0")
    return Sums(stem, *shape, tokens, load)


def _datasets(model: Model) -> list[str]:
    """Names of the texts.

    Raises:
        ImportanceError: The key holds something else, or very many.
    """
    key = f"{_PREFIX}datasets"
    if key not in model.metadata:
        return []
    if model.metadata.kind(key) != "array[string]" or model.metadata.length(key) > _MOST_DATASETS:
        raise ImportanceError(f"{model.path}: key {key!r} is no list of at most {_MOST_DATASETS} names")
    return [str(name) for name in model.metadata[key]]


def _number(model: Model, name: str) -> int | None:
    """A number of the metadata, None where it has none.

    Raises:
        ImportanceError: The key holds something else.
    """
    value = model.metadata.get(_PREFIX + name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ImportanceError(f"{model.path}: key {_PREFIX + name!r} is no count")
