"""The outcome of a run over a fleet: counts, and a line for every model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import FleetError
from ..report.content.shelf_data import VERDICTS
from ..saving.form import SavedForm
from .record import ModelFacts  # noqa: TC001  pydantic resolves the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = "ggufscope.fleetrun/1"
Outcome = Literal["measured", "kept", "failed", "failed before"]
OUTCOMES: tuple[Outcome, ...] = ("measured", "kept", "failed", "failed before")


@dataclass(frozen=True)
class FleetModel:
    """A model in a run.

    Attributes:
        outcome: `"measured"` or `"failed"` in this run, `"kept"` from an earlier one, or `"failed before"` in one and
            not tried again.
        facts: the model in a line.
    """

    outcome: Outcome
    facts: ModelFacts


@dataclass(frozen=True)
class FleetDocument:
    """A run over a fleet.

    Attributes:
        schema: of this document.
        directory: where the results are.
        shard: that was run, as `"3/16"`; None for all models.
        n_listed: models that the inputs name, of all shards.
        n_models: of this run, the sum of `outcomes` and of `verdicts`.
        outcomes: how many of each.
        verdicts: how many of each.
        models: all of them, in the order of the inputs.
    """

    schema: str
    directory: str
    shard: str | None
    n_listed: int
    n_models: int
    outcomes: dict[str, int]
    verdicts: dict[str, int]
    models: list[FleetModel]

    @classmethod
    def of(cls, directory: str, shard: str | None, n_listed: int, models: Iterable[FleetModel]) -> FleetDocument:
        """A run over these models, counted."""
        models = list(models)
        outcomes = Counter[str](each.outcome for each in models)
        verdicts = Counter[str](each.facts.verdict for each in models)
        return cls(
            SCHEMA,
            directory,
            shard,
            n_listed,
            len(models),
            {each: outcomes[each] for each in OUTCOMES},
            {each: verdicts[each] for each in VERDICTS},
            models,
        )


FLEET_FORM: SavedForm[FleetDocument] = SavedForm(
    kind="a run over a fleet",
    noun="run over a fleet",
    schema=SCHEMA,
    types=lambda: FleetDocument,
    error=FleetError,
    digits=None,
    checked_when_written=False,
)
