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
from .analysis_document import (
    SCHEMA,
    Agreement,
    AnalysedModel,
    AnalysisDocument,
    ApplicabilityRecord,
    RunRecord,
    RunSettings,
)
from .analysis_result import Analysis
from .index.confound import PERMUTATIONS
from .index.ranking import Ranking, agreement, rank_layers
from .index.risk import is_gauge_invariant
from .index.sensitivity import DRAWS
from .index.trends import RESAMPLES
from .inputs.gauge import EXPLANATIONS
from .inputs.read_input import AnalysisInput, Source, read_input
from .presets.heuristic import NAME as HEURISTIC
from .presets.registry import PRESETS, Preset, PresetInput
from .records import confound_record, gauge_record, preset_summary
from .settings import Settings, make_settings
from .verdicts.applicability import applicability, warnings
from .verdicts.hypotheses import HYPOTHESES
from .verdicts.invariant_risk import invariant_risk
from .verdicts.judging import Context, judge
from .verdicts.last_layer import LastLayer, judge_last_layer
from .wording import PREMISES_ONLY, STATEMENT

if TYPE_CHECKING:
    from ..profiles.profile_result import Profile
    from .verdicts.findings import Finding


def analyze(
    source: Source,
    *,
    weights: Mapping[str, float] | str | PathLike[str] | None = None,
    preset: str | None = None,
    norm: str = "mean",
    scale: str = "minmax",
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    seed: int = 0,
    probe: int | None = None,
    profile: Profile | None = None,
) -> Analysis:
    """Static analysis: a structural risk index per layer, six hypotheses, and what each finding is worth.

    Args:
        source: path of a GGUF model (any file of a split one), of a saved profile or of a Phase 1 weight profile; or an
            open model, or a profile. What only the weights can tell (exact invariant products) needs a model.
        weights: of the components: a mapping, a text `"entropy=2,dominance=1"` or the path of a TOML file; 0.25 each by
            default. What is not named weighs nothing.
        preset: run this one alone; by default all that fit the input, the heuristic one leading.
        norm: scale of a gain vector, `"mean"` or `"rms"`.
        scale: of a component over the layers, `"minmax"` or `"rank"`.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)` for every pass over a model; may raise to cancel.
        seed: of all draws; the same seed gives the same numbers.
        probe: let the model read so many random tokens, and take what is measured in place of what propagation
            predicts. No text is needed, and the model has to be one that `ggufscope.trace` runs.
        profile: of the model, where there is one already: it is not computed again, but where gate and up share a
            tensor and the profile was loaded from a file, which does not hold the norms of single rows.

    Returns:
        The analysis.

    Raises:
        ValueError: A choice that is none; the message lists them. A probe, or a profile beside, without a model.
        TraceError: The model cannot be run for a probe; the message says why.
        GGUFError: A malformed model.
        ProfileError: A malformed profile, one of another model, or a file without the layers of a language model.
        OSError: A file cannot be read.

    Example:
        >>> import ggufscope as gs
        >>> analysis = gs.analyze("model.gguf")                                     # doctest: +SKIP
        >>> analysis.layers["risk"].argmax(), analysis.hypotheses["H3"].verdict     # doctest: +SKIP
    """
    settings = make_settings(weights, norm, scale, preset, seed)
    if probe is not None and (isinstance(probe, bool) or probe < 2):
        raise ValueError(f"a probe takes two tokens or more, not {probe!r}")
    n_threads = thread_count(threads)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with read_input(source, n_threads, progress, profile) as given:
        rankings = _rankings(given, settings, n_threads, progress, probe)
    run = RunRecord(__version__, started.isoformat(timespec="seconds"), round(time.perf_counter() - clock, 3))
    return Analysis(_document(given, rankings, settings, run), given.profile)


def _chosen(given: AnalysisInput, settings: Settings, probe: int | None) -> list[Preset]:
    """The presets to run, the leading one first.

    Raises:
        ValueError: The one asked for needs a model or a probe, and there is none.
    """
    probing = {entry.name: entry.in_place_of for entry in PRESETS.values() if entry.in_place_of is not None}
    if probe is not None and given.model is None:
        raise ValueError("a probe needs the model itself, not a profile of it")
    if settings.preset is None:
        left_out = set(probing) if probe is None else set(probing.values())
        fitting = [entry for entry in PRESETS.values() if given.model is not None or not entry.needs_model]
        kept = [entry for entry in fitting if entry.name not in left_out]
        return sorted(kept, key=lambda entry: entry.name != HEURISTIC)
    if (settings.preset in probing) != (probe is not None):
        raise ValueError(f"a probe and the preset {' or '.join(probing)} go together, neither without the other")
    wanted = PRESETS[settings.preset]
    if wanted.needs_model and given.model is None:
        raise ValueError(f"preset {wanted.name!r} needs the model itself, not a profile of it")
    return [wanted]


