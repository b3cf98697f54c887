"""Studies of two real models, start to finish: what is said first, and answers that were checked by hand."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.study import render_study

if TYPE_CHECKING:
    import ggufscope as gs

SMOLLM2 = {
    "correct": {"closest-planet", "kalahari", "symbol-of-gold", "legs-of-a-spider", "white-cat"},
    "unscored": {"discount", "shortest", "colour-of-a-ball"},
}
GEMMA3 = {
    "correct": {"language-of-brazil", "roses", "shortest"},
    "unscored": {"kalahari", "symbol-of-gold", "product"},
}


@pytest.fixture(scope="module")
def studies(smollm2_study: gs.Study, gemma3_study: gs.Study) -> dict[str, gs.Study]:
    return {"smollm2": smollm2_study, "gemma3": gemma3_study}


def by_verdict(study: gs.Study) -> dict[str, set[str]]:
    verdicts: dict[str, set[str]] = {}
    for prompt in study.trace.document.prompts:
        assert prompt.score is not None
        verdicts.setdefault(prompt.score.verdict, set()).add(prompt.id)
        assert (prompt.score.why is not None) == (prompt.score.verdict == "unscored")
    return verdicts


@pytest.mark.parametrize(("name", "expected"), [("smollm2", SMOLLM2), ("gemma3", GEMMA3)])
def test_answers_are_scored_as_by_hand(studies: dict[str, gs.Study], name: str, expected: dict[str, set[str]]) -> None:
    verdicts = by_verdict(studies[name])
    assert {verdict: verdicts[verdict] for verdict in expected} == expected
    assert sum(map(len, verdicts.values())) == 20


def test_a_wrong_answer_of_the_asked_kind(studies: dict[str, gs.Study]) -> None:
    scores = {prompt.id: prompt.score for prompt in studies["gemma3"].trace.document.prompts}
    assert scores["weekday"].reason == "says Wednesday, another weekday"
    assert scores["bags-of-rolls"].reason == "says 12, another number"


def test_weights_are_fitted_or_refused_for_a_true_reason(studies: dict[str, gs.Study]) -> None:
    fitted, refused = (studies[name].validation.document.fit for name in ("smollm2", "gemma3"))
    assert fitted.fitted
    assert (fitted.n_correct, fitted.n_wrong) == (5, 12)
    assert not refused.fitted
    assert refused.reason == "it takes 5 answers of either kind, and there are 3 correct"
    assert refused.n_unscored == sum(refused.unscored.values()) == 3


@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
@pytest.mark.parametrize("width", [40, 80])
def test_what_was_measured_is_said_before_the_indices(studies: dict[str, gs.Study], name: str, width: int) -> None:
    study, text = studies[name], io.StringIO()
    screen = TerminalScreen(Console(file=text, width=width))
    render_study(screen, study.document, study.analysis.document, study.validation.document)
    out = " ".join(text.getvalue().split())
    leading = "the leading index, measured on the probe, orders these layers better than depth does"
    order = [f"held up {leading}", "did not ", "undecided", "riskiest layers: ", "; as an order better than depth"]
    order += ["by the study's formulas: ", "by propagation: "]
    assert [out.index(part) for part in order] == sorted(out.index(part) for part in order)
    markdown = (study.directory / "report.md").read_text(encoding="utf-8")
    assert markdown.index(leading) < markdown.index("Hypotheses of the original study")
    headings = [f"Risk index, preset {name}" for name in ("probe", "heuristic", "propagation")]
    assert [markdown.index(each) for each in headings] == sorted(markdown.index(each) for each in headings)


def test_no_verdict_is_no_better(studies: dict[str, gs.Study]) -> None:
    for study in studies.values():
        document: Any = study.validation.document
        n_layers = document.model.n_layers
        verdicts = {entry.verdict for quantity in document.quantities for entry in quantity.predictors if entry.verdict}
        assert f"undecided with {n_layers} layers" in verdicts
        assert not any("no better" in verdict for verdict in verdicts)
