"""The table of what stands out: one row per finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .columns import DataColumn

if TYPE_CHECKING:
    from ..content.results import ReportData


def standout_columns(data: ReportData) -> list[DataColumn]:
    """The findings of all kinds, in their order, with every place and number that one of them has."""
    kinds = data.analysis.document.standouts or [] if data.analysis else []
    items = [item for record in kinds for item in record.items]
    places = dict.fromkeys(place for item in items for place in item.place)
    evidence = dict.fromkeys(what for item in items for what in item.evidence)
    return [
        DataColumn("kind", "text", "of the finding", [item.kind for item in items]),
        DataColumn("layer", "integer", "", [item.layer for item in items]),
        DataColumn("head", "integer", "query head", [item.head for item in items]),
        *(DataColumn(f"place_{name}", "integer", "", [item.place.get(name) for item in items]) for name in places),
        DataColumn("value", "number", "as the kind defines it", [item.value for item in items]),
        DataColumn("compared", "number", "times the usual", [item.compared for item in items]),
        *(
            DataColumn(f"evidence_{name}", "number", "", [item.evidence.get(name) for item in items])
            for name in evidence
        ),
        DataColumn("sentence", "text", "for the reader", [item.sentence for item in items]),
    ]
