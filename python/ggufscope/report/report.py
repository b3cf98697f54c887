"""The results to render with everything that several renderers need of them, made once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import MissingExtraError
from .content.chart import DrawnCharts
from .content.shown import Shown
from .packages import require_charts
from .tables.registry import tables

if TYPE_CHECKING:
    from .content.chart import Chart
    from .content.results import ReportData
    from .tables.columns import DataTable

_ABOUT = ("name", "architecture", "file_type", "synthetic", "identity")


class Report:
    """The results to render.

    Args:
        data: the results.
        left_out: why no charts are drawn, and a page carries no files of its tables; None where it has both.

    Attributes:
        data: the results.
        left_out: that reason.
    """

    def __init__(self, data: ReportData, left_out: str | None = None) -> None:
        self.data = data
        self.left_out = left_out
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
        if self.left_out is not None:
            return DrawnCharts([], {"all": self.left_out})
        from .charts import draw  # noqa: PLC0415  an extra

        return draw(self.data)

    @cached_property
    def shown(self) -> Shown:
        """The results with their charts, where the packages for charts are installed."""
        return Shown(self.data, self.drawn) if self.has_charts else Shown(self.data)

    @property
    def about(self) -> dict[str, Any]:
        """The version and the model, for the metadata of files."""
        subject = self.data.subject
        facts = {name: getattr(subject, name, None) for name in _ABOUT}
        model = {"title": self.data.title, **facts, "n_elements": self.data.n_elements}
        return {"version": __version__, "model": model}

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
