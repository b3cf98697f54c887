"""The documentation site, built once, and the links of its pages."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from support.documents import ROOT

REASON = "mkdocs-material is not installed: GGUFSCOPE_EXTRAS=test,docs tools/test.sh brings it"
_HAS_MKDOCS = find_spec("mkdocs") is not None and find_spec("material") is not None

if not _HAS_MKDOCS and os.environ.get("GGUFSCOPE_REQUIRE_DOCS"):
    raise RuntimeError(REASON)  # where it must be there, a skip would hide that it is not

mkdocs_needed = pytest.mark.skipif(not _HAS_MKDOCS, reason=REASON)


def build_site(directory: Path) -> list[str]:
    """Build the site into a directory; return what mkdocs printed if it refused, line by line."""
    done = subprocess.run(
        [ROOT / "tools" / "make_docs.sh", "--quiet", "--site-dir", directory],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if done.returncode == 0 else done.stderr.splitlines() or [f"exit code {done.returncode}"]


class Anchors(HTMLParser):
    """The places and links of a page, and the programs, styles and pictures that it loads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.update(value for name, value in attrs if name in {"id", "name"} and value)
        if tag == "a" and (link := values.get("href")):
            self.links.append(link)
        if tag == "link" and (link := values.get("href")):
            self.loads.append(link)
        if link := values.get("src"):
            self.loads.append(link)


def is_elsewhere(link: str) -> bool:
    """Whether a link leads to another host."""
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def broken_links(site: Path) -> list[str]:
    """Links to pages, files and places that the site does not have."""
    pages = {path: Anchors(path) for path in site.rglob("*.html") if path.name != "404.html"}
    broken = []
    for page, anchors in pages.items():
        for link in (link for link in [*anchors.links, *anchors.loads] if not is_elsewhere(link)):
            target = _target(page, link)
            place = unquote(urlsplit(link).fragment)
            if not target.is_file() or (place and target in pages and place not in pages[target].ids):
                broken.append(f"{page.relative_to(site)}: {link}")
    return broken


def _target(page: Path, link: str) -> Path:
    path = unquote(urlsplit(link).path)
    target = (page.parent / path).resolve() if path else page
    return target / "index.html" if target.is_dir() else target
