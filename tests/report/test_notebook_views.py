"""Models, tensors and results as notebooks show them: HTML that is escaped, whole and of readable size."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.of_profiles import diff_profiles
from ggufscope.report.notebook.html import MOST_ROWS, histogram_html, table_html
from support import small_models

if TYPE_CHECKING:
    from conftest import WriteGguf

SAVED = Path(__file__).parents[1] / "saving" / "saved"
HOSTILE = "<script>alert(1)</script>\u202e"
VOID = {"br", "rect"}


class Balanced(HTMLParser):
    """Refuses tags that are not closed in turn, and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag != "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture
def hostile(write_gguf: WriteGguf) -> Path:
    model = small_models.llama()
    model["metadata"]["general.name"] = HOSTILE
    model["tensors"][HOSTILE] = np.array([1.0, np.nan, np.inf, -np.inf], np.float32)
    return write_gguf(**model)


def shown(value: Any) -> str:
    html: str = value._repr_html_()
    Balanced(html)
    assert "\u202e" not in html
    assert len(html) < 100_000
    return html


def test_a_model_and_its_tensors(hostile: Path) -> None:
    with gs.open(hostile) as model:
        html = shown(model)
        assert "&lt;script&gt;" in html
        assert "F32" in html
        tensor = model.tensors[HOSTILE]
        assert "no statistics taken yet" in shown(tensor)
        assert repr(tensor).endswith("F32 4>")
        tensor.statistics()
        html = shown(tensor)
        assert re.search(r"<td>1</td><td>2</td>", html), html
        assert "<svg" in html
        assert repr(tensor).endswith("F32 4, 1 NaN, 2 Inf>")
        assert "NaN=1, Inf=2" in repr(tensor.statistics())
        weights = model.tensors["blk.0.ffn_up.weight"]
        weights.statistics(fast=True)
        assert "<svg" not in shown(weights)
    assert "closed" in shown(model)


def test_results(hostile: Path, stories260k: Path, tmp_path: Path) -> None:
    profile = gs.profile(hostile)
    assert "1 NaN, 2 Inf" in repr(profile)
    assert "1 NaN, 2 Inf" in shown(profile)
    assert "1 NaN, 2 Inf" in repr(profile.tensors[HOSTILE])
    assert "layer 0" in shown(profile.layers[0])
    verdict = shown(gs.check(hostile))
    assert "not sound" in verdict
    assert "error" in verdict
    assert "3 unscored" in shown(gs.Trace.load(SAVED / "trace.json"))
    assert "held up" in shown(gs.Validation.load(SAVED / "validation.json"))
    assert "<td style" in shown(gs.Study.load(SAVED))
    assert "other statistics in" in shown(diff_profiles(profile, profile))
    fleet = gs.fleet([stories260k], tmp_path / "fleet")
    assert "sound" in shown(fleet)
    assert fleet.to_pandas()["architecture"].tolist() == ["llama"]
    assert fleet.to_polars("roles")["role"].len() > 5


def test_a_histogram_has_every_weight_within_reach() -> None:
    statistics = gs.summarize(np.random.default_rng(0).normal(0, 0.02, 100_000).astype(np.float32))
    html = histogram_html(statistics.histogram, statistics.std, statistics.abs_max)
    Balanced(html)
    heights = [float(height) for height in re.findall(r'height="([\d.]+)"/', html)]
    assert max(heights) == 60
    assert len(heights) <= 60
    assert html.count("currentColor") == 1
    for numbers in ([0.0, 0.0], [5.0, 5.0], [3e38, -3e38]):
        one = gs.summarize(np.array(numbers, np.float32))
        Balanced(histogram_html(one.histogram, one.std, one.abs_max))


def test_long_tables_say_that_they_are_cut() -> None:
    html = table_html(("name", "count"), [("tensor", number) for number in range(MOST_ROWS + 5)])
    assert html.count("<tr>") == MOST_ROWS + 1
    assert "… and 5 more" in html
    assert '<th style="text-align: left">name</th><th>count</th>' in html
