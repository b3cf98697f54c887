"""AnalysisSettings, rankings, confounds and gauge as the plain records of a saved analysis."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from .analysis_document import (
    SCHEMA,
    Agreement,
    AnalysedModel,
    AnalysisDocument,
    ConfoundRecord,
    GaugeRecord,
    RunSettings,
    number,
)
from .index.confound import PERMUTATIONS
from .index.ranking import agreement
from .index.risk import participation_ratio
from .index.sensitivity import DRAWS
from .index.trends import RESAMPLES
from .inputs.gauge import EXPLANATIONS, PRODUCTS
from .inputs.layer_table import TENSOR_NAMES
from .layer_records import layer_records
from .orders import ranks
from .preset_document import PresetSummary, ThirdRecord, Variant
from .presets.heuristic import NAME as HEURISTIC
from .verdicts.applicability import applicability, warnings
from .wording import PREMISES_ONLY, statement_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..arrays.floats import Floats
    from ..runtime.standout_document import StandoutKind
    from .analysis_document import AnalysisRun
    from .embedding_document import EmbeddingRecord
    from .index.confound import Confound
    from .index.ranking import Ranking, VariantRanking
    from .inputs.gauge import Gauge
    from .inputs.layer_table import LayerTable
    from .inputs.read_input import AnalysisInput
    from .presets.registry import Preset, PresetScores
    from .settings import AnalysisSettings
    from .verdicts.findings import Finding


def analysis_document(
    analysed: AnalysisInput,
    settings: AnalysisSettings,
    rankings: Mapping[str, Ranking],
    *,
    basis: Ranking,
    hypotheses: list[Finding],
    presets: Mapping[str, Preset],
    run: AnalysisRun,
    standouts: list[StandoutKind],
    embedding: EmbeddingRecord | None,
) -> AnalysisDocument:
    """The whole analysis as it is saved.

    Args:
        analysed: the input.
        settings: the choices.
        rankings: by preset, the leading one first.
        basis: the heuristic preset's ranking, which the hypotheses read.
        hypotheses: their verdicts.
        presets: all that could have been run.
        run: when and how long.
        standouts: what stands out, by kind.
        embedding: its rows; None where they could not be read.
    """
    summaries = [preset_summary(ranking, analysed.table) for ranking in rankings.values()]
    return AnalysisDocument(
        schema=SCHEMA,
        statement=statement_of(summaries[0].name),
        verdicts_are=PREMISES_ONLY,
        model=AnalysedModel(
            **analysed.subject.facts(),
            source=analysed.source,
            n_layers=analysed.table.n_layers,
            n_elements=analysed.n_elements,
        ),
        settings=_settings_record(settings, summaries[0].name, analysed.sparsity_threshold),
        preset=summaries[0],
        other_presets=summaries[1:],
        hypotheses=hypotheses,
        confounds=[
            _confound_record(name, confound)
            for name, ranking in {**rankings, HEURISTIC: basis}.items()
            for confound in ranking.confounds.values()
        ],
        gauge=_gauge_record(analysed.gauge),
        agreement=_agreements(rankings),
        applicability=applicability(analysed, rankings, presets),
        notes=_notes(analysed, rankings),
        warnings=warnings(analysed, rankings, hypotheses),
        run=run,
        standouts=standouts,
        embedding=embedding,
    )


def _settings_record(settings: AnalysisSettings, leading: str, sparsity_threshold: float | None) -> RunSettings:
    return RunSettings(
        preset=leading,
        norm=settings.norm,
        scale=settings.scale,
        weights=dict(settings.weights),
        seed=settings.seed,
        draws=DRAWS,
        permutations=PERMUTATIONS,
        resamples=RESAMPLES,
        sparsity_threshold=sparsity_threshold,
        opening=settings.opening,
    )


def _notes(analysed: AnalysisInput, rankings: Mapping[str, Ranking]) -> list[str]:
    """Notes on the input, and of every preset, each once."""
    notes = (*analysed.table.notes, *(note for ranking in rankings.values() for note in ranking.scores.notes))
    return list(dict.fromkeys(notes))


def _agreements(rankings: Mapping[str, Ranking]) -> list[Agreement]:
    return [
        Agreement(first, second, agreement(rankings[first], rankings[second]))
        for first, second in combinations(rankings, 2)
    ]


def preset_summary(ranking: Ranking, table: LayerTable) -> PresetSummary:
    """A preset's index as a whole and layer by layer."""
    risk, scores = ranking.risk, ranking.scores
    return PresetSummary(
        name=ranking.preset.name,
        summary=scores.summary or ranking.preset.summary,
        weights=risk.weights,
        effective_weights=risk.effective_weights,
        independent_components=participation_ratio(risk.matrix),
        flat=list(risk.flat),
        dropped=risk.dropped,
        confounded=list(ranking.excluded),
        formulas=_formulas(scores),
        gauge_invariant=_gauge_invariant(scores),
        variants=[_variant(variant) for variant in ranking.variants],
        per_head={name: [_numbers(row) for row in rows] for name, rows in scores.per_head.items()},
        layers=layer_records(ranking, table),
        reads=_reads(scores),
        thirds=[
            ThirdRecord(third.third, list(third.layers), {name: number(value) for name, value in third.values.items()})
            for third in scores.thirds
        ],
        noise=dict(risk.noise),
        equal=dict(risk.equal),
    )


