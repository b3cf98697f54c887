"""`analyze`: every step of the static analysis, in order."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from .._version import __version__
from ..arrays.arguments import thread_count
from ..models.subject import same_model
from ..runtime import Trace
from ..text.notebook_bar import with_notebook_bar
from .analysis_document import AnalysisRun
from .analysis_result import Analysis
from .exact_openings import exact_openings
from .index.ranking import Ranking, rank_layers
from .index.risk import is_gauge_invariant
from .inputs.gauge import EXPLANATIONS
from .inputs.read_input import AnalysisInput, AnalysisSource, read_input
from .presets.choosing import Probing, chosen_presets
from .presets.heuristic import NAME as HEURISTIC
from .presets.registry import PRESETS, Preset, PresetInput
from .records import analysis_document
from .settings import USUAL_OPENING, AnalysisSettings, make_settings
from .standout_search import search_standouts
from .verdicts.hypotheses import HYPOTHESES
from .verdicts.invariant_risk import invariant_risk
from .verdicts.judging import Context, judge
from .verdicts.last_layer import LastLayer, judge_last_layer, other_indices

if TYPE_CHECKING:
    from ..profiles.profile_result import Profile
    from ..runtime import Plan
    from ..runtime.reading.probes import AskedProbe
    from .verdicts.findings import Finding


@with_notebook_bar("analyze")
def analyze(
    source: AnalysisSource,
    *,
    weights: Mapping[str, float] | str | PathLike[str] | None = None,
    preset: str | None = None,
    norm: str = "mean",
    scale: str = "minmax",
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    seed: int = 0,
    probe: AskedProbe | Trace | None = None,
    opening: int = USUAL_OPENING,
    profile: Profile | None = None,
    announce: Callable[[Plan], object] | None = None,
    ablate: bool = False,
) -> Analysis:
    """Static analysis: a structural risk index per layer, six hypotheses, and what each finding is worth.

    Args:
        source: path of a GGUF model (any file of a split one), of a saved profile or of a Phase 1 weight profile; or an
            open model, or a profile. What only the weights can tell (exact invariant products) needs a model.
        weights: of the components: a mapping, a text `"entropy=2,dominance=1"` or the path of a TOML file; 0.25 each by
            default. What is not named weighs nothing.
        preset: run this one alone; by default all that fit the input. The heuristic one leads, the first in every
            output, but where the model reads its own words: then it is what was measured there.
        norm: scale of a gain vector, `"mean"` or `"rms"`.
        scale: of a component over the layers, `"minmax"` or `"rank"`.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)` for every pass over a model; may raise to cancel. By
            default there is a bar in notebooks, and none elsewhere.
        seed: of all draws; the same seed gives the same numbers.
        probe: let the model read a probe, and take what is measured in place of what propagation predicts: `"own"`,
            what it writes itself; `"random"`, random tokens in the shape of prompts; or a number of those in one piece,
            as for `ggufscope.trace`. No text is needed, and the model has to be one that `ggufscope.trace` runs. Or
            the trace of one that it read already: then there is what propagation predicts, too.
        opening: tokens that the model writes of each exact opening that propagation builds on (docs/propagation.md);
            0: none, all tokens are taken as Gaussian. A model that cannot be run has none, which a note says.
        profile: of the model, where there is one already: it is not computed again, but where gate and up share a
            tensor that the profile does not take apart, being from an earlier version.
        announce: called with the plan of a probe, or of openings, before the model runs.
        ablate: count each super weight that is found as zero, and see what that does to the next token on openings and
            on the probe.

    Returns:
        The analysis.

    Raises:
        ValueError: A choice that is none; the message lists them. A probe, or a profile beside, or `ablate`, without a
            model.
        TraceError: The model cannot be run for a probe; the message says why.
        GGUFError: A malformed model.
        ProfileError: A malformed profile, one of another model, or a file without the layers of a language model.
        OSError: A file cannot be read.

    Example:
        >>> import ggufscope as gs
        >>> analysis = gs.analyze("model.gguf")                                     # doctest: +SKIP
        >>> analysis.layers["risk"].argmax(), analysis.hypotheses["H3"].verdict     # doctest: +SKIP
    """
    asked, probed = (None, probe) if isinstance(probe, Trace) else (probe, None)
    settings = make_settings(weights, norm, scale, preset, seed, asked, opening, ablate=ablate)
    return analyze_with(
        settings, source, threads=threads, progress=progress, profile=profile, announce=announce, probed=probed
    )


def analyze_with(
    settings: AnalysisSettings,
    source: AnalysisSource,
    *,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    profile: Profile | None = None,
    presets: Mapping[str, Preset] = PRESETS,
    announce: Callable[[Plan], object] | None = None,
    probed: Trace | None = None,
) -> Analysis:
    """The analysis by settings that were checked before; see `analyze`.

    Args:
        settings: the choices.
        source: of the numbers.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)` for every pass over a model; may raise to cancel.
        profile: of the model, where there is one already.
        presets: to choose from, the registered ones.
        announce: called with the plan of a probe, or of openings, before the model runs.
        probed: a trace of a probe that the model read already.
    """
    n_threads = thread_count(threads)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with read_input(source, n_threads, progress, profile) as analysed:
        if settings.ablate and analysed.model is None:
            raise ValueError("to ablate weights takes the model itself, not a profile of it")
        has_model, probing = analysed.model is not None, _probing(settings, probed)
        chosen = chosen_presets(presets, settings.preset, has_model=has_model, probing=probing)
        _check_probe(probed, analysed)
        exact = exact_openings(analysed.model, settings, threads=n_threads, announce=announce, progress=progress)
        preset_input = PresetInput(
            table=analysed.table,
            norm=settings.norm,
            model=analysed.model,
            threads=n_threads,
            progress=progress,
            probe=settings.probe,
            seed=settings.seed,
            announce=announce,
            probed=probed,
            openings=exact.openings,
            no_openings=exact.reason,
        )
        rankings = {preset.name: rank_layers(preset, preset_input, settings) for preset in chosen}
        standouts, embedding = search_standouts(
            analysed, settings, rankings, exact, probed, threads=n_threads, progress=progress, announce=announce
        )
    basis = _basis(analysed, rankings, settings, presets)
    hypotheses = _findings(analysed, rankings, basis, settings)
    run = AnalysisRun(__version__, started.isoformat(timespec="seconds"), round(time.perf_counter() - clock, 3))
    document = analysis_document(
        analysed,
        settings,
        rankings,
        basis=basis,
        hypotheses=hypotheses,
        presets=presets,
        run=run,
        standouts=standouts,
        embedding=embedding,
    )
    return Analysis(document, analysed.profile)


def _probing(settings: AnalysisSettings, probed: Trace | None) -> Probing | None:
    """The probe that was asked for, or read already."""
    if probed is not None:
        return Probing(probed.document.settings.probe_kind, is_read=True)
    return None if settings.probe is None else Probing(settings.probe.kind)


def _check_probe(probed: Trace | None, analysed: AnalysisInput) -> None:
    """Make sure that what was read already is a probe, and of the model that is analysed.

    Raises:
        ValueError: It is not.
    """
    if probed is None:
        return
    if probed.document.settings.source != "probe":
        raise ValueError("the probe is a trace of a text or of prompts, neither of own words nor of random tokens")
    if not same_model(probed.document.model, analysed.subject):
        raise ValueError(f"the probe is of another model, {probed.document.model.title!r}")


def _basis(
    analysed: AnalysisInput, rankings: Mapping[str, Ranking], settings: AnalysisSettings, presets: Mapping[str, Preset]
) -> Ranking:
    """The heuristic preset's ranking: the hypotheses are about its scores, whichever presets were asked for."""
    if HEURISTIC in rankings:
        return rankings[HEURISTIC]
    return rank_layers(presets[HEURISTIC], PresetInput(analysed.table, settings.norm), settings)


