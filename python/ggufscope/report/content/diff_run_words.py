"""Sentences and choices about two models that read the same tokens, for the terminal and for reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted, short
from .diff_words import percent_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...diffs.run_record import HurtPosition, LayerDrift, MatrixError, OutputDivergence, RunRecord

DRIFT = "‖r_b − r_a‖² / ‖r_a‖², r being the residual stream behind a layer"
MOVED = "½ Σ|p_b − p_a| over the keys, p being the attention of a query"
OUTPUT_ERROR = "Σ‖(Ŵ − W)x‖² / Σ‖Wx‖², x being what the reference's own matrix reads"
DRIFT_DEFINITION = (
    f"drift: median over tokens of {DRIFT}; attention moved: ½ Σ|p_b − p_a|, mean over heads and queries; output error:"
    f" {OUTPUT_ERROR}. The first token of a sequence is left out of all of them"
)
PLAIN_DRIFT_DEFINITION = (
    "drift: median over tokens of |r_b - r_a|^2 / |r_a|^2, r being the residual stream behind a layer; attention moved:"
    " half the sum of |p_b - p_a|, mean over heads and queries; output error: |(W_b - W_a)x|^2 / |W_a x|^2 summed over"
    " tokens, x being what the reference's own matrix reads. The first token of a sequence is left out of all of them"
)


def read_text(run: RunRecord) -> str:
    """The text that was read, to be escaped."""
    sequences = "" if run.n_sequences == 1 else f" in {counted(run.n_sequences, 'sequence')}"
    return f"{counted(run.n_tokens, 'token')}{sequences} of {run.text or run.source}"


def output_lines(run: RunRecord) -> Iterator[tuple[str, str]]:
    """Label and text of what reached the output."""
    output = run.output
    yield "KL", _divergences(output)
    if output.same_top is not None:
        yield "top", f"{percent_text(output.same_top)} % of positions have the same likeliest token"
    if output.reference_perplexity is not None and output.model_perplexity is not None:
        of_both = short(output.reference_perplexity), short(output.model_perplexity)
        yield "perplexity", "{} of the reference, {} of the model".format(*of_both)


def _divergences(output: OutputDivergence) -> str:
    figures = (
        ("mean", output.kl_mean),
        ("median", output.kl_median),
        ("99 %", output.kl_99),
        ("largest", output.kl_max),
    )
    known = [f"{name} {short(value)}" for name, value in figures if value is not None]
    over = f"over {counted(output.n_positions, 'position')}"
    return f"{', '.join(known)} nats, {over}" if known else f"undefined {over}"


def worst_matrices(run: RunRecord, most: int) -> list[MatrixError]:
    """The matrices with the largest output errors above 0, the worst first."""
    erring = [matrix for matrix in run.matrices if matrix.error]
    return sorted(erring, key=lambda matrix: -(matrix.error or 0.0))[:most]


def some_layers(run: RunRecord, most: int) -> list[LayerDrift]:
    """Layers at equal distances, the last among them; all where there are few."""
    step = -(-len(run.layers) // most)
    return run.layers[::-1][::step][::-1]


def worst_head(matrix: MatrixError) -> tuple[int, float] | None:
    """The head with the largest error, and that; None where there are none."""
    known = [(value, number) for number, value in enumerate(matrix.heads) if value]
    return (max(known)[1], max(known)[0]) if known else None


def worst_expert(matrix: MatrixError) -> tuple[int, float] | None:
    """The expert with the largest error, and that; None where there are none."""
    known = [(each.error, each.expert) for each in matrix.experts if each.error]
    return (max(known)[1], max(known)[0]) if known else None


def tops_text(position: HurtPosition, arrow: str) -> str:
    """The likeliest tokens of the two, which are escaped, with their probabilities."""
    ours = f"'{position.reference_top}' {percent_text(position.reference_share)} %"
    return f"{ours} {arrow} '{position.model_top}' {percent_text(position.model_share)} %"


def texts_of(values: Sequence[float | None]) -> list[str]:
    """Numbers as people read them; nothing where undefined."""
    return ["" if value is None else short(value) for value in values]
