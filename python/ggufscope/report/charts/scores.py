"""The scores over depth that reports show: those of the original study, and the same as predicted or measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .curves import BEHAVIOUR, Curve, DepthChart
from .depth import depth_chart
from .registry import chart
from .sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..content.chart import Chart
    from ..content.results import ReportData

CHARTS = (
    DepthChart(
        "attention-entropy",
        "Attention entropy by layer, from norms alone",
        "Attention entropy (index)",
        "index, 0 to 1",
        "The study's attention entropy: the mean of 1 − u(‖W_k‖), u(sparsity of W_v) and 1 − u(‖W_q‖ / ‖W_gate‖), u"
        " scaling each over the layers. An index, not an entropy.",
        (Curve("attention_entropy", "attention entropy (index)"),),
    ),
    DepthChart(
        "attention-entropy-{suffix}",
        "Attention entropy by layer, {how}",
        "Attention entropy / ln n, mean over heads",
        "H / ln n, mean over heads",
        "Entropy of attention over n keys as a share of ln n, mean over the heads of a layer. {note} {entropy}",
        (Curve("mean_head_entropy", "attention entropy", BEHAVIOUR),),
    ),
    DepthChart(
        "ffn-dominance",
        "FFN dominance by layer, with both scales of the norm gains",
        "FFN over attention, by norms",
        "FFN over attention",
        "(‖W_gate‖ · scale(g_ffn)) / (‖W_q‖ · scale(g_attn)), the scale of a gain vector g being its mean, as in the"
        " original study, or its root mean square.",
        (Curve("ffn_dominance_mean", "mean of gains"), Curve("ffn_dominance_rms", "rms of gains")),
    ),
    DepthChart(
        "ffn-dominance-{suffix}",
        "FFN dominance by layer, {how}",
        "FFN over attention, root mean square",
        "rms of FFN over attention",
        "Root mean square of what the FFN adds to the residual stream over that of attention. {note}",
        (Curve("ffn_attention_ratio", "FFN dominance", BEHAVIOUR),),
    ),
    DepthChart(
        "value-norm",
        "Size of the value projection by layer",
        "Frobenius norm of W_v",
        "Frobenius norm of W_v",
        "Frobenius norm of W_v. Scaling W_v up and W_o down by the same factor changes it, but not the model.",
        (Curve("v_norm", "norm of W_v"),),
    ),
    DepthChart(
        "value-sparsity",
        "Near-zero weights of the value projection by layer",
        "Near-zero share of W_v",
        "share of weights",
        "Share of weights of W_v below the sparsity threshold. Most zeros are made by the quantizer.",
        (Curve("value_sparsity", "sparsity of W_v"),),
        percent=True,
        with_zeros=True,
    ),
    DepthChart(
        "information-retention",
        "Information retention index by layer, with both scales of the norm gains",
        "Information retention (index)",
        "index",
        "(1 − sparsity of W_v) · (1 + norm amplification), norm amplification being scale(g_ffn) over its mean over the"
        " layers, less 1. An index, not a share: it exceeds 1.",
        (Curve("retention_index_mean", "mean of gains"), Curve("retention_index_rms", "rms of gains")),
    ),
    DepthChart(
        "norm-gains",
        "Gains of the norms before attention and before the FFN by layer",
        "Gains of the norms",
        "scale of the gains",
        "Mean and root mean square of the gain vectors of the two norms of a layer.",
        (
            Curve("ffn_gain_mean", "FFN norm, mean"),
            Curve("ffn_gain_rms", "FFN norm, rms"),
            Curve("attn_gain_mean", "attention norm, mean"),
            Curve("attn_gain_rms", "attention norm, rms"),
        ),
    ),
    DepthChart(
        "stream-{suffix}",
        "Size of the residual stream and of what each block adds, {how}",
        "Residual stream and what is added, rms",
        "root mean square",
        "Root mean square of the residual stream behind a layer, and of what attention and FFN add to it. {note}",
        (
            Curve("residual_rms", "residual stream", BEHAVIOUR),
            Curve("ffn_output_rms", "FFN output", BEHAVIOUR),
            Curve("attention_output_rms", "attention output", BEHAVIOUR),
        ),
        logarithmic=True,
    ),
)


def _register(about: DepthChart) -> None:
    @chart(about.name.format(suffix=SOURCES[-1].suffix))
    def draw(data: ReportData) -> Iterator[Chart]:
        yield depth_chart(data, about)

    draw.__doc__ = f"{about.title.format(how=SOURCES[-1].how)}."


for _about in CHARTS:
    _register(_about)
