"""The data of a shelf: many models that were measured, each a row, with the rows of their roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ...profiles.profile_result import Profile

VERDICTS = ("sound", "warnings", "errors", "failed")
VERDICT_WORDS = {"sound": "sound", "warnings": "with warnings", "errors": "not sound", "failed": "failed"}


@dataclass(frozen=True)
class RoleSpread:
    """How many outliers the tensors of a role have, over the models of a shelf.

    Attributes:
        role: of the tensors.
        n_models: that have it.
        least: the least `outlier_fraction_6` of them.
        median: of them; of two in the middle the lower.
        most: the largest.
        model: that has it.
    """

    role: str
    n_models: int
    least: float
    median: float
    most: float
    model: str


@dataclass(frozen=True, eq=False)
class Shelf:
    """Many models.

    Attributes:
        name: of the directory.
        models: column → value of each model, as in its table; the largest first, those that failed last.
        roles: column → value of each role of each model.
        spreads: of the roles that have outliers counted, the most bytes first.
        profile_of: reads the profile of a model, by its `model`.
        paged: whether pages of the models stand beside the report, for links to lead to.
    """

    name: str
    models: Sequence[Mapping[str, Any]]
    roles: Sequence[Mapping[str, Any]]
    spreads: Sequence[RoleSpread]
    profile_of: Callable[[str], Profile]
    paged: bool = True

    @property
    def measured(self) -> list[Mapping[str, Any]]:
        """The models that have profiles, and pages of their own beside that of the shelf."""
        return [row for row in self.models if row["state"] == "measured"]

    def count(self, verdict: str) -> int:
        """How many models have a verdict."""
        return sum(row["verdict"] == verdict for row in self.models)
