"""`study`: what is kept, what is made again and why, and that nothing finished is lost."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ggufscope as gs
from ggufscope.errors import StudyError, one_line
from ggufscope.runtime.engines.engine import GenerationInterrupted
from ggufscope.spectral.matrix_spectrum import matrix_spectrum
from ggufscope.studies.keeping import file_digest
from ggufscope.studies.parts import PARTS
from ggufscope.studies.study_document import KEPT, SCHEMA, STUDY_FORM
from support.file_edits import edit_outside_samples, sha256
from support.questions import write_questions

ALL = [name for name in PARTS if name != "spectra"]  # which is made where it is asked for
Study = Callable[..., gs.Study]
JSONS = ("profile.json", "check.json", "analysis-report.json", "trace.json", "probe.json", "validation.json")


def made(found: gs.Study) -> list[str]:
    """The parts that were made in this run; all others were kept."""
    assert {step.state for step in found.document.steps} <= {"made", "kept"}
    return [step.name for step in found.document.steps if step.state == "made"]


def stamps(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Times and contents of all results."""
    files = [path for path in directory.rglob("*") if path.is_file() and path.name != "study.json"]
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def edit(path: Path, change: Callable[[Any], object]) -> None:
    plain = json.loads(path.read_text(encoding="utf-8"))
    change(plain)
    path.write_text(json.dumps(plain, indent=1), encoding="utf-8")


def without_run(text: str) -> dict[str, Any]:
    return {**json.loads(text), "run": None}


def test_parts_are_what_their_commands_make(finished_study: Path, tiny_model: Path) -> None:
    found = gs.Study.load(finished_study)
    assert list(found.finished) == list(found.steps) == ALL
    assert {path.name for path in finished_study.iterdir()} == {*JSONS, "validation.md", "report.md", "study.json"}
    with gs.open(tiny_model) as model:
        identities = [result.document.model.identity for result in (found.analysis, found.trace, found.probe)]  # type: ignore[union-attr]
        assert identities == [model.identity] * 3
        assert found.document.model.identity == model.identity
    assert found.validation is not None
    assert found.validation.document.probe is not None
    assert found.probe is not None
    assert found.probe.document.settings.source == "probe"
    assert found.profile is not None
    assert found.profile.coverage == 1.0
    assert found.analysis is not None
    expected = json.loads(gs.analyze(tiny_model, probe=found.probe).to_json())
    saved = json.loads((finished_study / "analysis-report.json").read_text(encoding="utf-8"))
    assert {**saved, "run": None} == {**expected, "run": None}
    assert all(entry.seconds > 0 for entry in found.finished.values())
    assert "Study of" in repr(found)


