"""`validate`: predicted against measured, and the fit of the weights."""

from __future__ import annotations

import datetime
import time
from os import PathLike
from typing import TYPE_CHECKING

from .._version import __version__
from ..analysis import Analysis
from ..errors import ValidationError
from ..models.subject import same_model, told_apart
from ..runtime.trace_result import Trace
from ..text.notebook_bar import with_notebook_bar
from .compare import compare
from .fit import fit_weights
from .matching import match
from .quantities import COMPARISONS
from .records import validation_document
from .sources import Sources
from .validation_document import ValidationRun
from .validation_result import Validation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..models.subject import Subject
    from .quantity_document import Quantity

Location = str | PathLike[str]


@with_notebook_bar("validate")
def validate(
    analysis: Location | Analysis,
    trace: Location | Trace,
    *,
    probe: Location | Trace | None = None,
    seed: int = 0,
    progress: Callable[[str, float], object] | None = None,
) -> Validation:
    """Put the predictions of an analysis to the test of a trace of the same model.

    Args:
        analysis: the static analysis, or the path of one (`analysis-report.json`, or the directory that holds it).
        trace: the measured activations, or the path of a saved trace.
        probe: a trace of a probe of the same model, to compare with; without it the preset `probe` of an analysis
            that was made with one.
        seed: of resamples and shuffles; the same seed gives the same numbers.
        progress: called as `progress(what, share)`; may raise to cancel. By default there is a bar in notebooks, and
            none elsewhere.

    Returns:
        The validation.

    Raises:
        ValidationError: The files are of different models, or it cannot be told that they are not; or the probe is no
            trace of one.
        AnalysisError: A malformed analysis.
        TraceError: A malformed trace.
        ValueError: A negative seed.
        OSError: A file cannot be read.

    Example:
        >>> import ggufscope as gs
        >>> validation = gs.validate("results", "trace.json")                                # doctest: +SKIP
        >>> heads = validation.quantities["head_entropy"].predictors                         # doctest: +SKIP
        >>> [(predictor.name, predictor.spearman) for predictor in heads]               # doctest: +SKIP
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be an integer, 0 or more, not {seed!r}")
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    # As saved: shares of counts are ties that the last digits of means would break, and a verdict with them.
    static = analysis.as_saved() if isinstance(analysis, Analysis) else Analysis.load(analysis)
    measured = trace.as_saved() if isinstance(trace, Trace) else Trace.load(trace)
    probed = probe if probe is None else probe.as_saved() if isinstance(probe, Trace) else Trace.load(probe)
    _check(static, measured, probed)
    sources = Sources(static, probed, measured.document.model.n_heads, match(measured, probed))
    quantities = list(_quantities(measured, sources, seed, progress))
    if progress is not None:
        progress("weights", len(COMPARISONS) / (len(COMPARISONS) + 1))
    fit = fit_weights(measured, seed)
    run = ValidationRun(__version__, started.isoformat(timespec="seconds"), round(time.perf_counter() - clock, 3))
    return Validation(validation_document(sources, measured, quantities, fit, seed=seed, run=run))


def _quantities(
    trace: Trace, sources: Sources, seed: int, progress: Callable[[str, float], object] | None
) -> Iterator[Quantity]:
    """Every comparison, one after the other."""
    for number, comparison in enumerate(COMPARISONS):
        if progress is not None:
            progress(comparison.label, number / (len(COMPARISONS) + 1))
        yield compare(comparison, trace, sources, seed)


def _check(analysis: Analysis, trace: Trace, probe: Trace | None) -> None:
    """Make sure that analysis, trace and probe are of one model.

    Raises:
        ValidationError: They are not.
    """
    static, measured = analysis.document.model, trace.document.model
    if static.identity is None:
        raise ValidationError(
            f"the analysis of {static.title!r} does not know which model file it is of (it was made from a Phase 1"
            " profile): analyze the model itself"
        )
    _refuse_another("analysis", static, measured)
    if not trace.document.prompts:
        raise ValidationError("the trace holds no prompt")
    if probe is None:
        return
    if probe.document.settings.source != "probe":
        raise ValidationError("the probe is a trace of a text or of prompts, neither of own words nor of random tokens")
    _refuse_another("probe", probe.document.model, measured)
    _refuse_another("probe", probe.document.model, static, "analysis")


def _refuse_another(what: str, other: Subject, model: Subject, beside: str = "trace") -> None:
    """Raise ValidationError where two results are of different models."""
    if not same_model(other, model):
        mark, expected = told_apart(other, model)
        raise ValidationError(
            f"of different models: the {what} is of {other.title!r} ({mark}), the {beside} of {model.title!r}"
            f" ({expected})"
        )
