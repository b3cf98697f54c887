"""The results to render with everything that several renderers need of them, made once."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from .._version import __version__
from ..errors import MissingExtraError
from .content.chart import DrawnCharts
from .content.shown import Shown
from .packages import require_charts
from .tables.registry import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..saving.tables import DataTable
    from .charts.render import Conversion
    from .charts.side_by_side import SideBySide
    from .content.chart import Chart
    from .content.results import ReportData

Made = TypeVar("Made")

_ABOUT = ("name", "architecture", "file_type", "synthetic", "identity")


class Report:
    """The results to render.

    Args:
        data: the results.
        left_out: why no charts are drawn, and a page carries no files of its tables; None where it has both.
        side_by_side: processes that draw; None: everything is drawn in this one.

    Attributes:
        data: the results.
        left_out: that reason.
    """

    def __init__(self, data: ReportData, left_out: str | None = None, side_by_side: SideBySide | None = None) -> None:
        self.data = data
        self.left_out = left_out
        self._side_by_side = side_by_side

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
    def pictures(self) -> dict[str, Callable[[], str]]:
        """Name of a chart → a function that waits for its picture; who asks early has them sooner."""
        from .charts.render import svg_conversion  # noqa: PLC0415

        return {chart.name: self._begin(svg_conversion(chart, "light")) for chart in self.drawn.charts}

    @cached_property
    def script(self) -> Callable[[], str]:
        """A function that waits for the script that draws charts on a page; who asks early has it sooner.

        Raises:
            MissingExtraError: The packages for charts are not installed.
        """
        require_charts()
        from .charts.render import script_conversion  # noqa: PLC0415

        return cache(self._begin(script_conversion()))

    def _begin(self, conversion: Conversion[Made]) -> Callable[[], Made]:
        return conversion.run if self._side_by_side is None else self._side_by_side.submit(conversion)

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
        return self.pictures[chart.name]()

    def images(self) -> Iterator[tuple[Chart, bytes]]:
        """Every chart as PNG, in light colours."""
        from .charts.render import png_conversion  # noqa: PLC0415

        begun = [(chart, self._begin(png_conversion(self.picture(chart)))) for chart in self.drawn.charts]
        return ((chart, image()) for chart, image in begun)
