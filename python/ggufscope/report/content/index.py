"""The risk index of each preset: what it is made of, every layer, other scalings, and the scores behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.presets.probe import NAME as PROBE
from ...analysis.score_words import score_words
from ...analysis.wording import equal_text, flat_text
from ...validation.headline import index_verdict
from .blocks import Heading, Paragraph, TableHead, TextTable, heads
from .cells import NOTHING, interval, number
from .words import Own, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...analysis.preset_document import LayerRecord, PresetSummary
    from .blocks import Block
    from .shown import Shown

_LOWEST_HEADS = 3  # named of every layer
_RESCALED = "changed by rescaling"
_LAYER_NUMBERS = "layer|risk|without confounded|rank|p(first)|p(top 3)"


def risk_index(shown: Shown) -> Iterator[Block]:
    """A text and tables for every preset, the leading one first."""
    for position, preset in enumerate(shown.presets):
        yield Heading(own("Risk index, preset {}", preset.name))
        yield Paragraph(joined(_sentences(preset), " "))
        verdict = None if shown.validation is None else index_verdict(shown.validation, preset.name)
        if verdict is not None:
            yield Paragraph(own("Its order of layers beside what was measured: {}.", verdict))
        for component, reason in preset.dropped.items():
            yield Paragraph(own("{} is not in the index: {}.", score_words(component), reason))
        for component, twin in (preset.equal or {}).items():
            yield Paragraph(own("{}.", equal_text(score_words(component), score_words(twin))))
        name = f"preset-{position + 1}"
        yield _ingredients(preset, name)
        yield _weights(preset, name)
        yield _layers(preset, name)
        yield _variants(preset, name)
        yield _scores(preset, name)
        yield from _heads(preset, name)


def _sentences(preset: PresetSummary) -> Iterator[Words]:
    yield own(
        "{}. The index is 100 times the weighted sum of components, each scaled to 0 … 1 over the layers of this file.",
        preset.summary[:1].upper() + preset.summary[1:],
    )
    if preset.independent_components is None:
        yield Own("No component varies.")
    else:
        yield own(
            "Effectively {:.1f} of its {} varying components are independent.",
            preset.independent_components,
            len(preset.varying),
        )
    if preset.confounded:
        yield own(
            "What the quantization types explain ({}) is left out of the index without confounded components.",
            joined(map(score_words, preset.confounded)),
        )


def _ingredients(preset: PresetSummary, name: str) -> TextTable:
    return TextTable(
        f"{name}-ingredients",
        own("Ingredients of the index, preset {}", preset.name),
        heads("score", "effective weight", "definition", _RESCALED, numeric="effective weight", long="definition"),
        [
            (_flat(preset, score), Own(f"{weight:.3g}"), _definition(preset, score), _rescaled(preset, score))
            for score, weight in (preset.effective_weights | dict.fromkeys(_flat_scores(preset), 0.0)).items()
        ],
        folded=False,
    )


def _flat_scores(preset: PresetSummary) -> list[str]:
    return [name for name in preset.flat if preset.layers and name in preset.layers[0].scores]


def _flat(preset: PresetSummary, score: str) -> Words:
    if score not in preset.flat:
        return score_words(score)
    noise = {score_words(name): text for name, text in (preset.noise or {}).items()}
    return flat_text(score_words(score), noise)


def _definition(preset: PresetSummary, score: str) -> Words:
    """The name of the field, and its formula."""
    return own("{}: {}", score, preset.formulas[score])


def _rescaled(preset: PresetSummary, score: str) -> Own:
    if score not in preset.gauge_invariant:
        return NOTHING
    return Own("no" if preset.gauge_invariant[score] else "yes")


def _weights(preset: PresetSummary, name: str) -> TextTable:
    rows = [(score_words(component), Own(f"{weight:.3g}")) for component, weight in preset.weights.items()]
    title = own("Components of the index, preset {}", preset.name)
    return TextTable(f"{name}-components", title, heads("component", "weight", numeric="weight"), rows)


def _layers(preset: PresetSummary, name: str) -> TextTable:
    columns = ("layer", "risk", "without confounded", "level", "rank", "rank 5–95 %", "p(first)", "p(top 3)")
    return TextTable(
        f"{name}-layers",
        own("Index by layer, preset {}", preset.name),
        [
            *heads(*columns, numeric=_LAYER_NUMBERS),
            *(TableHead(score_words(component), "number") for component in preset.weights),
        ],
        [_layer(record, preset) for record in preset.layers],
        Own("Components are scaled to 0 … 1. Ranks and probabilities are over weightings drawn from the simplex."),
    )


def _layer(record: LayerRecord, preset: PresetSummary) -> list[Words]:
    return [
        Own(record.layer),
        number(record.risk, ".1f"),
        number(record.risk_without_confounded, ".1f"),
        record.level or NOTHING,
        number(record.rank, "g"),
        interval(record.rank_interval),
        number(record.p_first, ".2f"),
        number(record.p_top_three, ".2f"),
        *(number(record.components[component].scaled, ".2f") for component in preset.weights),
    ]


def _variants(preset: PresetSummary, name: str) -> TextTable:
    columns = ("norm scale", "scaling", "τ with the ranking above", "highest layers")
    rows = [
        (
            variant.norm,
            variant.scale,
            number(variant.tau, ".2f"),
            Own(", ".join(map(str, variant.top_layers)) or NOTHING),
        )
        for variant in preset.variants
    ]
    title = own("Index with other scales, preset {}", preset.name)
    return TextTable(f"{name}-variants", title, heads(*columns, numeric=columns[2]), rows)


def _scores(preset: PresetSummary, name: str) -> TextTable:
    """First and last layer of every score, its extremes and where they are."""
    columns = ("score", "definition", _RESCALED, "first layer", "last", "lowest (layer)", "highest (layer)")
    scores = preset.layers[0].scores if preset.layers else ()
    return TextTable(
        f"{name}-scores",
        own("Scores, preset {}", preset.name),
        heads(*columns, numeric="first layer|last", long="definition"),
        [_score(score, preset) for score in scores if f"{score}_mean" not in preset.formulas],
        Own("All layers are in the JSON."),
    )


def _score(score: str, preset: PresetSummary) -> list[Words]:
    values = [(record.scores[score], record.layer) for record in preset.layers]
    known = [(value, layer) for value, layer in values if value is not None]
    ends = [min(known), max(known, key=lambda pair: pair[0])] if known else []
    return [
        score_words(score),
        _definition(preset, score),
        _rescaled(preset, score),
        number(values[0][0]),
        number(values[-1][0]),
        *(Own(f"{number(value)} ({layer})") for value, layer in ends),
        *([] if ends else [NOTHING, NOTHING]),
    ]


def _heads(preset: PresetSummary, name: str) -> Iterator[TextTable]:
    """The heads with the lowest values of each layer; nothing for a preset without scores of heads."""
    names = [score for score in preset.per_head if f"{score}_rank" in preset.per_head]
    if not names:
        return
    yield TextTable(
        f"{name}-heads",
        own("Heads, preset {}", preset.name),
        [*heads("layer", numeric="layer"), *(TableHead(own("lowest {}", score_words(score))) for score in names)],
        [
            [
                Own(record.layer),
                *(_lowest(preset.per_head[score][row], preset.per_head[f"{score}_rank"][row]) for score in names),
            ]
            for row, record in enumerate(preset.layers)
        ],
        own(
            "The {} heads of each layer with the lowest values: number, value, and rank over all heads of the model (1"
            " is the highest). {}`baseline` is the plain ranking they have to beat.",
            _LOWEST_HEADS,
            Own("" if preset.name == PROBE else "The sizes of predicted entropies are not credible, their ranks are; "),
        ),
    )


def _lowest(values: Sequence[float | None], ranks: Sequence[float | None]) -> Own:
    known = [(value, head) for head, value in enumerate(values) if value is not None]
    texts = [f"{head}: {number(value)} (rank {number(ranks[head], 'g')})" for value, head in sorted(known)]
    return Own(", ".join(texts[:_LOWEST_HEADS]) or NOTHING)
