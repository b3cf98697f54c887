"""The probe as a preset: the scores of propagation, measured while the model reads its own words, or random tokens.

As free of data as propagation, and closer to what the model does with a text (docs/trace.md). Components and scores
have the names and the meaning that they have in the propagation preset, in whose place this one runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...runtime.reading.probes import OWN, words_of
from ...text.numbers import counted
from .propagated import COMPONENTS, mean_over_heads, ranks_over_heads
from .propagated import NAME as PROPAGATION
from .propagated import SCORES as PROPAGATED
from .registry import PresetInput, PresetScores, Series, preset

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...arrays.floats import Floats
    from ...models.model import Model
    from ...runtime import Trace

NAME = "probe"
# Score → figure of the trace, and its formula. What it reads, and whether rescaling leaves it, are as in propagation.
SCORES = {
    "mean_head_entropy": ("entropy_share", "mean over heads of H / ln(keys seen)"),
    "ffn_attention_ratio": ("ffn_attention_ratio", "median of a token's rms of the FFN's output / rms of attention's"),
    "near_zero_share": ("gated_near_zero_share", "median of a token's P(abs(h) < 0.1 rms(h)) of the gated product"),
    "ffn_output_rms": ("ffn_output_rms", "median of a token's rms of what the FFN adds"),
    "attention_output_rms": ("attention_output_rms", "median of a token's rms of what attention adds"),
    "residual_rms": ("residual_rms", "median of a token's rms of the residual stream behind the layer"),
}


@preset(
    NAME,
    "measured while the model reads a probe, its own words or random tokens",
    needs_model=True,
    in_place_of=PROPAGATION,
)
def probe_scores(preset_input: PresetInput) -> PresetScores:
    """Run the model on the probe."""
    from ...runtime import trace  # noqa: PLC0415 - engines only where they are needed
    from .propagation.baseline import baselines  # noqa: PLC0415

    if preset_input.model is None or preset_input.probe is None:
        raise ValueError(f"preset {NAME!r} needs the model itself, and a probe to read")
    measured = trace(
        preset_input.model,
        probe=preset_input.probe,
        seed=preset_input.seed,
        induction=True,
        threads=preset_input.threads,
        announce=preset_input.announce,
        progress=_in_bytes(preset_input.progress, preset_input.model),
    )
    return scores_of(measured, baselines(preset_input.model, preset_input.threads), preset_input)


def scores_of(trace: Trace, baseline: Floats, preset_input: PresetInput) -> PresetScores:
    """(L,) and (L, heads) over the layers of the table; NaN where nothing was measured."""
    entropy = trace.head_figure("entropy_share").mean(axis=0)
    rows = [int(layer) if layer < len(entropy) else -1 for layer in preset_input.table.layers]

    def spread(values: Floats) -> Floats:
        return np.array([values[row] if row >= 0 else np.full(values.shape[1:], np.nan) for row in rows])

    per_layer = {name: figure for name, (figure, _) in SCORES.items() if name != "mean_head_entropy"}
    columns = {name: trace.layer_figure(figure).mean(axis=0) for name, figure in per_layer.items()}
    columns["mean_head_entropy"] = mean_over_heads(entropy)
    words = words_of(trace.document.settings.probe_kind)
    series = {
        name: Series(spread(columns[name]), f"{formula}, on {words}", *PROPAGATED[name][1:])
        for name, (_, formula) in SCORES.items()
    }
    heads = {"head_entropy": spread(entropy), "baseline": spread(baseline)}
    heads |= {f"{name}_rank": ranks_over_heads(values) for name, values in heads.items()}
    notes = (_run(trace, preset_input.seed), *trace.document.warnings)
    standouts = tuple(trace.document.standouts or ())
    return PresetScores(
        series, COMPONENTS, heads, notes=tuple(f"{NAME}: {note}" for note in notes), standouts=standouts
    )


def _run(trace: Trace, seed: int) -> str:
    """The run in words."""
    prompts = trace.document.prompts
    pieces = f"{len(prompts)} sequences, " if len(prompts) > 1 else ""
    n_tokens = counted(sum(len(prompt.token_ids) for prompt in prompts), "token")
    origin = "written by the model with" if trace.document.settings.probe_kind == OWN else "random ones of"
    return f"{pieces}{n_tokens} read, {origin} seed {seed}"


def _in_bytes(progress: Callable[[int, int], object] | None, model: Model) -> Callable[[str, float], object] | None:
    """A bar of bytes, moved by shares of the run."""
    return None if progress is None else lambda _what, share: progress(int(share * model.n_bytes), model.n_bytes)
