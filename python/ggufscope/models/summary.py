"""What a profile says about the model itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .notes import notes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Model, Tensor


@dataclass(frozen=True)
class ModelSummary:
    """A model without its weights; says nothing about where its files lie or what they are called.

    Attributes:
        name: `general.name`, None where the file has none.
        architecture: `general.architecture`.
        file_type: the type or mix the file declares (`"Q4_K_M"`); a label, `types` is what is there.
        synthetic: whether the weights are made up, as `ggufscope synth` marks them.
        identity: hash of the tensor table and of samples of every tensor.
        file_sizes: bytes of each file.
        n_tensors: tensors in the table.
        n_elements: elements of all tensors, the parameters.
        n_bytes: bytes of all tensors.
        bits_per_weight: stored bits per element; None without elements.
        types: type → number of tensors, elements and bytes.
        type_map: role → type → layers whose tensor of that role has the type; [] outside the layers.
        sizes: tensors, elements and bytes of each role, and their shares of the model's; the most bytes first. Role
            None holds the tensors whose names say nothing. A share of nothing is None.
        file_hashes: `"sha256:…"` of each whole file; None where nobody asked for them.
        general_type: `general.type`, as `"adapter"`; None where the file has none, or the profile is from before it.
        notes: peculiarities of the file and of its layers, see `models.notes`; None of a profile from before them.
    """

    name: str | None
    architecture: str | None
    file_type: str | None
    synthetic: bool
    identity: str
    file_sizes: list[int]
    n_tensors: int
    n_elements: int
    n_bytes: int
    bits_per_weight: float | None
    types: dict[str, dict[str, int]]
    type_map: dict[str, dict[str, list[int]]]
    sizes: list[dict[str, Any]] = field(default_factory=list)
    file_hashes: list[str] | None = None
    general_type: str | None = None
    notes: list[str] | None = None

    @classmethod
    def of(cls, model: Model, file_hashes: list[str] | None = None) -> ModelSummary:
        """The summary of an open model.

        Args:
            model: the file.
            file_hashes: of its files, as `sha256sum` has them; None where nobody asked for them.
        """
        return cls(
            name=model.name,
            architecture=model.architecture,
            file_type=model.file_type,
            synthetic=model.synthetic,
            identity=model.identity,
            file_sizes=list(model.file_sizes),
            n_tensors=len(model.tensors),
            n_elements=model.n_parameters,
            n_bytes=model.n_bytes,
            bits_per_weight=model.bits_per_weight,
            types=_types(model),
            type_map=_type_map(model),
            sizes=_sizes(model),
            file_hashes=file_hashes,
            general_type=model.general_type,
            notes=notes_of(model),
        )


def _types(model: Model) -> dict[str, dict[str, int]]:
    """Types by the bytes they take, the most first."""
    sums = _sums(model, lambda tensor: tensor.type)
    return {str(name): sizes for name, sizes in sums.items()}


def _sizes(model: Model) -> list[dict[str, Any]]:
    return [
        {
            "role": role,
            **sizes,
            "element_share": sizes["n_elements"] / model.n_parameters if model.n_parameters else None,
            "byte_share": sizes["n_bytes"] / model.n_bytes if model.n_bytes else None,
        }
        for role, sizes in _sums(model, lambda tensor: tensor.role).items()
    ]


def _sums(model: Model, key: Callable[[Tensor], str | None]) -> dict[str | None, dict[str, int]]:
    """Tensors, elements and bytes of each key, the most bytes first."""
    sums: dict[str | None, dict[str, int]] = {}
    for tensor in model.tensors.values():
        sizes = sums.setdefault(key(tensor), {"n_tensors": 0, "n_elements": 0, "n_bytes": 0})
        sizes["n_tensors"] += 1
        sizes["n_elements"] += tensor.n_elements
        sizes["n_bytes"] += tensor.n_bytes
    return dict(sorted(sums.items(), key=lambda item: (-item[1]["n_bytes"], item[0] or "")))


def _type_map(model: Model) -> dict[str, dict[str, list[int]]]:
    layers_of: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for tensor in model.tensors.values():
        if tensor.role is not None:
            layers_of[tensor.role][tensor.type] |= set() if tensor.layer is None else {tensor.layer}
    return {role: {type_: sorted(layers) for type_, layers in types.items()} for role, types in layers_of.items()}