def _rankings(
    given: AnalysisInput,
    settings: Settings,
    threads: int,
    progress: Callable[[int, int], object] | None,
    probe: int | None,
) -> dict[str, Ranking]:
    preset_input = PresetInput(given.table, settings.norm, given.model, threads, progress, probe, settings.seed)
    return {preset.name: rank_layers(preset, preset_input, settings) for preset in _chosen(given, settings, probe)}


def _document(
    given: AnalysisInput, rankings: dict[str, Ranking], settings: Settings, run: RunRecord
) -> AnalysisDocument:
    names = list(rankings)
    leading = rankings[names[0]]
    basis = _heuristic(given, rankings, settings)
    summaries = [preset_summary(PRESETS[name], rankings[name], given.table) for name in names]
    hypotheses = _hypotheses(given, leading, basis, settings)
    return AnalysisDocument(
        schema=SCHEMA,
        statement=STATEMENT,
        verdicts_are=PREMISES_ONLY,
        model=AnalysedModel(
            **given.subject.facts(),
            source=given.source,
            n_layers=given.table.n_layers,
            n_elements=given.n_elements,
        ),
        settings=_settings_record(given, settings, names[0]),
        preset=summaries[0],
        other_presets=summaries[1:],
        hypotheses=hypotheses,
        confounds=[
            confound_record(name, outcome)
            for name, ranking in {**rankings, HEURISTIC: basis}.items()
            for outcome in ranking.confounds.values()
        ],
        gauge=gauge_record(given.gauge),
        agreement=_agreements(rankings),
        applicability=[ApplicabilityRecord(entry.score, entry.reason) for entry in applicability(given, rankings)],
        notes=_notes(given, rankings),
        warnings=warnings(given, rankings, hypotheses),
        run=run,
    )


def _notes(given: AnalysisInput, rankings: dict[str, Ranking]) -> list[str]:
    """Of the input, and of every preset."""
    found = (*given.table.notes, *(note for ranking in rankings.values() for note in ranking.scores.notes))
    return list(dict.fromkeys(found))


def _heuristic(given: AnalysisInput, rankings: dict[str, Ranking], settings: Settings) -> Ranking:
    """The hypotheses are about the heuristic preset's scores, whichever presets were asked for."""
    if HEURISTIC in rankings:
        return rankings[HEURISTIC]
    return rank_layers(PRESETS[HEURISTIC], PresetInput(given.table, settings.norm), settings)


def _hypotheses(given: AnalysisInput, leading: Ranking, basis: Ranking, settings: Settings) -> list[Finding]:
    context = Context(given.table, basis.scores.series, basis.confounds, given.gauge)
    return [*(judge(hypothesis, context) for hypothesis in HYPOTHESES), _last_layer(given, leading, basis, settings)]


def _last_layer(given: AnalysisInput, leading: Ranking, basis: Ranking, settings: Settings) -> Finding:
    sparsity = basis.scores.series["value_sparsity"]
    invariant = invariant_risk(given.gauge, sparsity, settings.weights, settings.scale)
    missing = [name for name, values in given.gauge.products.items() if not np.isfinite(values).all()]
    unknown = f"{', '.join(missing)} not known on every layer" if missing else EXPLANATIONS[given.gauge.exactness]
    reason = "; ".join(given.gauge.scale_free.values()) or unknown
    usable = given.gauge.decides and not missing and not given.gauge.scale_free and bool(invariant.weights)
    return judge_last_layer(
        LastLayer(
            risk=leading.risk,
            draws=leading.draws,
            without_confounded=leading.without_confounded,
            flagged=leading.excluded,
            not_separable=leading.not_separable,
            is_invariant=is_gauge_invariant(leading.risk, leading.scores.series),
            invariant=invariant if usable else None,
            why_not_invariant=reason,
            seed=settings.seed,
        )
    )


def _settings_record(given: AnalysisInput, settings: Settings, preset: str) -> RunSettings:
    return RunSettings(
        preset=preset,
        norm=settings.norm,
        scale=settings.scale,
        weights=dict(settings.weights),
        seed=settings.seed,
        draws=DRAWS,
        permutations=PERMUTATIONS,
        resamples=RESAMPLES,
        sparsity_threshold=given.sparsity_threshold,
    )


def _agreements(rankings: dict[str, Ranking]) -> list[Agreement]:
    names = list(rankings)
    pairs = [(first, second) for position, first in enumerate(names) for second in names[position + 1 :]]
    return [Agreement(first, second, agreement(rankings[first], rankings[second])) for first, second in pairs]
