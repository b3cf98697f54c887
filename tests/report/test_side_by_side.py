"""Charts drawn in processes of their own are those that one process draws, and processes that fail are told."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

import pytest

from ggufscope.errors import OutputError
from ggufscope.report.charts import draw, png, svg, vega_script
from ggufscope.report.charts.render import Conversion, png_conversion, script_conversion, svg_conversion
from ggufscope.report.charts.side_by_side import SideBySide
from ggufscope.report.writing import begin_drawing
from support.report_models import profile_alone

pytest.importorskip("altair", reason="charts need the extra report")


@pytest.fixture
def charts(write_gguf):
    return draw(profile_alone("usual", write_gguf)).charts


def test_side_by_side_is_drawn_what_one_process_draws(charts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise AssertionError('a module of the directory was imported')")
    with SideBySide(2) as side_by_side:
        script = side_by_side.submit(script_conversion())
        pictures = [side_by_side.submit(svg_conversion(chart, "light")) for chart in charts]
        assert [picture() for picture in pictures] == [svg(chart, "light") for chart in charts]
        assert script() == vega_script()
        picture = pictures[0]()
        assert side_by_side.submit(png_conversion(picture))() == png(picture)
        processes = list(side_by_side._started)
        assert len(processes) == 2
    assert all(process.returncode is not None for process in processes)


def test_what_is_prepared_is_drawn_once(monkeypatch):
    calls = []
    call = SideBySide._call
    monkeypatch.setattr(SideBySide, "_call", lambda self, asked: calls.append(asked.function) or call(self, asked))
    with begin_drawing(["md", "html"], 2) as drawing:
        assert drawing.submit(script_conversion())() == vega_script()
        with pytest.raises(ValueError, match="unknown token"):
            drawing.submit(Conversion("svg_to_png", ("no picture",), {}, bytes))()
    assert calls == ["javascript_bundle", "svg_to_png"]
    for formats, threads in ((["md", "svg"], 2), (["md", "html"], 1)):
        with begin_drawing(formats, threads) as drawing:
            assert not drawing._prepared


def test_what_cannot_be_drawn_is_told(charts):
    with SideBySide(1) as side_by_side:
        with pytest.raises(ValueError, match="unknown token"):
            side_by_side.submit(Conversion("svg_to_png", ("no picture",), {}, bytes))()
        assert side_by_side.submit(svg_conversion(charts[0], "light"))() == svg(charts[0], "light")
        os.kill(side_by_side._started[0].pid, signal.SIGKILL)
        with pytest.raises(OutputError, match="charts cannot be drawn: "):
            side_by_side.submit(svg_conversion(charts[0], "light"))()


def test_a_process_that_ended_before_it_read_is_told():
    def killed():
        with SideBySide(1) as side_by_side:
            call = Conversion("svg_to_png", ("no picture",), {}, bytes)  # short enough to stay in the pipe's buffer
            with pytest.raises(ValueError, match="unknown token"):
                side_by_side.submit(call)()
            (process,) = side_by_side._started
            process.kill()
            process.wait()
            side_by_side.submit(call)()

    with pytest.raises(OutputError, match="charts cannot be drawn: "):
        killed()


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("raise ImportError('no library')", "no library"),
        ("import os; os._exit(1)", "the process that draws them ended"),
        ("def svg_to_png(picture): raise MemoryError", "MemoryError"),
        ("def svg_to_png(picture): return None", "NoneType"),
        ("", "has no attribute 'svg_to_png'"),
    ],
)
def test_a_broken_package_is_told_once(module, told, tmp_path, monkeypatch):
    (tmp_path / "vl_convert.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    with SideBySide(1) as side_by_side, pytest.raises(OutputError) as refused:
        side_by_side.submit(Conversion("svg_to_png", ("picture",), {}, bytes))()
    assert str(refused.value).count("charts cannot be drawn: ") == 1
    assert told in str(refused.value)


def test_what_the_package_prints_is_no_answer(tmp_path, monkeypatch):
    module = "def svg_to_png(picture):\n    print('drawing', flush=True)\n    return b'x'\n"
    (tmp_path / "vl_convert.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    with SideBySide(1) as side_by_side:
        assert side_by_side.submit(Conversion("svg_to_png", ("picture",), {}, bytes))() == b"x"


def test_processes_end_when_what_waits_for_them_is_stopped(charts):
    def stopped():
        with SideBySide(1) as side_by_side:
            side_by_side.submit(svg_conversion(charts[0], "light"))()
            for _ in range(200):
                side_by_side.submit(script_conversion())
            processes.extend(side_by_side._started)
            raise KeyboardInterrupt

    processes = []
    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [process.returncode for process in processes] == [-signal.SIGKILL]


def test_a_process_that_starts_at_the_end_ends_too(monkeypatch):
    starts, real = threading.Event(), subprocess.Popen

    def slowly(*arguments, **options):
        starts.set()
        threading.Event().wait(0.2)  # the end of the block comes meanwhile
        return real(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", slowly)
    with SideBySide(2) as side_by_side:
        side_by_side.submit(script_conversion())
        side_by_side.submit(script_conversion())
        assert starts.wait(10)
    assert side_by_side._started
    assert {process.returncode for process in side_by_side._started} == {-signal.SIGKILL}
