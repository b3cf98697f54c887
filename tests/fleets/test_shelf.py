"""The shelf of a fleet: every model in a row, with a page of its own; what is wrong with some; in all formats."""

from __future__ import annotations

import csv
import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

import ggufscope as gs
from ggufscope.commands.app import main
from ggufscope.fleets.shelf import read_shelf
from support.browser import Visit, browser
from support.shelves import tiny_model, write_shelf

if TYPE_CHECKING:
    from support.command_line import RunCommand

HOSTILE = "<b>x<b>=1+1 \x1b[2J\n\u202e|](y).gguf"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of ten models, three of them damaged, and one of a hostile name."""
    models = tmp_path_factory.mktemp("models")
    write_shelf(models, 9)
    (models / HOSTILE).write_bytes(tiny_model(9))
    directory = tmp_path_factory.mktemp("shelf") / "out"
    gs.fleet(models, directory)
    return directory


@pytest.fixture(scope="module")
def report(out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shelf, written in all formats that have no pictures of their own."""
    directory = tmp_path_factory.mktemp("report")
    assert main(["report", str(out), "-o", str(directory), "--format", "html,md,csv,parquet"]) == 0
    return directory


def test_all_models_are_on_it_the_largest_first(out: Path) -> None:
    shelf = read_shelf(out)
    assert len(shelf.models) == 10
    sizes = [row["n_elements"] or 0 for row in shelf.models]
    assert sizes == sorted(sizes, reverse=True)
    assert {verdict: shelf.count(verdict) for verdict in ("sound", "errors", "failed")} == {
        "sound": 7,
        "errors": 1,
        "failed": 2,
    }
    spread = next(spread for spread in shelf.spreads if spread.role == "ffn_down")
    shares = [row["outlier_fraction_6"] for row in shelf.roles if row["role"] == "ffn_down"]
    assert (spread.n_models, spread.least, spread.most) == (8, min(shares), max(shares))
    assert spread.median == sorted(shares)[3]


def test_every_measured_model_has_a_page_that_links_lead_to(report: Path) -> None:
    page = (report / "report.html").read_text()
    links = set(re.findall(r'href="(models/[^"]*)"', page))
    pages = {str(path.relative_to(report)) for path in report.glob("models/*")}
    assert links == pages
    assert len(pages) == 8
    assert set(re.findall(r"\]\((models/[^)]*)\)", (report / "report.md").read_text())) == pages
    assert all((report / each).stat().st_size < 100_000 for each in pages)
    titles = [re.search("<title>(.*?) – ", (report / each).read_text()) for each in pages]
    assert {unescape(title[1]) for title in titles if title} >= {"model-0000.gguf", "model-0005.gguf"}


def test_without_pages_nothing_leads_to_them(out: Path, tmp_path: Path, run_command: RunCommand) -> None:
    assert run_command("report", out, "-o", tmp_path, "--format", "md")[0] == 0
    text = (tmp_path / "report.md").read_text()
    assert "model-0000" in text
    assert "(models/" not in text


def test_failures_stand_with_their_lines(report: Path, out: Path) -> None:
    lines = [row["failure"] for row in read_shelf(out).models if row["failure"]]
    page = unescape((report / "report.html").read_text())
    assert len(lines) == 2
    assert all(line in page for line in lines)


def test_tables_have_every_model(report: Path, out: Path) -> None:
    shelf = read_shelf(out)
    table = pq.read_table(report / "shelf.parquet")
    assert table["model"].to_pylist() == [row["model"] for row in shelf.models]
    assert table["kurtosis"].to_pylist() == [row["kurtosis"] for row in shelf.models]
    with (report / "shelf.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == [row["verdict"] for row in shelf.models]
    assert pq.read_table(report / "roles.parquet").num_rows == len(shelf.roles)


def test_names_are_no_markup(report: Path) -> None:
    for name in ("report.html", "report.md", "shelf.csv"):
        text = (report / name).read_text()
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<b>x<b>" not in (report / "report.html").read_text()
    assert "\\](y)" in (report / "report.md").read_text()


def test_a_report_again_replaces_its_own(report: Path, out: Path, run_command: RunCommand) -> None:
    before = {path: path.read_bytes() for path in report.rglob("*") if path.is_file()}
    gone = next((report / "models").iterdir())
    stale = gone.with_name("stale.html")
    stale.write_bytes(gone.read_bytes())
    code, _, err = run_command("report", out / "fleet.json", "-o", report, "--format", "html,md,csv,parquet")
    assert (code, err) == (0, "")
    assert {path: path.read_bytes() for path in report.rglob("*") if path.is_file()} == before


def test_it_shows_here_without_an_output(out: Path, run_command: RunCommand) -> None:
    code, text, err = run_command("report", out)
    assert (code, err) == (0, "")
    assert text.startswith("10 models\n7 sound · 1 not sound · 2 failed\n")
    assert "model-0008.gguf" in text


def test_a_damaged_table_is_3(out: Path, tmp_path: Path, run_command: RunCommand) -> None:
    (tmp_path / "model=x").mkdir()
    (tmp_path / "fleet.json").write_bytes((out / "fleet.json").read_bytes())
    (tmp_path / "model=x/model.parquet").write_bytes(b"PAR1 and no more PAR1")
    code, _, err = run_command("report", tmp_path)
    assert code == 3
    assert "model=x/model.parquet: malformed" in err


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_the_screen_and_asks_for_nothing(report: Path, width: int) -> None:
    with browser() as opened, Visit(opened, report / "report.html", width=width) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.page.locator("article.finding").count() == 2
        visit.page.locator("section.tables-part a").first.click()
        visit.page.wait_for_url("**/models/*.html")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (visit.complaints, visit.outside()) == ([], [])


def test_colours_of_verdicts_do_not_depend_on_which_ones_there_are(report: Path) -> None:
    bar = re.search(r'<div class="types".*?</div>', (report / "report.html").read_text(), re.DOTALL)
    assert bar is not None
    assert re.findall(r'class="s(\d)"', bar[0]) == ["0", "5", "6"]  # blue, vermilion and grey: no warnings here


def test_pages_of_models_show_commands_as_code(report: Path) -> None:
    for page in (report / "models").iterdir():
        text = page.read_text()
        assert "<code>check</code> asks all" in text
        assert "`" not in text[text.index("<main") :].split("<script")[0]
