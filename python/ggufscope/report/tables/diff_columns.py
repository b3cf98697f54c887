"""The errors of a diff in columns: of models as a whole, and tensor by tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...diffs.rows import COLUMNS, tensor_rows
from ...saving.tables import DataColumn
from ..content.diff_words import labels

if TYPE_CHECKING:
    from ...diffs.records import DiffedModel, ModelDiff
    from ...saving.tables import Kind
    from ..content.results import ReportData

_TEXTS = {
    "name",
    "model_name",
    "role",
    "stack",
    "kind",
    "reference_type",
    "model_type",
    "views",
    "max_abs_error_tensor",
}
_INTEGERS = {"layer", "reference_bytes", "model_bytes", "n_elements", "non_finite_count", "changed_rows"}
_INTEGERS |= {"n_tensors", "n_identical", "n_tokens", "n_positions"}
_PLACES = {"shape", "max_abs_error_index"}
_OF_MODEL = {
    "nmse": COLUMNS["nmse"],
    "sqnr_db": COLUMNS["sqnr_db"],
    "rmse": COLUMNS["rmse"],
    "cosine": COLUMNS["cosine"],
    "bias": COLUMNS["bias"],
    "rescale": COLUMNS["rescale"],
    "max_abs_error": COLUMNS["max_abs_error"],
    "max_abs_error_tensor": "the tensor that has it",
    "unchanged": COLUMNS["unchanged"],
    "non_finite_count": COLUMNS["non_finite_count"],
    "weighted_nmse": COLUMNS["weighted_nmse"],
    "n_tensors": "that were compared",
    "n_identical": "of them, those whose stored bytes are equal",
    "element_coverage": "weights that were compared / weights of the reference",
}


_OF_RUN = {
    "n_tokens": "that both read",
    "n_positions": "over which divergences are taken",
    "kl_mean": "mean of Σ p_a ln(p_a / p_b) of the next token, in nats",
    "kl_median": "its median",
    "kl_99": "its 99 % quantile",
    "kl_max": "its largest value",
    "kl_first": "mean behind the first token of each sequence",
    "same_top": "share of positions whose likeliest token is the same",
    "reference_perplexity": "of the reference, on the text that both read",
    "model_perplexity": "of the model, on the same",
}


def model_columns(data: ReportData) -> list[DataColumn]:
    """A row for each model; what came of a run is empty where there was none."""
    if data.diff is None:
        return []
    document = data.diff.document
    models = document.models
    subjects = [model.subject for model in models]
    about = [
        DataColumn("model", "text", "name of its file", labels(document)),
        DataColumn("file_type", "text", "as it declares", [subject.file_type for subject in subjects]),
        DataColumn("n_bytes", "integer", "of its tensors", [subject.n_bytes for subject in subjects]),
        DataColumn("bits_per_weight", "number", "", [subject.bits_per_weight for subject in subjects]),
        DataColumn("size_ratio", "number", "its bytes / those of the reference", _ratios(document.reference, subjects)),
        DataColumn(
            "identical", "integer", "1 where all bytes are equal", [int(each.identical_bytes) for each in models]
        ),
        *(
            DataColumn(name, "integer", meaning, [len(getattr(model, field)) for model in models])
            for name, field, meaning in (
                ("n_missing", "missing", "tensors that only the reference has"),
                ("n_extra", "extra", "tensors that only the model has"),
                ("n_reshaped", "reshaped", "tensors of another shape"),
                ("n_metadata", "metadata", "keys that differ"),
            )
        ),
    ]
    figures = [
        DataColumn(name, _kind(name), meaning, [getattr(model.summary, name) for model in models])
        for name, meaning in _OF_MODEL.items()
    ]
    return [*about, *figures, *_run_columns(models)]


def _run_columns(models: list[ModelDiff]) -> list[DataColumn]:
    told = [{} if each.run is None else {"n_tokens": each.run.n_tokens, **vars(each.run.output)} for each in models]
    return [
        DataColumn(name, _kind(name), meaning, [figures.get(name) for figures in told])
        for name, meaning in _OF_RUN.items()
    ]


def _ratios(reference: DiffedModel, subjects: list[DiffedModel]) -> list[float | None]:
    return [subject.n_bytes / reference.n_bytes if reference.n_bytes else None for subject in subjects]


def error_columns(data: ReportData) -> list[DataColumn]:
    """A row for each tensor of each model."""
    if data.diff is None:
        return []
    document = data.diff.document
    rows = [
        {"model": name, **row, "identical": int(row["identical"])}
        for name, model in zip(labels(document), document.models, strict=True)
        for row in tensor_rows(model)
    ]
    if not rows:
        return []
    columns: dict[str, str] = {
        "model": "name of its file",
        **COLUMNS,
        "identical": "1 where the stored bytes are equal",
    }
    return [DataColumn(name, _kind(name), meaning, _values(name, rows)) for name, meaning in columns.items()]


def _values(name: str, rows: list[dict[str, Any]]) -> list[Any]:
    return [row[name] for row in rows]


def _kind(name: str) -> Kind:
    if name in _TEXTS or name == "model":
        return "text"
    if name in _PLACES:
        return "integers"
    return "integer" if name in _INTEGERS or name == "identical" else "number"
