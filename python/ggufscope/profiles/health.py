"""Plain faults of the weights of a model: values that are no numbers, tensors that hold nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .profile_result import Profile
    from .rows import Row


@dataclass(frozen=True)
class Health:
    """The rows of a profile that deserve a look, in file order.

    Attributes:
        coverage: elements scanned / elements in the file.
        non_finite: tensors with NaN or Inf.
        zero: tensors whose finite values are all 0.
        constant: tensors of several elements, all the same and not 0.
        empty: tensors without elements.
    """

    coverage: float
    non_finite: list[Row]
    zero: list[Row]
    constant: list[Row]
    empty: list[Row]

    @classmethod
    def of(cls, profile: Profile) -> Health:
        rows = list(profile.tensors.values())
        return cls(
            coverage=profile.coverage,
            non_finite=[row for row in rows if row.nan_count + row.inf_count > 0],
            zero=[row for row in rows if row.abs_max == 0],
            constant=[row for row in rows if row.n_elements > 1 and row.abs_max and row.min == row.max],
            empty=[row for row in rows if row.n_elements == 0],
        )

    @property
    def sound(self) -> bool:
        """Whether every weight was read, is a finite number, and no tensor is all zeros."""
        return self.coverage == 1 and not self.non_finite and not self.zero
