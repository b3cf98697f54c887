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
        beyond_float32: tensors with finite F64 that float32 cannot hold; they are in no other statistic.
        factored: matrices whose weights were multiplied by the factors beside them.
        unusable_factors: those of them with a factor that is 0, NaN or Inf.
        left_out_factors: tensors with factors, in a profile of the blocks as stored.
        tables: tensors of integers, which are no weights.
    """

    coverage: float
    non_finite: list[Row]
    zero: list[Row]
    constant: list[Row]
    empty: list[Row]
    beyond_float32: list[Row]
    factored: list[Row]
    unusable_factors: list[Row]
    left_out_factors: list[Row]
    tables: list[Row]

    @classmethod
    def of(cls, profile: Profile) -> Health:
        everything = list(profile.tensors.values())
        rows = [row for row in everything if row.kind in {"matrix", "vector"}]
        factored = [row for row in rows if row.factor is not None]
        factors = [row for row in everything if row.kind == "factor" and not str(row.role).endswith(".input_scale")]
        return cls(
            coverage=profile.coverage,
            beyond_float32=[row for row in everything if row.get("beyond_float32_count")],
            factored=factored,
            unusable_factors=[row for row in factored if not all(row.factor)],
            left_out_factors=factors if profile.settings.stored else [],
            tables=[row for row in everything if row.kind == "table"],
            non_finite=[row for row in rows if row.nan_count + row.inf_count > 0],
            zero=[row for row in rows if row.abs_max == 0],
            constant=[row for row in rows if row.n_elements > 1 and row.abs_max and row.min == row.max],
            empty=[row for row in rows if row.n_elements == 0],
        )

    @property
    def sound(self) -> bool:
        """Whether every weight was read, is a finite number, and no tensor is all zeros."""
        return self.coverage == 1 and not self.non_finite and not self.zero