def _findings(
    analysed: AnalysisInput, rankings: Mapping[str, Ranking], basis: Ranking, settings: AnalysisSettings
) -> list[Finding]:
    """The verdicts on H1 to H6, all by the scores of the study."""
    context = Context(analysed.table, basis.scores.series, basis.confounds, analysed.gauge)
    others = other_indices({name: ranking for name, ranking in rankings.items() if name != HEURISTIC})
    last_layer = judge_last_layer(_last_layer(analysed, basis, settings), others)
    return [*(judge(hypothesis, context) for hypothesis in HYPOTHESES), last_layer]


def _last_layer(analysed: AnalysisInput, basis: Ranking, settings: AnalysisSettings) -> LastLayer:
    """The facts that H6 is judged by."""
    gauge, sparsity = analysed.gauge, basis.scores.series["value_sparsity"]
    invariant = invariant_risk(gauge, sparsity, settings.weights, settings.scale)
    missing = [name for name, values in gauge.products.items() if not np.isfinite(values).all()]
    unknown = f"{', '.join(missing)} not known on every layer" if missing else EXPLANATIONS[gauge.exactness]
    usable = gauge.decides and not missing and not gauge.scale_free and bool(invariant.weights)
    return LastLayer(
        risk=basis.risk,
        draws=basis.draws,
        without_confounded=basis.without_confounded,
        flagged=basis.excluded,
        not_separable=basis.not_separable,
        is_invariant=is_gauge_invariant(basis.risk, basis.scores.series),
        invariant=invariant if usable else None,
        why_not_invariant="; ".join(gauge.scale_free.values()) or unknown,
        seed=settings.seed,
    )
