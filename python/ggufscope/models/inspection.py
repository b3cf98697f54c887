"""A description of a file from its header alone: types by role, declared against actual type, imatrix.

Nothing here reads tensor data, and metadata arrays are read only as far as they are shown.
"""

import math
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..loading import lazy
from ..text.numbers import counted
from .factor import Factor
from .factors import scales_inputs
from .file_types import file_type_of
from .model import Model
from .notes import notes_of
from .remarks import remarks_of
from .role_types import roles_of
from .stacks import MAIN
from .tokenizer_facts import tokenizer_facts

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazy("numpy")

_IMATRIX_PREFIX = "quantize.imatrix."
_MOST_IMATRIX_KEYS = 16  # llama.cpp writes four
_ARRAY_HEAD = 8


def factors_text(model: Model) -> str | None:
    """How many matrices have factors beside them, of their weights and of what goes into them; None without any."""
    factored = [tensor for tensor in model.tensors.values() if tensor.factor is not None]
    inputs = [tensor for tensor in model.tensors.values() if scales_inputs(tensor)]
    parts = []
    if factored:
        roles = ", ".join(dict.fromkeys(str(tensor.role or tensor.name) for tensor in factored))
        parts.append(f"beside {counted(len(factored), 'tensor')}, part of the weights: {roles}")
    if inputs:
        parts.append(f"{len(inputs)} of activations, which change no weight")
    return "; ".join(parts) or None


def imatrix_of(model: Model) -> dict[str, Any]:
    """The first keys by which llama.cpp's quantizer records an importance matrix, without prefix; empty if none."""
    keys = (key for key in model.metadata if key.startswith(_IMATRIX_PREFIX))
    return {
        key.removeprefix(_IMATRIX_PREFIX): shown_value(model.metadata.head(key, _ARRAY_HEAD))
        for key in islice(keys, _MOST_IMATRIX_KEYS)
    }


TENSOR_COLUMNS = (
    "name",
    "type",
    "shape",
    "layer",
    "role",
    "n_elements",
    "n_bytes",
    "bits_per_weight",
    "offset",
    "file",
    "kind",
    "factor",
    "source",
)


def tensor_rows(model: Model) -> list[dict[str, Any]]:
    """The tensor table: one row each, of TENSOR_COLUMNS."""
    rows = [{column: getattr(tensor, column) for column in TENSOR_COLUMNS} for tensor in model.tensors.values()]
    named = ({"factor": factor_name(row["factor"]), "source": source_name(row["source"])} for row in rows)
    return [row | {"shape": list(row["shape"])} | names for row, names in zip(rows, named, strict=True)]


def source_name(source: Sequence[str]) -> str | None:
    """The tensor of a checkpoint that one is made of, or the first and how many more; None of a GGUF file's."""
    if not source:
        return None
    return source[0] if len(source) == 1 else f"{source[0]} and {len(source) - 1} more"


def factor_name(factor: Factor | None) -> str | None:
    """The name of the tensor that holds a factor."""
    return None if factor is None else factor.tensor.name


def shown_value(value: Any) -> Any:
    """A metadata value as JSON can hold it: arrays as lists, non-finite numbers by name."""
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, list):
        return [shown_value(element) for element in value]
    if isinstance(value, np.ndarray):
        # There is nothing to look for among integers, of which there may be millions.
        return shown_value(value.tolist()) if value.dtype.kind == "f" else value.tolist()
    return value


def to_json(model: Model, tensors: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything `inspect` knows, as plain data; arrays of the metadata with their first entries only."""
    file_type, roles, tokenizer = file_type_of(model), roles_of(model), tokenizer_facts(model)
    return {
        "schema": "ggufscope.inspect/1",
        "model": {
            "files": [
                {"path": path, "n_bytes": size} for path, size in zip(model.files, model.file_sizes, strict=True)
            ],
            "name": model.name,
            "architecture": model.architecture,
            "synthetic": model.synthetic,
            "type": model.general_type,
            "n_layers": len(model.layers),
            "stacks": {stack or MAIN: len(layers) for stack, layers in model.stacks.items()},
            "n_tensors": len(model.tensors),
            "n_parameters": model.n_parameters,
            "n_bytes": model.n_bytes,
            "bits_per_weight": model.bits_per_weight,
        },
        "format": {
            "name": "safetensors" if model.is_checkpoint else "GGUF",  # the rest is of the GGUF file that is seen
            "version": model.format_version,
            "byte_order": model.byte_order,
            "alignment": model.alignment,
        },
        "file_type": {
            "declared": file_type.declared,
            "actual": file_type.actual,
            "agrees": file_type.agrees,
            "fallbacks": file_type.fallbacks,
            "fallback_rows": file_type.rows,
        },
        "imatrix": imatrix_of(model) or None,
        "notes": notes_of(model),
        "remarks": remarks_of(model, roles),
        "tokenizer": None if tokenizer is None else tokenizer.to_json(),
        "roles": [
            {
                "role": summary.role,
                "types": summary.types,
                "n_tensors": summary.n_tensors,
                "n_parameters": summary.n_parameters,
                "n_bytes": summary.n_bytes,
                "bits_per_weight": summary.bits_per_weight,
            }
            for summary in roles
        ],
        "metadata": {key: metadata_entry(model, key) for key in model.metadata},
        "tensors": tensors,
    }


def metadata_entry(model: Model, key: str, limit: int | None = _ARRAY_HEAD) -> dict[str, Any]:
    """Kind and value of a key; of a longer array `head`, its first entries, and its length."""
    kind, length = model.metadata.kind(key), model.metadata.length(key)
    if limit is None:
        return {"kind": kind, "value": shown_value(model.metadata[key])}
    value = shown_value(model.metadata.listed(key, limit))
    if not kind.startswith("array") or length <= limit:
        return {"kind": kind, "value": value}
    return {"kind": kind, "length": length, "head": value}
