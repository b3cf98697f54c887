"""docs/notebook.ipynb runs in a kernel, and its cells show what the file has of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ggufscope as gs
from support.documents import ROOT

nbformat = pytest.importorskip("nbformat", reason="needs nbclient and ipykernel, which the extra test brings")
pytest.importorskip("ipykernel", reason="needs nbclient and ipykernel, which the extra test brings")

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def texts(notebook: Any) -> list[list[str]]:
    """Of each cell of code the text of its outputs."""
    return [
        [output.text if output.output_type == "stream" else output.data["text/plain"] for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_cells_show_what_they_did(monkeypatch: pytest.MonkeyPatch) -> None:
    from make_notebook import executed  # noqa: PLC0415  needs what may be missing

    monkeypatch.setenv("PYTHONPATH", str(Path(gs.__file__).parents[1]))
    kept = nbformat.read(NOTEBOOK, as_version=4)
    shown = executed(nbformat.read(NOTEBOOK, as_version=4))
    assert all(texts(kept)[1:])
    for ours, theirs in zip(texts(shown), texts(kept), strict=True):
        assert [NUMBER.sub("#", text) for text in ours] == [NUMBER.sub("#", text) for text in theirs]
        for one, other in zip(ours, theirs, strict=True):
            numbers = [[float(number) for number in NUMBER.findall(text)] for text in (one, other)]
            assert numbers[0] == pytest.approx(numbers[1], rel=2e-3, abs=2e-3)  # of products in other orders


def test_the_file_is_small_and_names_no_place_of_a_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 60_000
    assert not re.search(r"/(tmp|home|root|Users)/", text)
