"""The documentation site builds without a warning, its links lead somewhere, and it needs no network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.browser import Visit, browser
from support.documents import document
from support.site import Anchors, broken_links, build_site, is_elsewhere, mkdocs_needed

pytestmark = mkdocs_needed


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site")
    assert build_site(directory) == []
    return directory


def test_every_link_leads_to_a_page_and_a_place_in_it(site: Path) -> None:
    assert broken_links(site) == []


def test_links_that_lead_nowhere_are_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="here"></p><a href="b.html"></a><a href="#there"></a><a href="#here"></a>')
    assert broken_links(tmp_path) == ["a.html: b.html", "a.html: #there"]


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 25
    assert [link for page in pages for link in Anchors(page).loads if is_elsewhere(link)] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert "url(http" not in styles


def test_no_list_or_table_is_left_as_text(site: Path) -> None:
    """Lists in lists and tables in them take four spaces here, where code hosts are content with three."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        prose = re.sub(r"<(pre|code|script)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert re.findall(r"^ *(?:\*|\|) .*", prose, flags=re.MULTILINE) == [], page.name


def test_a_notebook_is_a_page_with_its_outputs(site: Path) -> None:
    cells = json.loads(document("docs/notebook.ipynb"))["cells"]
    page = (site / "notebook.html").read_text(encoding="utf-8")
    assert page.count('<div class="notebook-output">') == sum(len(cell.get("outputs", [])) for cell in cells)
    assert (site / "notebook.ipynb").is_file()


def test_a_page_opened_as_a_file_is_searched_without_a_network(site: Path) -> None:
    with browser() as chromium, Visit(chromium, site / "metrics.html", drawn=False) as visit:
        visit.page.locator("[data-md-component=search-query]").press_sequentially("kurtosis")
        visit.page.locator(".md-search-result__link").first.wait_for(state="attached")
        assert visit.complaints == []
        assert visit.outside() == []
