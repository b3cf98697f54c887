"""What a synthetic file will contain, before a byte of it is written."""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from .mixes import Mix, fallback_type, find_mix, wanted_type
from .shapes import SHAPES, PlannedTensor, Shape, planned_tensors
from .weights import n_bytes

MOST_LAYERS = 1024
LARGEST_SEED = 2**64 - 1


@dataclass(frozen=True)
class TypedTensor:
    """A tensor and its type; `replaced` is the type it would have if that type's block divided a row."""

    tensor: PlannedTensor
    type_name: str
    replaced: str | None

    @property
    def n_bytes(self) -> int:
        return n_bytes(self.tensor, self.type_name)


@dataclass(frozen=True)
class Plan:
    """A synthetic model: its shape, types and seed.

    Attributes:
        shape: hyperparameters, with the layers asked for.
        mix: the file type.
        seed: of all random numbers.
        tensors: in file order.
    """

    shape: Shape
    mix: Mix
    seed: int
    tensors: list[TypedTensor]

    @cached_property
    def n_parameters(self) -> int:
        return sum(entry.tensor.n_elements for entry in self.tensors)

    @cached_property
    def n_bytes(self) -> int:
        """Bytes of all tensors, without header and padding."""
        return sum(entry.n_bytes for entry in self.tensors)

    def type_counts(self) -> dict[str, int]:
        """Number of tensors of each type, the most frequent first."""
        return dict(Counter(entry.type_name for entry in self.tensors).most_common())

    def replacements(self) -> dict[tuple[str, str], int]:
        """Number of tensors whose wanted type became another, by (wanted, given)."""
        return dict(Counter((entry.replaced, entry.type_name) for entry in self.tensors if entry.replaced))


def make_plan(
    shape: str,
    type: str = "Q4_K_M",  # noqa: A002
    *,
    seed: int = 0,
    layers: int | None = None,
    pure: bool = False,
) -> Plan:
    """Plan a synthetic model.

    Args:
        shape: a name in `SHAPES`.
        type: a file type (`Q4_K_M`) or a tensor type (`Q4_K`, then all weight matrices have it).
        seed: of all random numbers; the same seed gives the same bytes.
        layers: number of layers instead of the shape's own.
        pure: one type throughout for file types too.

    Raises:
        ValueError: unknown shape or type (the message lists the choices), or a number out of range.
    """
    if shape.lower() not in SHAPES:
        raise ValueError(f"unknown shape {shape!r}; choose one of: {', '.join(SHAPES)}")
    if layers is not None and not 1 <= layers <= MOST_LAYERS:
        raise ValueError(f"layers must be from 1 to {MOST_LAYERS}, not {layers}")
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"the seed must be from 0 to {LARGEST_SEED}, not {seed}")
    found = SHAPES[shape.lower()]
    found = dataclasses.replace(found, layers=layers or found.layers)
    mix = find_mix(type, pure=pure)
    return Plan(found, mix, seed, [_typed(mix, found, tensor) for tensor in planned_tensors(found)])


def _typed(mix: Mix, shape: Shape, tensor: PlannedTensor) -> TypedTensor:
    wanted = wanted_type(mix, shape, tensor)
    given = fallback_type(wanted, tensor.dimensions[-1])
    return TypedTensor(tensor, given, wanted if wanted != given else None)
