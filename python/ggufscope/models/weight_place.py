"""The place of one weight, as people write it: `blk.11.ffn_down.weight[507,1229]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from .model import Model

_FORM = re.compile(r"(?P<name>.+)\[(?P<index>\d{1,15}(?: *, *\d{1,15})*)\]", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class WeightPlace:
    """A tensor's name, and an index in its shape in NumPy's order: (expert,) row, column."""

    tensor: str
    index: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that a text names.

        Raises:
            ValueError: It has another form.

        >>> WeightPlace.parse("blk.11.ffn_down.weight[507,1229]")
        WeightPlace(tensor='blk.11.ffn_down.weight', index=(507, 1229))
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"a weight is named as blk.11.ffn_down.weight[507,1229], not as {text!r}")
        return cls(match["name"], tuple(int(number) for number in match["index"].split(",")))

    def require(self, model: Model) -> None:
        """Make sure that a model has the weight.

        Raises:
            ValueError: It has no such tensor, or the tensor no such place.
        """
        try:
            shape = model.tensors[self.tensor].shape
        except KeyError as unknown:
            raise ValueError(str(unknown.args[0])) from None
        if len(shape) != len(self.index):
            count = "number" if len(shape) == 1 else "numbers"
            raise ValueError(f"{self}: {self.tensor} has the shape {shape}, a place in it {len(shape)} {count}")
        if any(at >= extent for at, extent in zip(self.index, shape, strict=True)):
            raise ValueError(f"{self} is outside of the tensor, whose shape is {shape}")

    def row_in(self, shape: tuple[int, ...]) -> int:
        """The row, counted over all leading dimensions."""
        return int(np.ravel_multi_index(self.index[:-1], shape[:-1])) if len(shape) > 1 else 0

    @property
    def column(self) -> int:
        return self.index[-1]

    def __str__(self) -> str:
        return f"{self.tensor}[{','.join(map(str, self.index))}]"
