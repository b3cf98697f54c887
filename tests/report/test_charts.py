"""Every chart on every model a report has to cope with."""

from __future__ import annotations

import re

import pytest
from report_models import MODELS, results

from ggufscope.report.charts import draw, svg
from ggufscope.report.charts.registry import makers

altair = pytest.importorskip("altair", reason="charts need the extra report")


@pytest.fixture(params=MODELS)
def data(request, write_gguf):
    return results(request.param, write_gguf)


def test_every_chart_is_drawn_or_its_absence_explained(data):
    drawn = draw(data)
    families = {name: [entry for entry in drawn.charts if entry.name.startswith(name)] for name in makers()}
    for name, found in families.items():
        assert bool(found) != (name in drawn.left_out)
    assert all(reason and reason == reason.strip() for reason in drawn.left_out.values())
    names = [entry.name for entry in drawn.charts]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


def test_specifications_are_vega_lite(data):
    for entry in draw(data).charts:
        for specification in filter(None, (entry.specification, entry.still)):
            altair.Chart.from_dict(specification, validate=True)


def test_pictures_are_not_empty_and_always_the_same(data):
    first, second = draw(data).charts, draw(data).charts
    for entry, again in zip(first, second, strict=True):
        picture = svg(entry, "light")
        assert picture == svg(again, "light")
        assert picture.startswith("<svg")
        assert len(re.findall(r'class="mark-(?:rect|line|symbol|rule|area|text)', picture)) > 0
        assert picture != svg(entry, "dark")
        assert "NaN" not in picture
