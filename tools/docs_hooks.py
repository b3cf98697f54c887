"""Hooks of mkdocs.yml: pages that lie outside docs/, and links that lead there.

README.md is the home page, and `PAGES` lists the other documents outside docs/ that are pages of the site. A link to
any other file of the repository (a license) leads to a copy of it below `repository/`. So every text stands once, with
links that work in the repository, and mkdocs checks those of the site. A link that is called as its file is called as
the page on the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, InclusionLevel

from docs_notebook import notebook_page

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"README.md": "index.md", "benchmarks/README.md": "benchmarks.md", "SECURITY.md": "security.md"}
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[#)])")
NAMED = re.compile(r"(?<!!)\[(?:[\w/]+/)?(\w+\.md)\]\((?P<link>[^)\s#:]*\1)(?=[#)])")  # [metrics.md](../metrics.md)


def on_config(config: MkDocsConfig) -> None:
    """Replace a directory of the navigation by the pages in it."""
    config.nav = [_expanded(item) for item in config.nav or []]


def _expanded(item: object) -> object:
    if isinstance(item, dict):
        return {title: _expanded(value) for title, value in item.items()}
    if isinstance(item, list):
        parts = [_pages_below(value) if _is_directory(value) else [_expanded(value)] for value in item]
        return [page for part in parts for page in part]
    return item


def _is_directory(item: object) -> bool:
    return isinstance(item, str) and item.endswith("/")


def _pages_below(directory: str) -> list[str]:
    return sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / directory).glob("*.md"))


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages and files that lie outside docs/, and pages of notebooks."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        content = notebook_page(ROOT / "docs" / notebook.src_uri)
        files.append(File.generated(config, _on_site(f"docs/{notebook.src_uri}"), content=content))
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    documents = [*PAGES, *(f"docs/{file.src_uri}" for file in files.documentation_pages() if file.generated_by is None)]
    for source in {target for name in documents for target in _targets(name)} - set(PAGES):
        if not source.startswith("docs/"):
            place = _on_site(source)
            files.append(
                File.generated(config, place, abs_src_path=str(ROOT / source), inclusion=InclusionLevel.NOT_IN_NAV)
            )


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn links between files of the repository into links between pages of the site."""
    site = page.file.src_uri
    source = next((source for source, uri in PAGES.items() if uri == site), f"docs/{site}")
    start = PurePosixPath(site).parent

    def moved(link: re.Match[str]) -> str:
        return os.path.relpath(_on_site(_in_repository(source, link[1])), start)

    def titled(link: re.Match[str]) -> str:
        return f"[{_title(_in_repository(source, link['link']))}]({link['link']}"

    return LINK.sub(moved, NAMED.sub(titled, markdown))


def _title(source: str) -> str:
    """The heading of a page, which stands on the site where documents name the file."""
    text = (ROOT / source).read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith("# ")).removeprefix("# ")


def _targets(source: str) -> set[str]:
    text = (ROOT / source).read_text(encoding="utf-8")
    return {_in_repository(source, link) for link in LINK.findall(text)}


def _in_repository(source: str, link: str) -> str:
    return os.path.normpath(PurePosixPath(source).parent / link)


def _on_site(path: str) -> str:
    inside = path.removeprefix("docs/")
    if path.endswith(".ipynb"):
        return inside.removesuffix(".ipynb") + ".md"
    return PAGES.get(path) or (inside if inside != path else f"repository/{path}")
