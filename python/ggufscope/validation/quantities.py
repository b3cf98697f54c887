"""The registry: which measured quantities are compared, and what predicts each.

A new comparison is a line here; tables, charts and tests take it from the document. Predictors are named after where
their numbers come from (`sources.SOURCES`). Those in the unit of what is measured are `sized`: their errors are told,
too. `norms` and `depth` are baselines, which a prediction has to beat: a plain product of norms, and the number of the
layer, rising or falling, whichever fits what was measured better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Combined = Literal["mean", "rms", "index"]

COMBINED: dict[str, str] = {
    "mean": "mean over the prompts",
    "rms": "root mean square over the prompts",
    "index": "from the means over the prompts of what it is made of",
}
BASELINES = ("norms", "depth")
PREDICTORS = ("heuristic", "propagation", "probe", *BASELINES)  # in the order in which they are told


@dataclass(frozen=True)
class Source:
    """A predictor of a quantity: which number of which source, and whether it is in the same unit."""

    name: str
    score: str
    sized: bool = False


@dataclass(frozen=True)
class Rule:
    """A measured quantity.

    Attributes:
        figure: of the trace; for a quantity per layer, one of heads is averaged over them. None: the index.
        combined: see COMBINED.
        unit: `"share"`, `"points"` or `""`.
        sources: what predicts it, predictions first.
    """

    name: str
    label: str
    per: Literal["layer", "head"]
    figure: str | None
    combined: Combined
    unit: str
    sources: tuple[Source, ...]


_DEPTH = Source("depth", "layer")


def _sized(propagated: str, probed: str) -> tuple[Source, Source]:
    """Propagation and the probe; the latter by the name of its figure."""
    return Source("propagation", propagated, sized=True), Source("probe", probed, sized=True)


RISK = "risk"
RULES: tuple[Rule, ...] = (
    Rule(
        "head_entropy",
        "attention entropy",
        "head",
        "entropy_share",
        "mean",
        "share",
        (*_sized("head_entropy", "entropy_share"), Source("norms", "baseline")),
    ),
    Rule(
        "attention_entropy",
        "attention entropy",
        "layer",
        "entropy_share",
        "mean",
        "share",
        (
            Source("heuristic", "attention_entropy"),
            *_sized("mean_head_entropy", "entropy_share"),
            Source("norms", "baseline"),
            _DEPTH,
        ),
    ),
    Rule(
        "ffn_attention_ratio",
        "FFN / attention output",
        "layer",
        "ffn_attention_ratio",
        "mean",
        "",
        (
            Source("heuristic", "ffn_dominance"),
            *_sized("ffn_attention_ratio", "ffn_attention_ratio"),
            Source("norms", "ffn_product / vo_product"),
            _DEPTH,
        ),
    ),
    Rule(
        "v_near_zero_share",
        "near-zero values",
        "layer",
        "v_near_zero_share",
        "mean",
        "share",
        (Source("heuristic", "value_sparsity"), Source("probe", "v_near_zero_share", sized=True), _DEPTH),
    ),
    Rule(
        "ffn_norm_rms",
        "FFN norm output rms",
        "layer",
        "ffn_norm_rms",
        "rms",
        "",
        (Source("heuristic", "norm_amplification"), Source("probe", "ffn_norm_rms", sized=True), _DEPTH),
    ),
    Rule(
        RISK,
        "risk index",
        "layer",
        None,
        "index",
        "points",
        (Source("heuristic", RISK), Source("propagation", RISK), Source("probe", RISK), _DEPTH),
    ),
    *(
        Rule(
            f"{role}_rms",
            label,
            "layer",
            f"{role}_rms",
            "rms",
            "",
            (*_sized(f"{role}_std", f"{role}_rms"), *norms, _DEPTH),
        )
        for role, label, norms in (
            ("q", "query rms", ()),
            ("k", "key rms", (Source("norms", "k_norm"),)),
            ("v", "value rms", (Source("norms", "value_output"),)),
            ("gate", "gate rms", ()),
            ("up", "up rms", ()),
        )
    ),
    Rule(
        "gated_near_zero_share",
        "near-zero gated product",
        "layer",
        "gated_near_zero_share",
        "mean",
        "share",
        (*_sized("near_zero_share", "gated_near_zero_share"), _DEPTH),
    ),
    *(
        Rule(name, label, "layer", name, "rms", "", (*_sized(name, name), *norms, _DEPTH))
        for name, label, norms in (
            ("attention_output_rms", "attention output rms", (Source("norms", "vo_product"),)),
            ("ffn_output_rms", "FFN output rms", (Source("norms", "ffn_product"),)),
            ("residual_rms", "residual stream rms", ()),
        )
    ),
)

# Component of the index → the figure that is measured for it (docs/metrics.md, section 3).
ANALOGUES = {
    "attention_entropy": "entropy_share",
    "ffn_dominance": "ffn_attention_ratio",
    "value_sparsity": "v_near_zero_share",
    "norm_amplification": "ffn_norm_rms",
}
