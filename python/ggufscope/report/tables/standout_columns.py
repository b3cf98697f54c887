"""The table of what stands out: one row per finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts.standouts import standout_columns

if TYPE_CHECKING:
    from ...saving.tables import DataColumn
    from ..content.results import ReportData


def standout_table(data: ReportData) -> list[DataColumn]:
    """The findings of all kinds, in their order, with every place and number that one of them has."""
    return standout_columns([item for record in data.standouts or () for item in record.items])
