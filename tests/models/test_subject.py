"""The model that a result is about: one title in every result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import ggufscope as gs
from ggufscope.bench.results import MeasuredModel
from ggufscope.models.subject import UNNAMED, Subject, title_of
from support import small_models


@pytest.mark.parametrize(
    ("name", "file", "architecture", "title"),
    [
        ("a", "b.gguf", "c", "a"),
        ("", "b.gguf", "c", "b.gguf"),
        (None, None, "c", "c"),
        (None, None, None, UNNAMED),
    ],
)
def test_the_title_is_the_first_that_is_known(
    name: str | None, file: str | None, architecture: str | None, title: str
) -> None:
    assert title_of(name, file, architecture) == title


@pytest.mark.parametrize("named", [True, False])
def test_every_result_has_the_same_title(write_gguf: Callable[..., Path], named: bool) -> None:
    model = small_models.llama()
    if not named:
        del model["metadata"]["general.name"]
    path = write_gguf(**model, name="back\\slash.gguf")
    with gs.open(path) as opened:
        subject = Subject.of(opened)
        measured = MeasuredModel.of(opened)
    profile = gs.profile(path)
    assert subject.title == ("a small llama" if named else "back\\slash.gguf")
    assert profile.subject == subject
    assert profile.title == measured.title == subject.title
    assert gs.analyze(path, preset="heuristic").title == subject.title
    assert gs.analyze(profile, preset="heuristic").title == subject.title
