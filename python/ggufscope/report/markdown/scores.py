"""The scores of a preset in the Markdown report: what each is, how far it reaches over the layers, and single heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .tables import NOTHING, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...analysis.preset_document import PresetSummary

_HEADS = 3  # named of every layer


def render_scores(preset: PresetSummary) -> Iterator[str]:
    """Every score by its formula: first and last layer, extremes and where they are."""
    yield f"### Scores, preset {preset.name}"
    yield ""
    yield "“Dependent”: another parametrization of the same model would change it. All layers are in the JSON."
    yield ""
    names = [
        name for name in (preset.layers[0].scores if preset.layers else ()) if f"{name}_mean" not in preset.formulas
    ]
    header = ("score", "formula", "parametrization", "first layer", "last", "lowest (layer)", "highest (layer)")
    yield from table(header, [_score(name, preset) for name in names])


def _score(name: str, preset: PresetSummary) -> list[str]:
    values = [(entry.scores[name], entry.layer) for entry in preset.layers]
    known = [(value, layer) for value, layer in values if value is not None]
    ends = [min(known), max(known, key=lambda pair: pair[0])] if known else []
    return [
        name,
        preset.formulas[name],
        "invariant" if preset.gauge_invariant[name] else "dependent",
        number(values[0][0]),
        number(values[-1][0]),
        *([f"{number(value)} ({layer})" for value, layer in ends] or [NOTHING, NOTHING]),
    ]


def render_heads(preset: PresetSummary) -> Iterator[str]:
    """Of each layer the heads with the lowest values; nothing for a preset without scores of heads."""
    names = [name for name in preset.per_head if f"{name}_rank" in preset.per_head]
    if not names:
        return
    yield f"### Heads, preset {preset.name}"
    yield ""
    yield (
        f"The {_HEADS} heads of each layer with the lowest values: number, value, and rank over all heads of the model"
        " (1 is the highest). The sizes of predicted entropies are not credible, their ranks are; `baseline` is the"
        " plain ranking they have to beat."
    )
    yield ""
    yield from table(
        ("layer", *(f"lowest {name}" for name in names)),
        [
            [
                str(entry.layer),
                *(_lowest(preset.per_head[name][row], preset.per_head[f"{name}_rank"][row]) for name in names),
            ]
            for row, entry in enumerate(preset.layers)
        ],
    )


def _lowest(values: Sequence[float | None], ranks: Sequence[float | None]) -> str:
    known = [(value, head) for head, value in enumerate(values) if value is not None]
    lowest = sorted(known)[:_HEADS]
    return ", ".join(f"{head}: {number(value)} (rank {number(ranks[head], 'g')})" for value, head in lowest) or NOTHING
