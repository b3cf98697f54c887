"""Debian's Chromium, driven by Playwright, without a network."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import pytest

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def executable():
    """The browser's path; the test is skipped where there is none, or fails where there has to be one."""
    try:
        import playwright  # noqa: F401, PLC0415
    except ImportError:
        _missing("the package playwright is not installed: tools/install.sh test")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        _missing("there is no chromium on the PATH (Debian: apt-get install chromium)")
    return found


def _missing(reason):
    if os.environ.get("GGUFSCOPE_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason}, and GGUFSCOPE_REQUIRE_BROWSER is set")
    pytest.skip(reason)


@contextmanager
def browser():
    """A browser to open pages in."""
    path = executable()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield found
        finally:
            found.close()


class Visit:
    """One page, opened without a network, and everything it complained about or asked for."""

    def __init__(self, opened, file, *, width=1280, theme="light", scripts=True, drawn=True, motion="no-preference"):
        self.context = opened.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, offline=True, java_script_enabled=scripts,
            accept_downloads=True, reduced_motion=motion,
        )  # fmt: skip
        self.complaints, self.requests = [], []
        self.context.route(lambda url: not url.startswith(("file:", "data:", "blob:")), lambda route: route.abort())
        self.page = self.context.new_page()
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        if scripts and drawn:  # other pages than reports draw no charts
            self.wait_for_charts()

    def _listen(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def wait_for_charts(self):
        self.page.locator("html[data-charts=drawn]").wait_for(state="attached", timeout=60_000)

    def outside(self):
        """Requests beyond the file itself and what it holds."""
        return [url for url in self.requests if not url.startswith(("file://", "data:", "blob:"))]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()
