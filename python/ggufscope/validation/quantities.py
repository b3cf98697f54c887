"""The registry: which measured quantities are compared, and the sources that predict each.

A new comparison is a line here; tables, charts and tests take it from the document. Predictors are named after where
their numbers come from (`sources.predict`). Those in the unit of what is measured are `sized`: their errors are told,
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
class SourceScore:
    """A predictor of a quantity: which number of which source, and whether it is in the same unit.

    Attributes:
        instead: the score that a source has in place of `score` where propagation had no openings.
        either_way: whether it may predict rising or falling, whichever fits what was measured better.
    """

    name: str
    score: str
    sized: bool = False
    instead: str | None = None
    either_way: bool = False


@dataclass(frozen=True)
class Comparison:
    """A measured quantity and the scores that are to predict it.

    Attributes:
        figure: of the trace; for a quantity per layer, one of heads is averaged over them. None: the index.
        combined: see COMBINED.
        unit: `"share"`, `"points"` or `""`.
        sources: its predictors, predictions first.
    """

    name: str
    label: str
    per: Literal["layer", "head"]
    figure: str | None
    combined: Combined
    unit: str
    sources: tuple[SourceScore, ...]


_DEPTH = SourceScore("depth", "layer", either_way=True)


def _sized(propagated: str, probed: str) -> tuple[SourceScore, SourceScore]:
    """Propagation and the probe; the latter by the name of its figure."""
    return SourceScore("propagation", propagated, sized=True), SourceScore("probe", probed, sized=True)


RISK = "risk"
COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "head_entropy",
        "attention entropy",
        "head",
        "entropy_share",
        "mean",
        "share",
        (*_sized("head_entropy", "entropy_share"), SourceScore("norms", "baseline")),
    ),
    Comparison(
        "head_first_token",
        "first-token share",
        "head",
        "first_token_share",
        "mean",
        "share",
        (*_sized("first_token_share", "first_token_share"), SourceScore("norms", "baseline", either_way=True)),
    ),
    Comparison(
        "attention_entropy",
        "attention entropy",
        "layer",
        "entropy_share",
        "mean",
        "share",
        (
            SourceScore("heuristic", "attention_entropy"),
            *_sized("mean_head_entropy", "entropy_share"),
            SourceScore("norms", "baseline"),
            _DEPTH,
        ),
    ),
    Comparison(
        "ffn_attention_ratio",
        "FFN / attention output",
        "layer",
        "ffn_attention_ratio",
        "mean",
        "",
        (
            SourceScore("heuristic", "ffn_dominance"),
            *_sized("ffn_attention_ratio", "ffn_attention_ratio"),
            SourceScore("norms", "ffn_product / vo_product"),
            _DEPTH,
        ),
    ),
    Comparison(
        "v_near_zero_share",
        "near-zero values",
        "layer",
        "v_near_zero_share",
        "mean",
        "share",
        (SourceScore("heuristic", "value_sparsity"), SourceScore("probe", "v_near_zero_share", sized=True), _DEPTH),
    ),
    Comparison(
        "ffn_norm_rms",
        "FFN norm output rms",
        "layer",
        "ffn_norm_rms",
        "rms",
        "",
        (SourceScore("heuristic", "norm_amplification"), SourceScore("probe", "ffn_norm_rms", sized=True), _DEPTH),
    ),
    Comparison(
        RISK,
        "risk index",
        "layer",
        None,
        "index",
        "points",
        (SourceScore("heuristic", RISK), SourceScore("propagation", RISK), SourceScore("probe", RISK), _DEPTH),
    ),
    *(
        Comparison(
            f"{role}_rms",
            label,
            "layer",
            f"{role}_rms",
            "rms",
            "",
            (
                SourceScore("propagation", f"{role}_rms", sized=True, instead=f"{role}_std"),
                SourceScore("probe", f"{role}_rms", sized=True),
                *norms,
                _DEPTH,
            ),
        )
        for role, label, norms in (
            ("q", "query rms", ()),
            ("k", "key rms", (SourceScore("norms", "k_norm"),)),
            ("v", "value rms", (SourceScore("norms", "value_output"),)),
            ("gate", "gate rms", ()),
            ("up", "up rms", ()),
        )
    ),
    Comparison(
        "gated_near_zero_share",
        "near-zero gated product",
        "layer",
        "gated_near_zero_share",
        "mean",
        "share",
        (*_sized("near_zero_share", "gated_near_zero_share"), _DEPTH),
    ),
    *(
        Comparison(name, label, "layer", name, "rms", "", (*_sized(name, name), *norms, _DEPTH))
        for name, label, norms in (
            ("attention_output_rms", "attention output rms", (SourceScore("norms", "vo_product"),)),
            ("ffn_output_rms", "FFN output rms", (SourceScore("norms", "ffn_product"),)),
            ("residual_rms", "residual stream rms", ()),
        )
    ),
)
