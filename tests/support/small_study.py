"""Fixtures of the tests of studies: questions, and a finished study to start from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ggufscope as gs
from ggufscope.report.report import Report
from support.questions import write_questions

Study = Callable[..., gs.Study]


@pytest.fixture(scope="session")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three prompts."""
    return write_questions(tmp_path_factory.mktemp("prompts") / "q.json", "Tom has", "One day", "Lily likes")


@pytest.fixture(scope="module")  # what is replaced must not outlive the tests that ask for it
def few_charts() -> Iterator[None]:
    """Reports of Markdown alone, without charts, which would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ggufscope.studies.choices.chosen_formats", lambda: (["md"], None))
        patch.setattr(Report, "has_charts", False)
        yield


@pytest.fixture(scope="module")
def study(tiny_model: Path, questions: Path, few_charts: None) -> Study:
    """A function that studies the model with little to read; its arguments are those of `ggufscope.study`."""

    def run(directory: Path, **options: Any) -> gs.Study:
        usual: dict[str, Any] = {"prompts": questions, "max_new_tokens": 1, "probe": 8}
        return gs.study(options.pop("model", tiny_model), directory, **usual | options)

    return run


@pytest.fixture(scope="module")
def finished_study(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a study; not to be changed."""
    directory = tmp_path_factory.mktemp("studies") / "finished"
    assert not study(directory).failures
    return directory


@pytest.fixture
def results(finished_study: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished_study, tmp_path / "results"))