def test_the_model_is_profiled_once(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a second profile")

    monkeypatch.setattr("ggufscope.analysis.inputs.read_input.scan", fail)
    assert made(study(tmp_path / "out", trace=False)) == ["profile", "check", "analysis", "report"]


def test_the_check_is_of_the_pass_of_the_profile(
    study: Study, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a second pass over the weights")

    expected = without_run(gs.check(tiny_model).to_json())
    monkeypatch.setattr("ggufscope.checks.checking.gather", fail)
    found = study(tmp_path / "out", trace=False)
    assert made(found) == ["profile", "check", "analysis", "report"]
    assert without_run((tmp_path / "out" / "check.json").read_text(encoding="utf-8")) == expected


def test_a_check_beside_a_kept_profile_takes_a_pass(study: Study, results: Path, tiny_model: Path) -> None:
    (results / "check.json").unlink()
    found = study(results)
    assert made(found) == ["check", "report"]
    assert without_run((results / "check.json").read_text(encoding="utf-8")) == without_run(
        gs.check(tiny_model).to_json()
    )


def test_what_is_finished_is_kept(study: Study, results: Path) -> None:
    before = stamps(results)
    told: list[str] = []
    found = study(results, finished=lambda step: told.append(step.name), threads=1)
    assert made(found) == []
    assert told == ALL
    assert stamps(results) == before
    assert found.validation is not None
    assert found.trace is not None


@pytest.mark.parametrize(
    ("options", "again", "reason"),
    [
        ({"max_new_tokens": 2}, ["trace", "validation", "report"], "made with other max_new_tokens"),
        ({"template": "none"}, ["trace", "validation", "report"], "made with other template"),
        ({"probe": 9}, ["probe", "analysis", "validation", "report"], "made with other probe"),
        ({"opening": 0}, ["analysis", "validation", "report"], "made with other opening"),
        ({"norm": "rms"}, ["analysis", "validation", "report"], "made with other norm"),
        ({"weights": "entropy=1", "scale": "rank"}, ["analysis", "validation", "report"], "made with other scale, wei"),
        ({"seed": 1}, ["probe", "analysis", "validation", "report"], "made with other seed"),
    ],
)
def test_other_settings_make_what_depends_on_them(
    study: Study, results: Path, options: dict[str, Any], again: list[str], reason: str
) -> None:
    before = stamps(results)
    found = study(results, **options)
    assert made(found) == again
    assert (found.steps[again[0]].reason or "").startswith(reason)
    if "validation" in again and again[0] != "validation" and options.keys() != {"seed"}:
        sources = [part for part in again if part in PARTS["validation"].needs + PARTS["validation"].uses]
        assert found.steps["validation"].reason == f"made from another {', '.join(sorted(sources))}"
    kept = [name for part in ALL if part not in again for name in found.finished[part].files]
    assert {name: stamps(results)[name] for name in kept} == {name: before[name] for name in kept}
    assert made(study(results, **options)) == []


def test_spectra_are_made_where_they_are_asked_for_and_stay(study: Study, results: Path) -> None:
    found = study(results, spectra="layers")
    assert made(found) == ["spectra", "report"]
    assert found.steps["report"].reason == "made from another spectra"
    assert found.spectra is not None
    assert found.spectra.document.settings.all is False
    assert "Singular values" in (results / "report.md").read_text(encoding="utf-8")
    assert made(study(results, spectra="layers")) == []
    assert made(study(results)) == []
    assert (results / "spectra.json").is_file()
    again = study(results, spectra="all")
    assert made(again) == ["spectra", "report"]
    assert again.steps["spectra"].reason == "made with other matrices"
    assert again.spectra is not None
    assert again.spectra.document.settings.all is True
    with pytest.raises(ValueError, match="of layers or of all matrices, not of 'some'"):
        study(results, spectra="some")


def test_interrupted_spectra_go_on_with_what_was_finished(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    usual = matrix_spectrum

    def measured(matrix: Any, *settings: Any) -> Any:
        calls.append(matrix.tensor.name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return usual(matrix, *settings)

    monkeypatch.setattr("ggufscope.spectral.computing.matrix_spectrum", measured)
    with pytest.raises(gs.StudyInterrupted, match="the same command goes on with the spectra"):
        study(tmp_path / "out", trace=False, spectra="layers", threads=1)
    before = gs.Spectra.load(tmp_path / "out" / "spectra.json")
    assert [each.name for each in before.matrices] == calls[:3]
    found = study(tmp_path / "out", trace=False, spectra="layers", threads=1)
    assert found.steps["spectra"].reason == "it was interrupted"
    assert not set(calls[4:]) & {each.name for each in before.matrices}
    assert found.spectra is not None
    assert found.spectra.matrices[:3] == before.matrices
    assert found.spectra.document.coverage != before.document.coverage
    # What somebody changed is nothing to go on with.
    edit(tmp_path / "out" / "spectra.json", lambda plain: plain["matrices"][0].update(stable_rank=1.0))
    again = study(tmp_path / "out", trace=False, spectra="layers", threads=1)
    assert again.steps["spectra"].reason == "spectra.json was changed"
    assert again.spectra is not None
    assert again.spectra.as_saved().matrices == found.spectra.as_saved().matrices


def test_other_prompts(study: Study, results: Path, questions: Path, tmp_path: Path) -> None:
    same = tmp_path / "elsewhere.json"
    same.write_text(json.dumps(json.loads(questions.read_text(encoding="utf-8")), indent=4), encoding="utf-8")
    assert made(study(results, prompts=same)) == []
    found = study(results, prompts=write_questions(same, "Tom has", "One day", "Lily sees"))
    assert made(found) == ["trace", "validation", "report"]
    assert found.steps["trace"].reason == "made with other prompts"


def test_prompts_are_read_once(study: Study, questions: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "mine.json"
    prompts.write_bytes(questions.read_bytes())

    def change(_step: Any) -> None:
        prompts.write_text("changed while the model was profiled")

    found = study(tmp_path / "out", prompts=prompts, finished=change)
    assert not found.failures
    assert found.trace is not None
    assert found.trace.document.settings.prompt_set == "mine.json"
    assert made(study(tmp_path / "out")) == []


def test_the_usual_probe_is_in_the_models_own_words(study: Study, results: Path) -> None:
    found = study(results, probe="own")
    assert made(found) == ["probe", "analysis", "validation", "report"]
    assert found.probe is not None
    assert found.analysis is not None
    assert list(found.analysis.presets) == ["probe", "heuristic", "propagation"]
    assert found.validation is not None
    assert found.validation.document.probe is not None
    assert (found.probe.document.settings.probe_kind, found.validation.document.probe.probe) == ("own", "own")
    record = found.probe.document.settings.probe
    assert record is not None
    assert record.prompts == found.trace.document.settings.prompt_set  # type: ignore[union-attr]
    assert made(study(results, probe="own:8")) == []
    assert inspect.signature(gs.study).parameters["probe"].default == "own"


def test_without_a_probe(study: Study, results: Path) -> None:
    before = stamps(results)
    found = study(results, probe=0)
    assert made(found) == ["analysis", "validation", "report"]
    assert found.analysis is not None
    assert list(found.analysis.presets) == ["heuristic", "propagation"]
    assert "probe" not in found.steps
    assert found.validation is not None
    assert found.validation.document.probe is None
    assert stamps(results)["probe.json"] == before["probe.json"]
    assert made(study(results)) == ["analysis", "validation", "report"]


def test_without_a_trace_what_there_is_stays(study: Study, results: Path) -> None:
    before = stamps(results)
    found = study(results, trace=False, prompts=None)
    assert made(found) == []
    assert list(found.steps) == ["profile", "check", "analysis", "report"]
    assert found.analysis is not None
    assert "probe" in found.analysis.presets
    assert found.validation is not None
    assert made(study(results)) == []
    assert stamps(results) == before


def test_a_validation_of_another_analysis_is_not_shown(study: Study, results: Path) -> None:
    found = study(results, trace=False, norm="rms")
    assert made(found) == ["analysis", "report"]
    assert found.validation is None
    assert not (results / "validation.json").exists()
    assert not (results / "validation.md").exists()
    assert made(study(results, norm="rms")) == ["validation", "report"]


def test_a_fresh_start_leaves_the_weights_that_it_is_made_with(study: Study, results: Path) -> None:
    weights = results / "weights.toml"
    weights.write_text("# ggufscope weights\n[weights]\ndominance = 1.0\n")
    assert made(study(results, trace=False, weights=weights, fresh=True)) == ["profile", "check", "analysis", "report"]
    assert weights.is_file()
    with pytest.raises(ValueError, match=r"weights\.toml is an input"):
        study(results, weights=weights, fresh=True)
    assert weights.is_file()


def test_fitted_weights_outlive_the_analysis_that_they_go_into(study: Study, results: Path) -> None:
    weights = results / "weights.toml"
    weights.write_text("# ggufscope weights\n[weights]\ndominance = 1.0\n")
    assert made(study(results, trace=False, weights=weights)) == ["analysis", "report"]
    assert not (results / "validation.json").exists()
    assert made(study(results, trace=False, weights=weights)) == []


@pytest.mark.parametrize("name", [*JSONS, "report.md"])
def test_a_changed_file_is_made_again(study: Study, results: Path, name: str) -> None:
    with (results / name).open("a") as file:
        file.write(" ")
    found = study(results)
    (part,) = [entry.name for entry in PARTS.values() if name in entry.files]
    assert made(found)[0] == part
    assert found.steps[part].reason == f"{name} was changed"
    assert made(found)[-1] == "report"


@pytest.mark.parametrize("content", [b"", b'{"schema": "ggufscope.trace/1"}', b'{"schema": "ggufscope.trace/9"}', b"x"])
def test_a_corrupted_file_is_made_again_or_refused(study: Study, results: Path, content: bytes) -> None:
    (results / "trace.json").write_bytes(content)
    if content and b"ggufscope" not in content:  # an empty file has nothing to lose
        with pytest.raises(OSError, match="exists and is not from ggufscope"):
            study(results)
        assert (results / "trace.json").read_bytes() == content
        return
    found = study(results)
    assert made(found) == ["trace", "validation", "report"]
    assert found.steps["trace"].reason == "trace.json was changed"


def test_a_missing_file_is_made_again(study: Study, results: Path) -> None:
    (results / "validation.md").unlink()
    found = study(results)
    assert made(found) == ["validation", "report"]
    assert found.steps["validation"].reason == "validation.md is missing"


def test_results_without_a_study_are_made_again(study: Study, results: Path) -> None:
    (results / "study.json").unlink()
    found = study(results)
    assert made(found) == ALL
    assert found.steps["trace"].reason == "trace.json is there, but this study did not make it"


def test_another_version(study: Study, results: Path) -> None:
    def older(plain: Any) -> None:
        plain["finished"][ALL.index("trace")]["version"] = "0.0.1"

    edit(results / "study.json", older)
    found = study(results)
    assert made(found) == ["trace", "validation", "report"]
    assert found.steps["trace"].reason == "made by ggufscope 0.0.1"


def test_a_trace_of_an_older_schema_is_made_again(study: Study, results: Path) -> None:
    """Its sizes are over all tokens: they would be compared with medians."""
    edit(results / "trace.json", lambda plain: plain.update(schema="ggufscope.trace/1"))

    def known(plain: Any) -> None:
        (trace,) = [part for part in plain["finished"] if part["name"] == "trace"]
        trace["files"]["trace.json"] = file_digest(results / "trace.json")

    edit(results / "study.json", known)
    found = study(results)
    assert made(found) == ["trace", "validation", "report"]
    assert found.steps["trace"].reason == "of schema ggufscope.trace/1, whose numbers mean something else"


def test_a_trace_of_an_older_schema_that_it_did_not_make_is_no_failure(study: Study, results: Path) -> None:
    edit(results / "trace.json", lambda plain: plain.update(schema="ggufscope.trace/1"))
    found = study(results)
    assert made(found) == ["trace", "validation", "report"]
    assert found.steps["trace"].reason == "trace.json was changed"


def test_an_analysis_of_an_older_schema_is_made_again(study: Study, results: Path) -> None:
    edit(results / "analysis-report.json", lambda plain: plain.update(schema="ggufscope.analysis/1"))

    def known(plain: Any) -> None:
        (part,) = [part for part in plain["finished"] if part["name"] == "analysis"]
        part["files"]["analysis-report.json"] = file_digest(results / "analysis-report.json")

    edit(results / "study.json", known)
    found = study(results)
    assert "analysis" in made(found)
    assert found.steps["analysis"].reason == "of schema ggufscope.analysis/1, whose numbers mean something else"


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    from ggufscope.synth import make_plan, write_plan  # noqa: PLC0415

    write_plan(make_plan("tiny", seed=1), tmp_path / "other.gguf")
    return tmp_path / "other.gguf"


@pytest.mark.parametrize("left", [["study.json"], [], ["trace.json"]])
def test_another_model_is_refused(study: Study, results: Path, other_model: Path, left: list[str]) -> None:
    """By the state of the study; without it by any result."""
    for name in {*JSONS, "study.json"} - set(left) if left else {"study.json"}:
        (results / name).unlink()
    before = stamps(results)
    with pytest.raises(
        StudyError, match=r"is of another model, '.*' \(sha256:\w+\), not of '.*' \(sha256:\w+\): choos"
    ):
        study(results, model=other_model)
    assert stamps(results) == before


def test_a_result_of_another_model_among_those_of_this(
    study: Study, results: Path, other_model: Path, tmp_path: Path
) -> None:
    gs.trace(other_model, probe=4).save(results / "trace.json")
    with pytest.raises(StudyError, match=r"trace\.json is of another model"):
        study(results)


def test_starting_over(study: Study, results: Path, other_model: Path) -> None:
    (results / "notes.txt").write_text("mine")
    (results / "study.json").write_text('{"schema": "ggufscope.study/1", "mod')
    found = study(results, model=other_model, fresh=True, trace=False)
    assert made(found) == ["profile", "check", "analysis", "report"]
    names = {path.name for path in results.iterdir()}
    assert names == {"analysis-report.json", "check.json", "notes.txt", "profile.json", "report.md", "study.json"}


def test_starting_over_spares_files_of_others(study: Study, results: Path) -> None:
    (results / "trace.json").write_text("mine")
    study(results, fresh=True, trace=False)
    assert (results / "trace.json").read_text() == "mine"
    assert not (results / "probe.json").exists()


@pytest.mark.parametrize("part", ALL)
def test_ctrl_c_loses_nothing(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def interrupt(what: str, _share: float) -> None:
        if what.startswith(part):
            raise KeyboardInterrupt

    with pytest.raises(gs.StudyInterrupted, match=f"the same command goes on with the {part}"):
        study(tmp_path / "out", progress=interrupt)
    before = stamps(tmp_path / "out")
    state = gs.Study.load(tmp_path / "out")
    assert list(state.finished) == ALL[: ALL.index(part)]
    assert state.steps[part].state == "interrupted"
    found = study(tmp_path / "out")
    assert made(found) == ALL[ALL.index(part) :]
    assert {name: stamps(tmp_path / "out")[name] for name in before} == before


def test_interrupted_answers_are_kept_and_then_completed(
    study: Study, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ggufscope.runtime.engines.streamed import StreamedEngine  # noqa: PLC0415

    generate = StreamedEngine.generate

    def stop(self: StreamedEngine, *given: Any, **options: Any) -> None:
        endings = generate(self, *given, **options)
        raise GenerationInterrupted([type(ending)(ending.tokens, "interrupted") for ending in endings])

    with monkeypatch.context() as patch:
        patch.setattr(StreamedEngine, "generate", stop)
        with pytest.raises(gs.StudyInterrupted) as caught:
            study(results, max_new_tokens=3)
    assert caught.value.part == "trace"
    state = gs.Study.load(results)
    assert not state.finished["trace"].complete
    assert state.trace is not None
    assert {prompt.answer.ended for prompt in state.trace.document.prompts if prompt.answer} == {"interrupted"}
    found = study(results, max_new_tokens=3)
    assert made(found) == ["trace", "validation", "report"]
    assert found.steps["trace"].reason == "it was interrupted"


def test_a_trace_that_is_interrupted_while_reading_leaves_the_earlier_one(study: Study, results: Path) -> None:
    def interrupt(what: str, _share: float) -> None:
        if what.startswith("trace"):
            raise KeyboardInterrupt

    before = stamps(results)
    with pytest.raises(gs.StudyInterrupted):
        study(results, max_new_tokens=3, progress=interrupt)
    assert stamps(results) == before
    assert made(study(results)) == []


def test_ctrl_c_when_a_part_is_just_over(study: Study, tmp_path: Path) -> None:
    def interrupt(step: Any) -> None:
        if step.name == "trace":
            raise KeyboardInterrupt

    with pytest.raises(gs.StudyInterrupted):
        study(tmp_path / "out", finished=interrupt)
    assert [step.state for step in gs.Study.load(tmp_path / "out").document.steps] == ["made"] * 5
    assert made(study(tmp_path / "out")) == ["validation", "report"]


def test_a_trace_that_fails_leaves_the_earlier_one(study: Study, results: Path, tmp_path: Path) -> None:
    before = stamps(results)
    found = study(results, prompts=write_questions(tmp_path / "long.json", "word " * 10_000))
    assert list(found.failures) == ["trace"]
    assert {step.name: step.state for step in found.document.steps} == {
        "profile": "kept",
        "check": "kept",
        "probe": "kept",
        "analysis": "kept",
        "trace": "failed",
        "validation": "left out",
        "report": "made",
    }
    assert found.validation is None
    assert not (results / "validation.json").exists()  # the report would show it
    assert made(study(results)) == ["validation", "report"]
    for name in ("trace.json", "probe.json"):
        assert stamps(results)[name] == before[name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plain: plain.update(schema="ggufscope.study/9"), "cannot read schema"),
        (lambda plain: plain.pop("model"), "malformed study: model"),
        (lambda plain: plain["finished"][0].update(seconds="1"), r"finished\.0\.seconds"),
        (lambda plain: plain["finished"][0].update(name="lunch"), "finished: a part that there is not"),
        (lambda plain: plain["finished"].append(plain["finished"][0]), "finished: a part that there is not, or"),
        (lambda plain: plain["finished"][0].update(files={"../x": ""}), "is no file of profile"),
        (lambda plain: plain["finished"][-1].update(files={}), "report without any"),
        (lambda plain: plain["finished"][0].update(seconds=10**400), "a number of 401 digits"),
        (lambda plain: plain["finished"][-1].update(files={"charts/../../x.svg": ""}), "is no file of report"),
        (lambda plain: plain["finished"][0].update(files={"/dev/zero": ""}), "is no file of profile"),
        (lambda plain: plain["steps"][0].update(state="tired"), r"steps\.0\.state: 'tired'"),
    ],
)
def test_a_malformed_state_is_named(
    study: Study, results: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit(results / "study.json", change)
    before = (results / "study.json").read_bytes()
    with pytest.raises(StudyError, match=message) as caught:
        study(results)
    assert "study.json: " in str(caught.value)
    assert "fresh=True starts over" in str(caught.value)
    assert "--fresh starts over" in one_line(caught.value)
    assert (results / "study.json").read_bytes() == before


def test_the_state_round_trips(finished_study: Path) -> None:
    text = (finished_study / "study.json").read_text(encoding="utf-8")
    found = gs.Study.load(finished_study)
    assert found.to_json() == text
    assert STUDY_FORM.from_json(text).schema == SCHEMA


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "steam"}, "engine must be one of"),
        ({"template": "letter"}, "template must be one of"),
        ({"template": "chatml"}, "needs the token"),
        ({"max_new_tokens": -1}, "max_new_tokens must be 0 or more"),
        ({"probe": 1}, "a probe takes two tokens"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"norm": "max"}, "norm must be one of"),
        ({"weights": "love=1"}, "unknown component 'love'"),
        ({"threads": 0}, "threads must be a positive integer"),
    ],
)
def test_wrong_choices_cost_no_work(study: Study, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        study(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_study_with_hashes_refuses_an_edit_that_keeps_the_identity(
    study: Study, tiny_model: Path, tmp_path: Path
) -> None:
    model, out = tmp_path / "tiny.gguf", tmp_path / "out"
    shutil.copy(tiny_model, model)
    found = study(out, model=model, hash=True)
    digest = sha256(model)
    results = (found, found.profile, found.analysis, found.trace, found.probe, found.validation)
    assert [result.subject.file_hashes for result in results if result is not None] == [[digest]] * 6
    assert {step.state for step in study(out, model=model, hash=True).document.steps} == {KEPT}
    assert {step.state for step in study(out, model=model).document.steps} == {KEPT}
    edit_outside_samples(model)
    with pytest.raises(StudyError, match="is of another model") as caught:
        study(out, model=model, hash=True)
    assert sha256(model)[:20] in str(caught.value)
    assert digest[:20] in str(caught.value)
    assert {step.state for step in study(out, model=model).document.steps} == {KEPT}  # identity alone cannot tell


def test_hashes_asked_for_later_make_the_profile_again(study: Study, results: Path) -> None:
    assert "file_hashes" not in (results / "study.json").read_text(encoding="utf-8")
    found = study(results, hash=True)
    assert found.steps["profile"].reason == "made without hashes of the whole files"
    assert found.steps["trace"].state == KEPT
    assert found.profile is not None
    assert found.profile.subject.file_hashes == found.subject.file_hashes is not None