def _formulas(scores: PresetScores) -> dict[str, str]:
    """Score or component → its formula; a component that is a score of the same name is that score."""
    formulas = {name: series.formula for name, series in scores.series.items()}
    return formulas | {term.name: term.formula for term in scores.components if term.name not in formulas}


def _gauge_invariant(scores: PresetScores) -> dict[str, bool]:
    """Score or component → whether no rescaling of the weights changes it."""
    invariant = {name: series.gauge_invariant for name, series in scores.series.items()}
    return invariant | {
        term.name: all(invariant[part.score] for part in term.ingredients)
        for term in scores.components
        if term.name not in invariant
    }


def _reads(scores: PresetScores) -> dict[str, list[str]]:
    """Score or component → roles; a component that is a score of the same name is that score."""
    roles = {
        component.name: tuple(
            dict.fromkeys(role for part in component.ingredients for role in scores.series[part.score].reads)
        )
        for component in scores.components
    }
    roles |= {name: series.reads for name, series in scores.series.items()}
    return {name: [TENSOR_NAMES[role] for role in read] for name, read in roles.items()}


def _variant(variant: VariantRanking) -> Variant:
    draws, unknown = variant.draws, [None] * len(variant.risk.values)
    return Variant(
        norm=variant.norm,
        scale=variant.scale,
        tau=variant.tau,
        top_layers=variant.top_layers,
        risk=_numbers(variant.risk.values),
        rank=_numbers(ranks(variant.risk.values)) if draws else [*unknown],
        p_first=_numbers(draws.p_first) if draws else [*unknown],
        p_top_three=_numbers(draws.p_top_three) if draws else [*unknown],
    )


def _numbers(values: Floats) -> list[float | None]:
    return [number(value) for value in values.tolist()]


def _confound_record(preset: str, confound: Confound) -> ConfoundRecord:
    """The outcome of a confound test without its shifts, which serve the counterfactual alone."""
    return ConfoundRecord(
        preset=preset,
        quantity=confound.quantity,
        status=confound.status,
        layers_by_type=confound.layers_by_type,
        partial_eta_squared=confound.partial_eta_squared,
        effect=confound.effect,
        p=confound.p,
        reason=confound.reason,
    )


def _gauge_record(gauge: Gauge) -> GaugeRecord:
    """The invariant products."""
    return GaugeRecord(
        exactness=gauge.exactness,
        explanation=EXPLANATIONS[gauge.exactness],
        decides=gauge.decides,
        formulas=dict(PRODUCTS),
        products={name: _numbers(values) for name, values in gauge.products.items()},
        scale_free=dict(gauge.scale_free),
    )
