"""What belongs together is read together; what does not is left out and said."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ggufscope as gs
from ggufscope import extras
from ggufscope.errors import ExitCode, MissingExtraError, exit_code
from ggufscope.report.charts import draw
from ggufscope.report.content.reading import analysis_in, read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.packages import require_charts
from support.report_models import decoder, results


@pytest.fixture
def directory(write_gguf, tmp_path):
    results("usual", write_gguf).analysis.save(tmp_path / "out")
    return tmp_path / "out"


def test_an_analysis_with_the_profile_beside_it(directory):
    for path in (directory, directory / "analysis-report.json", str(directory)):
        data = read_report_data(path)
        assert data.analysis.document.model.identity == data.profile.model.identity
        assert (data.why_no_profile, data.why_no_analysis) == (None, None)
        assert data.title == "a small decoder"


def test_a_profile(directory):
    data = read_report_data(directory / "profile.json")
    assert data.analysis is None
    assert data.why_no_analysis == "only a profile was given, no analysis"
    assert data.profile.title == data.title == "a small decoder"
    (directory / "analysis-report.json").unlink()
    assert read_report_data(directory).profile.to_json() == data.profile.to_json()


def test_a_missing_profile(directory):
    (directory / "profile.json").unlink()
    data = read_report_data(directory)
    assert data.profile is None
    assert data.why_no_profile == "there is no profile.json beside the analysis"


def test_the_profile_of_another_model(directory, write_gguf):
    gs.profile(write_gguf(**decoder(2, seed=9), name="other.gguf")).save(directory / "profile.json")
    data = read_report_data(directory)
    assert data.profile is None
    assert data.why_no_profile == "the profile.json beside the analysis is of another model"


def test_a_profile_of_other_whole_files(directory):
    def hash_files(name, digit):
        plain = json.loads((directory / name).read_text())
        plain["model"]["file_hashes"] = ["sha256:" + digit * 64]
        (directory / name).write_text(json.dumps(plain))

    hash_files("profile.json", "1")
    assert read_report_data(directory).profile is not None  # the analysis knows no hashes: identity decides
    hash_files("analysis-report.json", "2")
    data = read_report_data(directory)
    assert data.profile is None
    assert data.why_no_profile == "the profile.json beside the analysis is of another model"


def test_results_in_memory_show_what_their_files_would(directory, write_gguf):
    analysis = results("usual", write_gguf).analysis
    shown = analysis_in(directory, analysis.as_saved())
    read = read_report_data(directory)
    assert (shown.analysis, shown.profile, shown.why_no_profile) == (read.analysis, read.profile, None)
    assert shown.analysis.document == read.analysis.document
    for column, values in read.profile.to_columns().items():
        np.testing.assert_array_equal(shown.profile.to_columns()[column], values)
    for role, table in read.profile.heads.items():
        assert shown.profile.heads[role] == table


def test_a_profile_that_cannot_be_used(directory):
    (directory / "profile.json").write_text('{"schema": "ggufscope.profile/1"}')
    data = read_report_data(directory)
    assert data.profile is None
    assert "the profile.json beside the analysis cannot be used: " in data.why_no_profile
    assert "model: Field required" in data.why_no_profile


def test_results_in_memory(write_gguf):
    data = results("usual", write_gguf)
    assert ReportData.of(data.analysis) == data
    assert ReportData.of(data.profile).analysis is None


def test_an_analysis_without_any_profile(directory):
    document = json.loads((directory / "analysis-report.json").read_text())
    document["model"]["identity"] = None
    (directory / "analysis-report.json").write_text(json.dumps(document))
    assert read_report_data(directory).why_no_profile == "the analysis was not made from a profile of the tensors"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GGUF\x03\x00", "a GGUF model; profile or analyze it first"),
        (b"", "neither a saved profile nor a saved analysis"),
        (b"[1]", "neither a saved profile nor a saved analysis"),
        (b"\xff\xfe", "neither a saved profile nor a saved analysis"),
        (b"[" * 100_000, "neither a saved profile nor a saved analysis"),
        (b'{"schema": 1}', "neither a saved profile nor a saved analysis"),
        (b'{"schema": "ggufscope.other/1"}', "nothing to report on in schema 'ggufscope.other/1'"),
        (b'{"schema": "ggufscope.profile/2"}', "cannot read schema 'ggufscope.profile/2'"),
        (b'{"schema": "ggufscope.analysis/9"}', "cannot read schema 'ggufscope.analysis/9'"),
        (b'{"schema": "ggufscope.analysis/1"}', "malformed analysis"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, content, message):
    file = tmp_path / "file.json"
    file.write_bytes(content)
    with pytest.raises((gs.AnalysisError, gs.ProfileError)) as caught:
        read_report_data(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert exit_code(caught.value) == ExitCode.INPUT


def test_no_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_report_data(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match=r"no saved results in this directory: .*nor the mark of a fleet"):
        read_report_data(tmp_path)


def test_a_missing_extra_is_one_line_that_names_it(monkeypatch, write_gguf):
    require_charts()
    data = results("usual", write_gguf)
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "vl_convert" else object())
    for ask in (require_charts, lambda: draw(data)):
        with pytest.raises(MissingExtraError) as caught:
            ask()
        assert str(caught.value) == f"this needs the package vl_convert: {extras.install_hint('report')}"
        assert exit_code(caught.value) == ExitCode.USAGE
