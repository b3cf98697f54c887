"""Bars in notebooks: shown for long work that nobody watches otherwise, taken away at the end, nowhere else."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

import ggufscope as gs
from ggufscope.fleets.running import FleetProgress
from ggufscope.text import notebook_bar
from ggufscope.text.notebook_bar import with_notebook_bar


class Shown:
    """Everything that was displayed, as a kernel would be told."""

    def __init__(self) -> None:
        self.bundles: list[dict[str, str]] = []

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool = False) -> Shown:
        assert raw
        self.bundles.append(bundle)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        self.display(bundle, raw=raw)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Shown:
    shown = Shown()
    package, display = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    package.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display.display = shown.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(notebook_bar, "_PATIENCE", 0.0)
    monkeypatch.setattr(notebook_bar, "_PAUSE", 0.0)
    return shown


def test_long_work_has_a_bar_that_goes(notebook: Shown, stories260k: Path, tmp_path: Path) -> None:
    profile = gs.profile(stories260k)
    assert notebook.bundles[-2]["text/plain"] == "profile: 1.17 MB of 1.17 MB, 100 %"
    assert '<progress value="1.000"' in notebook.bundles[-2]["text/html"]
    assert notebook.bundles[-1] == {"text/html": "", "text/plain": ""}
    diff = gs.diff(stories260k, stories260k)
    for work, word in (
        (lambda: gs.check(stories260k), "check: "),
        (lambda: gs.diff(stories260k, stories260k), "diff: "),
        (lambda: diff.run(text=["Once upon a time"]), "diff: "),
        (lambda: gs.trace(stories260k, text=["Once upon a time"]), "trace: "),
        (lambda: gs.fleet([stories260k], tmp_path), "fleet: "),
    ):
        notebook.bundles.clear()
        work()
        texts = [bundle["text/plain"] for bundle in notebook.bundles[:-1]]
        assert [text for text in texts if not text.startswith(word)] == []
        assert len(notebook.bundles) > 1
        assert notebook.bundles[-1]["text/html"] == ""
    assert profile.coverage == 1.0


def test_a_callback_of_ones_own_takes_its_place(notebook: Shown, stories260k: Path) -> None:
    told: list[tuple[int, int]] = []
    gs.profile(stories260k, progress=lambda *done: told.append(done))
    assert told
    assert notebook.bundles == []


def test_work_within_work_has_no_second_bar(notebook: Shown) -> None:
    @with_notebook_bar("inner")
    def inner(progress: Any = None) -> None:
        assert progress is None

    @with_notebook_bar("outer")
    def outer(*, progress: Any = None) -> None:
        progress("<b>", 0.5)
        progress(FleetProgress(3, 100, 1, 25, "model"))
        progress(0, 0)
        inner()

    outer()
    texts = [bundle["text/plain"] for bundle in notebook.bundles]
    assert texts == ["outer: <b>, 50 %", "outer: 1 of 3 models, model, 25 %", "outer: 0 B of 0 B", ""]
    assert "&lt;b&gt;" in notebook.bundles[0]["text/html"]


def test_an_interrupt_takes_the_bar_away(notebook: Shown) -> None:
    @with_notebook_bar("work")
    def work(*, progress: Any = None) -> None:
        progress("a", 0.1)
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            work()
        assert notebook.bundles.pop()["text/html"] == ""


def test_short_work_has_none(notebook: Shown, monkeypatch: pytest.MonkeyPatch, stories260k: Path) -> None:
    monkeypatch.setattr(notebook_bar, "_PATIENCE", 100.0)
    gs.profile(stories260k)
    assert notebook.bundles == []


def test_elsewhere_there_is_none(stories260k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gs.profile(stories260k)
    assert capsys.readouterr() == ("", "")
