"""The plan of a synthetic file: its tensors and their types, before a byte of it is written."""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from ..text.choices import offered
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
class ModelPlan:
    """A synthetic model: its shape, types and seed.

    Attributes:
        shape: hyperparameters, with the layers asked for.
        mix: the file type.
        seed: of all random numbers.
        tensors: in file order.
        hard: whether codes are random and scales have heavy tails.
    """

    shape: Shape
    mix: Mix
    seed: int
    tensors: list[TypedTensor]
    hard: bool = False

    @cached_property
    def n_parameters(self) -> int:
        return sum(typed.tensor.n_elements for typed in self.tensors)

    @cached_property
    def n_bytes(self) -> int:
        """Bytes of all tensors, without header and padding."""
        return sum(typed.n_bytes for typed in self.tensors)

    def type_counts(self) -> dict[str, int]:
        """Number of tensors of each type, the most frequent first."""
        return dict(Counter(typed.type_name for typed in self.tensors).most_common())

    def replacements(self) -> dict[tuple[str, str], int]:
        """Number of tensors whose wanted type became another, by (wanted, fitting)."""
        return dict(Counter((typed.replaced, typed.type_name) for typed in self.tensors if typed.replaced))


def make_plan(
    shape: str,
    type: str = "Q4_K_M",  # noqa: A002
    *,
    seed: int = 0,
    layers: int | None = None,
    pure: bool = False,
    hard: bool = False,
) -> ModelPlan:
    """Plan a synthetic model.

    Args:
        shape: a name in `SHAPES`.
        type: a file type (`Q4_K_M`) or a tensor type (`Q4_K`, then all weight matrices have it).
        seed: of all random numbers; the same seed gives the same bytes.
        layers: number of layers instead of the shape's own.
        pure: one type throughout for file types too.
        hard: random codes and heavy-tailed scales in place of quantized Gaussian weights.

    Raises:
        ValueError: unknown shape or type (the message lists the choices), or a number out of range.
    """
    if shape.lower() not in SHAPES:
        raise ValueError(f"unknown shape {shape!r}; choose one of: {offered(shape, SHAPES)}")
    if layers is not None and not 1 <= layers <= MOST_LAYERS:
        raise ValueError(f"layers must be from 1 to {MOST_LAYERS}, not {layers}")
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"the seed must be from 0 to {LARGEST_SEED}, not {seed}")
    planned = SHAPES[shape.lower()]
    planned = dataclasses.replace(planned, layers=layers or planned.layers)
    mix = find_mix(type, pure=pure)
    return ModelPlan(planned, mix, seed, [_typed(mix, planned, tensor) for tensor in planned_tensors(planned)], hard)


def _typed(mix: Mix, shape: Shape, tensor: PlannedTensor) -> TypedTensor:
    wanted = wanted_type(mix, shape, tensor)
    fitting = fallback_type(wanted, tensor.dimensions[-1])
    return TypedTensor(tensor, fitting, wanted if wanted != fitting else None)
