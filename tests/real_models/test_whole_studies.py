"""Studies of real models, from start to finish: the one that comes along and the two that a tool fetches."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import ggufscope as gs
from ggufscope.studies.study_document import KEPT, MADE

pytestmark = pytest.mark.slow


def assert_whole(study: gs.Study, title: str, layers: int) -> None:
    """Every part was made, and the report is of this model."""
    assert study.failures == {}
    assert {step.state for step in study.steps.values()} <= {MADE, KEPT}
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


@pytest.mark.usefixtures("few_charts")
def test_the_model_that_comes_along(stories260k: Path, tmp_path: Path) -> None:
    study = gs.study(stories260k, tmp_path / "results")
    assert_whole(study, "llama", 5)
    assert Counter(verdicts(study).values())["unscored"] > 15  # it tells stories, in which a "yes" may stand


def test_smollm2_answers(smollm2_study: gs.Study) -> None:
    study = smollm2_study
    assert_whole(study, "Smollm2 135M 8k Lc100K Mix1 Ep2", 30)
    assert study.trace is not None
    assert study.trace.document.settings.template == "chatml"
    counts = Counter(verdicts(study).values())
    assert counts["correct"] >= 5
    assert counts["wrong"] >= 5


def test_gemma3_goes_on(gemma3_study: gs.Study) -> None:
    study = gemma3_study
    assert_whole(study, "Gemma 3 270m", 18)
    assert study.trace is not None
    assert study.trace.document.settings.template == "none"  # a base model
    assert study.profile is not None
    assert study.profile.coverage == 1.0
