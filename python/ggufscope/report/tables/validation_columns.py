"""Predicted and measured in columns: one row for every layer or head of every quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...saving.tables import DataColumn
from ...validation.quantities import PREDICTORS

if TYPE_CHECKING:
    from ..content.results import ReportData


def validation_columns(data: ReportData) -> list[DataColumn]:
    """A row for each layer or head of each quantity; the columns of every predictor are there in every model."""
    quantities = data.validation.document.quantities if data.validation else []
    rows = [(quantity, point) for quantity in quantities for point in quantity.points]
    return [
        DataColumn("quantity", "text", "what was measured", [quantity.name for quantity, _ in rows]),
        DataColumn("per", "text", "layer or head", [quantity.per for quantity, _ in rows]),
        DataColumn("layer", "integer", "", [point.layer for _, point in rows]),
        DataColumn("head", "integer", "empty for a whole layer", [point.head for _, point in rows]),
        DataColumn(
            "unit", "text", "of what was measured; empty for plain numbers", [quantity.unit for quantity, _ in rows]
        ),
        DataColumn("measured", "number", "over the prompts", [point.measured for _, point in rows]),
        DataColumn("measured_low", "number", "low end of its 95 % interval", [point.low for _, point in rows]),
        DataColumn("measured_high", "number", "high end of its 95 % interval", [point.high for _, point in rows]),
        *(
            DataColumn(
                f"predicted_{name}",
                "number",
                f"by {name}, in its own unit",
                [point.predicted.get(name) for _, point in rows],
            )
            for name in PREDICTORS
        ),
    ]
