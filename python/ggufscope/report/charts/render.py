"""From a chart to what is shown: Vega-Lite with a theme's colours, SVG, PNG, and the script that draws it on a page."""

from __future__ import annotations

import copy
import errno
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...errors import OutputError
from ...text.escape import escape
from .panels import sized
from .theme import configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..content.chart import Chart, Specification

Made = TypeVar("Made")

CANNOT_BE_DRAWN = "charts cannot be drawn"
WIDTH = 720  # of SVG and PNG files, in CSS pixels
PNG_SCALE = 2.0  # device pixels per CSS pixel
_TITLE_ADVANCE, _SENTENCE_ADVANCE = 7.9, 6.2  # mean width of a character of title and subtitle, in pixels
_LABEL_ADVANCE, _LONGEST_LABEL = 6.0, 130  # of an axis
_PADDING = 12
_NEVER_CUT = 8  # characters of the widest kind that fit the shortest limit of a label
_IDENTIFIER = re.compile(r"""( id="|url\(#)(gradient_|clip)(\d+)("|\))""")
_GLOBALS = "window.vega = vega; window.vegaLite = vegaLite; window.vegaEmbed = vegaEmbed;"


def themed(chart: Chart, theme: str) -> Specification:
    """The specification for a page, as wide as its container, in the colours of a theme.

    It has no title: the page writes that around it.

    Args:
        chart: the chart.
        theme: `"light"` or `"dark"`.
    """
    found = copy.deepcopy(chart.specification)
    found["config"] = configuration(theme) | {"background": "transparent"}
    return _visible(found)


def still(chart: Chart, theme: str, width: int = WIDTH) -> Specification:
    """The specification of a picture that stands alone: of fixed width, with title and sentence on top."""
    found = _texts_shown(copy.deepcopy(chart.still or chart.specification), _whole)
    _set_width(found, width)
    found["title"] = {
        "text": textwrap.wrap(chart.title, int((width - 2 * _PADDING) / _TITLE_ADVANCE)),
        "subtitle": textwrap.wrap(chart.sentence, int((width - 2 * _PADDING) / _SENTENCE_ADVANCE)),
    }
    found["description"] = chart.alt
    found["padding"] = _PADDING
    found["config"] = configuration(theme)
    return _visible(found)


def _visible(specification: Specification) -> Specification:
    """The specification with the invisible characters of all texts and names of columns escaped.

    SVG has no place for most of them: the library that draws it ends the process.
    """
    return _texts_shown(specification, escape)


def _whole(text: str) -> str:
    """A text with its characters of two UTF-16 units (emoji) escaped where it is so long that Vega may cut it.

    Vega cuts labels between any two units, and the library that measures what is left refuses half a character.
    """
    if len(text) <= _NEVER_CUT or text.isascii():
        return text
    return "".join(c if c <= "\uffff" else c.encode("unicode_escape").decode() for c in text)


def _texts_shown(specification: Specification, show: Callable[[str], str]) -> Specification:
    """The specification with all texts and names of columns as `show` has them."""
    return {show(key): _value_shown(value, show) for key, value in specification.items()}


def _value_shown(value: Any, show: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return show(value)
    if isinstance(value, list):
        return [_value_shown(each, show) for each in value]
    return _texts_shown(value, show) if isinstance(value, dict) else value


def _set_width(specification: dict[str, Any], width: int) -> None:
    """In place of the container's; views side by side or on top of each other have their own."""
    if "panels" in specification.get("usermeta", {}):
        sized(specification, width - 2 * _PADDING)
        del specification["usermeta"]
        return
    label = specification.pop("usermeta", {}).get("axis", 0) * _LABEL_ADVANCE
    margin = min(label, _LONGEST_LABEL) + 2 * _PADDING + 8
    for view in (specification, *specification.get("vconcat", ())):
        if view.get("width") == "container":
            view["width"] = width if view is specification else round(width - margin)


@dataclass(frozen=True)
class Conversion(Generic[Made]):
    """A call of vl-convert, and how what it makes becomes what was asked for.

    Attributes:
        function: of vl-convert.
        arguments, options: of the call; plain values, as JSON has them.
        finish: what it made → what was asked for.
    """

    function: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    finish: Callable[[Any], Made]

    def run(self) -> Made:
        """Convert in this process.

        Raises:
            OutputError: The system refuses threads or memory; vl-convert panics then, which is no Exception.
        """
        import vl_convert  # noqa: PLC0415  part of an extra

        try:
            return self.finish(getattr(vl_convert, self.function)(*self.arguments, **self.options))
        except (Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as panic:
            raise OutputError(errno.EAGAIN, f"{CANNOT_BE_DRAWN}: {' '.join(str(panic).split())}") from None


def svg_conversion(chart: Chart, theme: str, width: int = WIDTH) -> Conversion[str]:
    """The conversion that `svg` does."""
    return Conversion("vegalite_to_svg", (still(chart, theme, width),), {"vl_version": _version()}, _renumbered)


def png_conversion(picture: str) -> Conversion[bytes]:
    """The conversion that `png` does."""
    return Conversion("svg_to_png", (picture,), {"scale": PNG_SCALE}, bytes)


def script_conversion() -> Conversion[str]:
    """The conversion that `vega_script` does."""
    return Conversion("javascript_bundle", (_GLOBALS,), {"vl_version": _version()}, _inside_script)


def svg(chart: Chart, theme: str = "light", width: int = WIDTH) -> str:
    """The chart as SVG, without scripts; the same text for the same input.

    Args:
        chart: the chart.
        theme: `"light"` or `"dark"`.
        width: in pixels.
    """
    return svg_conversion(chart, theme, width).run()


def _renumbered(picture: str) -> str:
    """The picture with its gradients and clips numbered from 1: Vega counts on from one picture to the next."""
    numbers: dict[str, str] = {}

    def renumber(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}{numbers.setdefault(match[3], str(len(numbers) + 1))}{match[4]}"

    return _IDENTIFIER.sub(renumber, picture)


def png(picture: str) -> bytes:
    """A picture of `svg` as PNG, two pixels to one of SVG; the same bytes for the same input and the same fonts."""
    return png_conversion(picture).run()


@cache
def _version() -> str:
    """The version of Vega-Lite that altair writes, as vl-convert names it."""
    import altair  # noqa: PLC0415

    return ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


@cache
def vega_script() -> str:
    """Vega, Vega-Lite and vega-embed in one script without imports; it defines `vega`, `vegaLite` and `vegaEmbed`.

    It is meant for the inside of a `<script>` element: `</script` does not occur in it.
    """
    return script_conversion().run()


def _inside_script(script: str) -> str:
    return script.replace("</script", "<\\/script").strip()
