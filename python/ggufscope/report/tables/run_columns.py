"""Two models that read the same tokens, in columns: drift of layers, errors of matrices, divergence by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...saving.tables import columns_of
from ..content.diff_words import labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.run_record import HurtPosition, RunRecord
    from ...saving.tables import ColumnAbout, DataColumn
    from ..content.results import ReportData

_MODEL: ColumnAbout = ("model", "text", "name of its file")
_DRIFTS: tuple[ColumnAbout, ...] = (
    _MODEL,
    ("layer", "integer", ""),
    ("drift", "number", "median over tokens of ‖r_b − r_a‖² / ‖r_a‖², r being the residual stream behind the layer"),
    ("drift_total", "number", "Σ‖r_b − r_a‖² / Σ‖r_a‖² over tokens"),
    ("drift_first", "number", "the same over the first token of each sequence"),
    ("cosine", "number", "between r_a and r_b, median over tokens"),
    ("attention", "number", "½ Σ|p_b − p_a| over the keys, mean over heads and queries"),
    ("same_experts", "number", "share of tokens that were sent to the same experts"),
)
_OUTPUT_ERRORS: tuple[ColumnAbout, ...] = (
    _MODEL,
    ("name", "text", "of the tensor, in the reference"),
    ("model_name", "text", "in the model, where it has another name there"),
    ("part", "text", "place in the network"),
    ("role", "text", "what the tensor is in its layer"),
    ("layer", "integer", ""),
    ("reference_type", "text", "of ggml"),
    ("model_type", "text", "of ggml"),
    ("n_tokens", "integer", "that were multiplied"),
    ("error", "number", "Σ‖(Ŵ − W)x‖² / Σ‖Wx‖², x being what the reference's matrix reads"),
    ("error_first", "number", "the same over the first token of each sequence"),
)
_PARTS: tuple[ColumnAbout, ...] = (
    _MODEL,
    ("name", "text", "of the tensor, in the reference"),
    ("part", "text", "place in the network"),
    ("kind", "text", "head or expert"),
    ("index", "integer", "number of the head or expert"),
    ("n_tokens", "integer", "of an expert: that were sent to it"),
    ("error", "number", "Σ‖(Ŵ − W)x‖² / Σ‖Wx‖² of it alone"),
)
_POSITIONS: tuple[ColumnAbout, ...] = (
    _MODEL,
    ("sequence", "text", "id of the text or prompt"),
    ("position", "integer", "of the last token that was read, from 0"),
    ("kl", "number", "Σ p_a ln(p_a / p_b) of the next token, in nats"),
    ("before", "text", "where it hurts most: the text that ends there"),
    ("next", "text", "likewise: the token that follows"),
    ("reference_top", "text", "likewise: the likeliest token of the reference"),
    ("reference_share", "number", "likewise: its probability"),
    ("model_top", "text", "likewise: the likeliest token of the model"),
    ("model_share", "number", "likewise: its probability"),
)


def runs_of(data: ReportData) -> list[tuple[str, RunRecord]]:
    """The label of each model that was run, and its run."""
    if data.diff is None:
        return []
    document = data.diff.document
    models = zip(labels(document), document.models, strict=True)
    return [(label, model.run) for label, model in models if model.run is not None]


def drift_columns(data: ReportData) -> list[DataColumn]:
    """A row for each layer of each model."""
    return columns_of(_DRIFTS, [{"model": label, **vars(each)} for label, run in runs_of(data) for each in run.layers])


def output_error_columns(data: ReportData) -> list[DataColumn]:
    """A row for each matrix of each model."""
    rows = [{"model": label, **vars(matrix)} for label, run in runs_of(data) for matrix in run.matrices]
    return columns_of(_OUTPUT_ERRORS, rows)


def output_error_part_columns(data: ReportData) -> list[DataColumn]:
    """A row for each head or expert of each matrix that has some."""
    return columns_of(_PARTS, [row for label, run in runs_of(data) for row in _parts(label, run)])


def _parts(label: str, run: RunRecord) -> Iterator[dict[str, Any]]:
    for matrix in run.matrices:
        about = {"model": label, "name": matrix.name, "part": matrix.part}
        for index, error in enumerate(matrix.heads):
            yield {**about, "kind": "head", "index": index, "n_tokens": None, "error": error}
        for expert in matrix.experts:
            yield {
                **about,
                "kind": "expert",
                "index": expert.expert,
                "n_tokens": expert.n_tokens,
                "error": expert.error,
            }


def position_columns(data: ReportData) -> list[DataColumn]:
    """A row for each position of each sequence; of a run without them one for each where it hurts most."""
    return columns_of(_POSITIONS, [row for label, run in runs_of(data) for row in _positions(label, run)])


def _positions(label: str, run: RunRecord) -> Iterator[dict[str, Any]]:
    worst = {(each.sequence, each.position): each for each in run.worst}
    if not run.sequences:
        yield from (_position(label, *place, each.kl, each) for place, each in worst.items())
    for sequence in run.sequences:
        for position, kl in enumerate(sequence.kl):
            yield _position(label, sequence.sequence, position, kl, worst.get((sequence.sequence, position)))


def _position(label: str, sequence: str, position: int, kl: float | None, hurt: HurtPosition | None) -> dict[str, Any]:
    told = {} if hurt is None else vars(hurt)
    return {**told, "model": label, "sequence": sequence, "position": position, "kl": kl}
