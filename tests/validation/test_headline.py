"""The headline of a validation: what held up comes first, then what did not, then what is undecided."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ggufscope.report.content.results import ReportData
from ggufscope.report.content.shown import Shown
from ggufscope.report.markdown.document import render_report_markdown
from ggufscope.validation.compare import BETTER, WORSE
from ggufscope.validation.headline import headline, index_verdict
from ggufscope.validation.quantity_document import Against, Estimate, Predictor, Size
from ggufscope.validation.sizes import CLOSER, FURTHER
from ggufscope.validation.validating import validate
from support.comparisons import N_LAYERS, make_analysis, make_trace

if TYPE_CHECKING:
    from ggufscope.analysis import Analysis
    from ggufscope.validation import Validation


@pytest.fixture(scope="module")
def validation(tiny_analysis: Analysis) -> Validation:
    rng = np.random.default_rng(0)
    values = rng.permutation(np.linspace(1, 2, N_LAYERS))
    trace = make_trace({"residual_rms": values * (1 + 0.01 * rng.normal(size=(6, N_LAYERS)))})
    return validate(make_analysis(tiny_analysis, residual_rms=values), trace)


def with_predictors(validation: Validation, name: str, **verdicts: str) -> Any:
    """The document with these predictors of a quantity alone; those that are not undecided are 0.3 from depth."""
    shift = {BETTER: 0.3, WORSE: -0.3}
    predictors = []
    for source, verdict in verdicts.items():
        value = shift.get(verdict, 0.0)
        difference = Estimate(value, value - 0.1, value + 0.1)
        against = [Against("depth", difference, difference, verdict)]
        rho = Estimate(value, None, None)
        predictors.append(Predictor(source, "prediction", "", "", 18, rho, None, None, against, verdict))
    quantities = [
        dataclasses.replace(quantity, predictors=predictors if quantity.name == name else [])
        for quantity in validation.document.quantities
    ]
    return dataclasses.replace(validation.document, quantities=quantities)


def told(document: Any) -> list[tuple[str, str]]:
    return [(sentence.outcome, sentence.text) for sentence in headline(document)]


def test_what_held_up_comes_first(validation: Validation) -> None:
    outcomes = [outcome for outcome, _ in told(validation.document)]
    assert outcomes == sorted(outcomes, key=["held up", "did not", "undecided", "answers"].index)
    first = told(validation.document)[0]
    assert first == (
        "held up",
        "propagation orders layers by residual stream rms better than norms and depth (1 of 13 orders)",
    )


def test_indices_are_told_by_what_they_are_made_of(validation: Validation) -> None:
    document = with_predictors(validation, "risk", heuristic=WORSE, propagation=WORSE, probe=WORSE)
    texts = [text for outcome, text in told(document) if outcome == "did not"]
    assert texts[0].startswith("the index measured on the probe orders these layers worse than depth does")
    assert texts[1] == (
        "the indices by the study's formulas and by propagation order these layers worse than depth does"
        " (difference of ρ: heuristic -0.30 (-0.40 to -0.20), propagation -0.30 (-0.40 to -0.20))"
    )


def test_the_index_that_leads_is_told_as_such(validation: Validation) -> None:
    document = with_predictors(validation, "risk", heuristic=WORSE, propagation="undecided", probe=BETTER)
    presets = ["probe", "heuristic", "propagation"]
    led = dataclasses.replace(document, analysis=dataclasses.replace(document.analysis, presets=presets))
    outcome, text = told(led)[0]
    assert (outcome, text.partition(" (")[0]) == (
        "held up",
        "the leading index, measured on the probe, orders these layers better than depth does",
    )
    verdicts = {preset: index_verdict(led, preset) for preset in (*presets, "norms")}
    assert verdicts == {
        "probe": "better than depth, difference of ρ +0.30 (+0.20 to +0.40)",
        "heuristic": "worse than depth, difference of ρ -0.30 (-0.40 to -0.20)",
        "propagation": "undecided against depth, difference of ρ +0.00 (-0.10 to +0.10)",
        "norms": None,
    }


def test_one_index_of_two(validation: Validation) -> None:
    document = with_predictors(validation, "risk", heuristic=BETTER, propagation="undecided with 18 layers")
    assert told(document)[:2] == [
        (
            "held up",
            "the index by the study's formulas orders these layers better than depth does"
            " (difference of ρ: heuristic +0.30 (+0.20 to +0.40))",
        ),
        (
            "undecided",
            "whether the index by propagation orders these layers better or worse than depth does: undecided"
            " with 18 layers (difference of ρ: propagation +0.00 (-0.10 to +0.10))",
        ),
    ]


def test_nothing_may_hold_up(validation: Validation) -> None:
    document = with_predictors(validation, "q_rms", propagation="undecided with 18 layers")
    assert told(document)[0] == ("held up", "nothing: no prediction was better than norms and depth")
    assert ("undecided", "1 other order, with an interval across 0 (1 by propagation)") in told(document)


def test_files_of_the_first_release_say_the_same(validation: Validation) -> None:
    document = with_predictors(validation, "risk", heuristic="no better than the baseline")
    assert any(outcome == "undecided" and "whether the index" in text for outcome, text in told(document))


def test_a_report_begins_with_it(validation: Validation, tiny_analysis: Analysis) -> None:
    text = render_report_markdown(Shown(ReportData(None, tiny_analysis, validation=validation)))
    places = [text.index(part) for part in ("What was measured, and what held up", "**Held up**", "**Answers**")]
    assert places == sorted(places)
    assert places[-1] < text.index("Hypotheses of the original study")
    assert places[-1] < text.index("Risk index, preset")


def with_sizes(validation: Validation, *verdicts: str) -> Any:
    """The document with sizes by propagation alone, and these verdicts on them."""
    plain = Estimate(0.1, 0.05, 0.15)
    quantities = []
    for quantity, verdict in zip(validation.document.quantities, verdicts, strict=False):
        size = Size("relative", plain, plain, -0.1, 0.1, 0.1, plain, plain, verdict)
        predictor = Predictor("propagation", "prediction", "", "", 18, None, None, size)
        quantities.append(dataclasses.replace(quantity, predictors=[predictor]))
    return dataclasses.replace(validation.document, quantities=quantities)


def test_sizes_are_told_where_most_of_them_belong(validation: Validation) -> None:
    across = "undecided with 18 layers"
    held = told(with_sizes(validation, CLOSER, CLOSER, FURTHER, across))
    assert held[0] == ("held up", "propagation predicts 2 of 4 sizes closer than a constant, 1 further off")
    failed = told(with_sizes(validation, CLOSER, FURTHER, FURTHER, across))
    assert failed[1] == ("did not", "propagation predicts 2 of 4 sizes further off than a constant, 1 closer")
    assert not any("sizes" in text for _, text in told(with_sizes(validation, across, across)))
