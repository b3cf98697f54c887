"""What several renderers of the same results need, made once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import MissingExtraError
from .packages import require_charts
from .tables.collect import tables

if TYPE_CHECKING:
    from .content.chart import Chart, DrawnCharts
    from .content.results import ReportData
    from .tables.columns import DataTable

_ABOUT = ("name", "architecture", "file_type", "synthetic", "identity", "n_elements")


class Report:
    """The results to render.

    Attributes:
        data: the results.
    """

    def __init__(self, data: ReportData) -> None:
        self.data = data
        self._pictures: dict[str, str] = {}

    @property
    def has_charts(self) -> bool:
        """Whether the packages for charts are installed."""
        try:
            require_charts()
        except MissingExtraError:
            return False
        return True

    @cached_property
    def drawn(self) -> DrawnCharts:
        """All charts, and why some are missing.

        Raises:
            MissingExtraError: The packages for charts are not installed.
        """
        from .charts import draw  # noqa: PLC0415  an extra

        return draw(self.data)

    @property
    def about(self) -> dict[str, Any]:
        """What the results are about, for the metadata of files."""
        data = self.data
        subjects = (
            data.analysis and data.analysis.document.model,
            data.profile and data.profile.model,
            data.validation and data.validation.document.model,
        )
        source = next(filter(None, subjects), None)
        found = {name: getattr(source, name, None) for name in _ABOUT}
        return {"version": __version__, "model": {"title": self.data.title, **found}}

    @cached_property
    def tables(self) -> list[DataTable]:
        """The tables that have rows."""
        return tables(self.data)

    def picture(self, chart: Chart) -> str:
        """A chart of this report as SVG, in light colours."""
        from .charts import svg  # noqa: PLC0415

        if chart.name not in self._pictures:
            self._pictures[chart.name] = svg(chart, "light")
        return self._pictures[chart.name]
