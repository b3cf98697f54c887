"""Pages of the models of report_models, rendered once and kept, and the elements of a page."""

from __future__ import annotations

from html.parser import HTMLParser

from ggufscope.report.page.document import render_page
from ggufscope.report.report import Report
from support.report_models import results

VOID = {"meta", "img", "br", "link", "input", "hr"}
_KEPT = {}


def page(name, write):
    """The page of a model of MODELS, and its report; `write` is the fixture `write_gguf`."""
    if name not in _KEPT:
        report = Report(results(name, write))
        _KEPT[name] = render_page(report), report
    return _KEPT[name]


class Page(HTMLParser):
    """What a page consists of: elements with their attributes and texts, in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)
            if self.open[-1][0] not in {"script", "style"}:
                self.texts.append(data)

    def all(self, tag):
        return [(attributes, "".join(texts)) for found, attributes, texts in self.elements if found == tag]

    @property
    def text(self):
        return "".join(self.texts)
