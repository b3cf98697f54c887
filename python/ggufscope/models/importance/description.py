"""What there is to say of an importance matrix, as plain data: for JSON, and for the screen."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from ...text.names import base_name
from .coverage import coverage_of
from .statistics import ImportanceStatistics, statistics_of

if TYPE_CHECKING:
    from ..model import Model
    from .importance import Importance

SCHEMA = "ggufscope.imatrix/1"
IMPORTANCE_COLUMNS = tuple(field.name for field in fields(ImportanceStatistics))


def describe(importance: Importance, model: Model | None = None) -> dict[str, Any]:
    """Form, texts, statistics of each tensor (`statistics`), and what it covers of a model where one is at hand.

    Raises:
        ImportanceError: The importance matrix is of another model, or its file changed since it was opened.
        GGUFError: A file shrank since it was opened.
    """
    sums = importance.sums.values()
    return {
        "schema": SCHEMA,
        "file": base_name(importance.path),
        "form": importance.form,
        "datasets": importance.datasets,
        "chunk_count": importance.chunk_count,
        "chunk_size": importance.chunk_size,
        "n_tensors": len(sums),
        "n_matrices": sum(each.n_matrices for each in sums),
        "n_without_data": sum(len(each.without_data) for each in sums),
        "others": importance.others,
        "coverage": None if model is None else _coverage(importance, model),
        "tensors": [asdict(each) for each in statistics_of(importance)],
    }


def _coverage(importance: Importance, model: Model) -> dict[str, Any]:
    coverage = coverage_of(importance, model)
    return {"model": base_name(model.path), "share": coverage.share, **asdict(coverage)}
