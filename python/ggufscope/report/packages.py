"""The optional packages that charts need, asked for before any work starts."""

from __future__ import annotations

from ..extras import need

CHART_PACKAGES = ("altair", "vl_convert", "jinja2")  # as they are imported


def require_charts() -> None:
    """Make sure that the extra `report` is installed.

    Raises:
        MissingExtraError: It is not; the line says what is missing and how to install it.
    """
    for package in CHART_PACKAGES:
        need(package, "report")
