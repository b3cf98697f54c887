"""A validation is read with what is of the same model; what is not is left out and said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import ggufscope as gs
from ggufscope.errors import ExitCode, ValidationError, exit_code
from ggufscope.report.charts import draw
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData, other_settings
from support.report_validations import analysis, validation


@pytest.fixture
def directory(tmp_path):
    """An analysis and a validation of the same model; its profile is of the synthetic one, which is another."""
    analysis().save(tmp_path)
    validation("fitted").save(tmp_path)
    return tmp_path


def damage(file, **changes):
    plain = json.loads(file.read_text(encoding="utf-8"))
    plain["model"] |= changes
    file.write_text(json.dumps(plain), encoding="utf-8")


def test_a_validation_beside_an_analysis(directory):
    for path in (directory, directory / "analysis-report.json"):
        data = read_report_data(path)
        assert data.validation.to_json() == validation("fitted").to_json()
        assert data.why_no_validation is None
        assert data.analysis is not None
        assert not data.measured_alone


def test_an_analysis_beside_a_validation(directory):
    data = read_report_data(directory / "validation.json")
    assert data.analysis.document.model.identity == data.validation.document.model.identity
    assert data.why_no_analysis is None


def test_a_validation_alone(directory):
    for name in ("analysis-report.json", "profile.json"):
        (directory / name).unlink(missing_ok=True)
    data = read_report_data(directory)
    assert data.measured_alone
    assert data.title == "made up"
    assert data.why_no_analysis == "there is no analysis-report.json beside the validation"
    assert data.why_no_profile == "there is no profile.json beside the validation"


def test_nobody_misses_a_validation(directory):
    (directory / "validation.json").unlink()
    data = read_report_data(directory)
    assert (data.validation, data.why_no_validation) == (None, None)
    assert not [name for name in draw(data).left_out if name.startswith("validation")]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: damage(file, identity="sha256:b"), "the validation.json beside the analysis is of another model"),
        (lambda file: damage(file, n_layers="8"), "cannot be used: .*malformed validation: model.n_layers"),
        (lambda file: file.write_text('{"accuracy": 1}'), "cannot be used: .*not a saved validation"),
        (lambda file: file.write_bytes(b"\xff"), "cannot be used: .*not a saved validation"),
        (lambda file: file.write_text('{"schema": "ggufscope.validation/9"}'), "cannot read schema"),
    ],
)
def test_a_validation_that_cannot_be_shown_is_said(directory, spoil, reason):
    spoil(directory / "validation.json")
    data = read_report_data(directory)
    assert data.analysis is not None
    assert data.validation is None
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(data.why_no_validation)
    missing = draw(data).left_out
    assert missing["validation-orders"] == missing["validation-fit"] == data.why_no_validation


def test_an_analysis_that_does_not_know_its_model_gets_no_validation(directory):
    damage(directory / "analysis-report.json", identity=None)
    data = read_report_data(directory)
    assert data.validation is None
    assert (
        data.why_no_validation == "whether the validation.json beside the analysis is of the same model cannot be told"
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: damage(file, identity="sha256:b"), "is of another model"),
        (lambda file: file.write_text("{}"), "cannot be used: "),
    ],
)
def test_an_analysis_that_does_not_belong_to_a_validation_is_said(directory, spoil, reason):
    spoil(directory / "analysis-report.json")
    data = read_report_data(directory / "validation.json")
    assert data.analysis is None
    assert f"the analysis-report.json beside the validation {reason}" in data.why_no_analysis


def test_a_damaged_validation_asked_for_is_an_error(directory):
    damage(directory / "validation.json", n_layers="8")
    with pytest.raises(gs.ValidationError, match=r"validation\.json: malformed validation: model\.n_layers") as caught:
        read_report_data(directory / "validation.json")
    assert exit_code(caught.value) == ExitCode.INPUT


def test_other_settings_of_the_analysis_are_told():
    made = ReportData.of(analysis(), validation("fitted"))
    assert other_settings(made) == []
    document = analysis().document
    settings = replace(document.settings, norm="rms", weights={"ffn_dominance": 1.0})
    other = gs.Analysis(replace(document, settings=settings, other_presets=[]))
    assert other_settings(ReportData.of(other, validation("fitted"))) == [
        "presets heuristic, propagation, here heuristic",
        "norm mean, here rms",
        "other weights of the index",
    ]


@pytest.mark.parametrize("name", ["norms", "made up", "norms\u200b", ""])
def test_a_predictor_that_there_is_not_or_twice(directory, name):
    """Columns and marks are named after predictors: there are as many as there can be, each under a name of its own."""
    plain = json.loads((directory / "validation.json").read_text(encoding="utf-8"))
    quantity = next(entry for entry in plain["quantities"] if entry["name"] == "head_entropy")
    quantity["predictors"][0]["name"] = name
    (directory / "validation.json").write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(ValidationError, match=r"quantities\.\d+\.predictors: one that there is not"):
        gs.Validation.load(directory)


@pytest.mark.parametrize("place", [{"layer": -1}, {"layer": 10**200}, {"head": 10**200}])
def test_a_point_that_is_no_layer_or_head(directory, place):
    plain = json.loads((directory / "validation.json").read_text(encoding="utf-8"))
    plain["quantities"][0]["points"][1] |= place
    (directory / "validation.json").write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(ValidationError, match=r"quantities\.0\.points\.1: no layer or head"):
        gs.Validation.load(directory)
