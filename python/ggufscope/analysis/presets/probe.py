"""The probe as a preset: what propagation predicts, measured while the model reads its own words, or random tokens.

As free of data as propagation, and closer to what the model does with a text (docs/trace.md). Scores have the names
and the meaning that they have in the propagation preset. Components of the index are the figures that a validation
measures in place of those of the study (docs/validation.md): it tests this very index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.means import mean_of_finite
from ...runtime.bands import entropy_in_bands
from ...runtime.reading.probes import OWN, words_of
from ...text.numbers import counted
from .propagated import ATTENTION, ranks_over_heads
from .propagated import NAME as PROPAGATION
from .propagated import SCORES as PROPAGATED
from .registry import Component, Ingredient, PresetInput, PresetScores, Series, preset

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...arrays.floats import Floats
    from ...models.model import Model
    from ...runtime import Trace

NAME = "probe"
# Component of the index → the figure that is measured for it (docs/metrics.md, section 3).
ANALOGUES = {
    "attention_entropy": "entropy_share",
    "ffn_dominance": "ffn_attention_ratio",
    "value_sparsity": "v_near_zero_share",
    "norm_amplification": "ffn_norm_rms",
}
# Score → figure of the trace, and its formula.
SCORES = {
    "mean_head_entropy": ("entropy_share", "mean over heads of H / ln(keys seen)"),
    "ffn_attention_ratio": ("ffn_attention_ratio", "median of a token's rms of the FFN's output / rms of attention's"),
    "v_near_zero_share": ("v_near_zero_share", "median of a token's P(abs(v) < 0.1 rms(v)) of the values"),
    "ffn_norm_rms": ("ffn_norm_rms", "median of a token's rms of what the norm before the FFN gives"),
    "near_zero_share": ("gated_near_zero_share", "median of a token's P(abs(h) < 0.1 rms(h)) of the gated product"),
    "ffn_output_rms": ("ffn_output_rms", "median of a token's rms of what the FFN adds"),
    "attention_output_rms": ("attention_output_rms", "median of a token's rms of what attention adds"),
    "residual_rms": ("residual_rms", "median of a token's rms of the residual stream behind the layer"),
}
# Score → the matrices it comes from in its own layer, and whether rescaling leaves it as it is.
_READ = {name: about[1:] for name, about in PROPAGATED.items()} | {
    "v_near_zero_share": (("v", "attn_norm"), True),
    "ffn_norm_rms": ((*ATTENTION, "ffn_norm"), False),  # a gain that is folded into the next matrix changes it
}
_SCORE_OF = {figure: score for score, (figure, _) in SCORES.items()}
COMPONENTS = tuple(Component(name, (Ingredient(_SCORE_OF[figure]),)) for name, figure in ANALOGUES.items())


@preset(
    NAME,
    "measured while the model reads a probe, its own words or random tokens",
    needs_model=True,
    in_place_of=PROPAGATION,
)
def probe_scores(preset_input: PresetInput) -> PresetScores:
    """Run the model on the probe, unless it read one already."""
    from ...runtime import trace  # noqa: PLC0415 - engines only where they are needed
    from .propagation.baseline import baselines  # noqa: PLC0415

    if preset_input.model is None or (preset_input.probe is None and preset_input.probed is None):
        raise ValueError(f"preset {NAME!r} needs the model itself, and a probe to read")
    measured = preset_input.probed or trace(
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
    columns["mean_head_entropy"] = mean_of_finite(entropy, axis=1)
    words = words_of(trace.document.settings.probe_kind)
    series = {
        name: Series(spread(columns[name]), f"{formula}, on {words}", *_READ[name])
        for name, (_, formula) in SCORES.items()
    }
    first = trace.head_figure("first_token_share").mean(axis=0)
    heads = {"head_entropy": spread(entropy), "first_token_share": spread(first), "baseline": spread(baseline)}
    heads |= {f"{name}_rank": ranks_over_heads(values) for name, values in heads.items()}
    heads |= {f"head_entropy_{band.key}": spread(values) for band, values in entropy_in_bands(trace).items()}
    notes = (_run(trace), *trace.document.warnings)
    return PresetScores(
        series,
        COMPONENTS,
        heads,
        notes=tuple(f"{NAME}: {note}" for note in notes),
        standouts=tuple(trace.document.standouts or ()),
        summary=f"measured while the model reads {'its own words' if words == words_of(OWN) else words}",
        sequences=tuple(np.array(prompt.token_ids, np.int32) for prompt in trace.document.prompts),
    )


def _run(trace: Trace) -> str:
    """The run in words."""
    prompts = trace.document.prompts
    pieces = f"{len(prompts)} sequences, " if len(prompts) > 1 else ""
    n_tokens = counted(sum(len(prompt.token_ids) for prompt in prompts), "token")
    origin = "written by the model with" if trace.document.settings.probe_kind == OWN else "random ones of"
    return f"{pieces}{n_tokens} read, {origin} seed {trace.document.settings.seed}"


def _in_bytes(progress: Callable[[int, int], object] | None, model: Model) -> Callable[[str, float], object] | None:
    """A bar of bytes, moved by shares of the run."""
    return None if progress is None else lambda _what, share: progress(int(share * model.n_bytes), model.n_bytes)
