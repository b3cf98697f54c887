"""The exact openings of an analysis, read once for everything that builds on them, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..architecture.limits import NotApplicableError
from .presets.propagated import NAME as PROPAGATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.model import Model
    from ..runtime import Plan
    from ..runtime.openings import Openings
    from .settings import AnalysisSettings


@dataclass(frozen=True, eq=False)
class ExactOpenings:
    """Openings, or the reason why there are none; neither where nothing asked for them so far."""

    openings: Openings | None
    reason: str | None


def exact_openings(
    model: Model | None,
    settings: AnalysisSettings,
    *,
    threads: int,
    announce: Callable[[Plan], object] | None,
    progress: Callable[[int, int], object] | None,
) -> ExactOpenings:
    """Let the model write and read openings, where that is asked for and something builds on it."""
    reason = _why_not(model, settings)
    if model is None or reason is not None or not _wanted(settings):
        return ExactOpenings(None, reason)
    from ..runtime.openings import read_openings  # noqa: PLC0415 - engines only where they are needed

    n_bytes = model.n_bytes
    try:
        openings = read_openings(
            model,
            written=settings.opening,
            seed=settings.seed,
            induction=True,
            threads=threads,
            announce=announce,
            progress=None if progress is None else lambda _, share: progress(int(share * n_bytes), n_bytes),
        )
    except NotApplicableError as limit:
        return ExactOpenings(None, str(limit))
    return ExactOpenings(openings, None)


def _why_not(model: Model | None, settings: AnalysisSettings) -> str | None:
    if model is None:
        return "the model itself is needed, and the input is a profile"
    return "no opening was asked for" if settings.opening == 0 else None


def _wanted(settings: AnalysisSettings) -> bool:
    """Whether propagation, which builds on them, is to run."""
    return settings.probe is None and settings.preset in {None, PROPAGATION}
