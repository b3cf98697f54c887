"""Studies of real models, from start to finish: the one that comes along and the two that a tool fetches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import ggufscope as gs
from ggufscope.studies.study_document import MADE

pytestmark = pytest.mark.slow

Studied = Callable[[Path], gs.Study]


@pytest.fixture(scope="module")
def studied(few_charts: None, tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """A function that studies a model with all defaults; charts are left out."""
    return lambda path: gs.study(path, tmp_path_factory.mktemp("real") / "results")


def assert_whole(study: gs.Study, title: str, layers: int) -> None:
    """Every part was made, and the report is of this model."""
    assert study.failures == {}
    assert {step.state for step in study.steps.values()} == {MADE}
    assert study.trace is not None
    assert study.analysis is not None
    assert study.validation is not None
    assert (study.document.model.title, study.trace.document.model.n_layers) == (title, layers)
    assert len(study.trace.document.prompts) == 20
    assert len(study.analysis.document.preset.layers) == layers
    assert all(prompt.score is not None for prompt in study.trace.document.prompts)
    report = (study.directory / "report.md").read_text(encoding="utf-8")
    assert report.replace("\\", "").partition("\n# ")[2].splitlines()[0].endswith(title)


def verdicts(study: gs.Study) -> dict[str, str]:
    assert study.trace is not None
    return {prompt.id: prompt.score.verdict for prompt in study.trace.document.prompts if prompt.score is not None}


def reason_why_nothing_is_fitted(study: gs.Study) -> str | None:
    assert study.validation is not None
    return study.validation.document.fit.reason


def test_the_model_that_comes_along(studied: Studied, stories260k: Path) -> None:
    study = studied(stories260k)
    assert_whole(study, "llama", 5)
    assert "correct" not in verdicts(study).values()  # it tells stories


def test_smollm2_answers(studied: Studied, smollm2: Path) -> None:
    study = studied(smollm2)
    assert_whole(study, "Smollm2 135M 8k Lc100K Mix1 Ep2", 30)
    assert study.trace is not None
    assert study.trace.document.settings.template == "chatml"
    found = list(verdicts(study).values())
    assert found.count("correct") >= 5
    assert found.count("wrong") >= 5


def test_gemma3_goes_on(studied: Studied, gemma3: Path) -> None:
    study = studied(gemma3)
    assert_whole(study, "Gemma 3 270m", 18)
    assert study.trace is not None
    assert study.trace.document.settings.template == "none"  # a base model
    assert study.profile is not None
    assert study.profile.coverage == 1.0
