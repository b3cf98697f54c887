"""Files of the first release load as they did and are saved again byte for byte; results compare and pickle by value.

The files in `saved/` are a study of two layers of the synthetic shape `tiny`, written by version 0.1.0.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ggufscope as gs
from ggufscope.runtime.engines.engine import Ending, GenerationInterrupted
from ggufscope.runtime.trace_result import TraceInterrupted

if TYPE_CHECKING:
    from ggufscope.saving.results import SavedResult

SAVED = Path(__file__).parent / "saved"

KINDS: dict[str, type[SavedResult]] = {
    "profile.json": gs.Profile,
    "analysis-report.json": gs.Analysis,
    "trace.json": gs.Trace,
    "validation.json": gs.Validation,
    "study.json": gs.Study,
}


def load(name: str) -> Any:
    kind = KINDS[name]
    return kind.load(SAVED if kind is gs.Study else SAVED / name)


@pytest.fixture(params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_there_is_a_file_of_every_kind() -> None:
    assert {path.name for path in SAVED.iterdir()} == set(KINDS)


def test_a_file_of_the_first_release_is_saved_byte_for_byte_as_it_was(name: str, tmp_path: Path) -> None:
    text = (SAVED / name).read_text(encoding="utf-8")
    result = load(name)
    assert result.title == "Tiny (synthetic)"
    assert result.to_json() == text
    target = tmp_path / name
    written = result.save(tmp_path if name in {"analysis-report.json", "validation.json"} else target)
    assert target in written
    assert target.read_text(encoding="utf-8") == text


def test_results_are_equal_if_they_save_the_same(name: str) -> None:
    first, second = load(name), load(name)
    assert first is not second
    assert first == second
    assert hash(first) == hash(second)
    assert first != "a result"
    assert all(first != load(other) for other in KINDS if other != name)


def test_results_differ_by_a_value_that_is_saved(name: str, tmp_path: Path) -> None:
    plain = json.loads((SAVED / name).read_text(encoding="utf-8"))
    plain["model"]["architecture"] = "another"
    (tmp_path / name).write_text(json.dumps(plain), encoding="utf-8")
    kind = KINDS[name]
    assert kind.load(tmp_path if kind is gs.Study else tmp_path / name) != load(name)


TWINS: list[Callable[[Any], Any]] = [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy]  # noqa: S301


@pytest.mark.parametrize("twin", TWINS)
def test_results_are_pickled_and_copied_by_value(name: str, twin: Callable[[Any], Any]) -> None:
    result = load(name)
    made = twin(result)
    assert made == result
    assert made is not result
    assert made.to_json() == result.to_json()
    assert repr(made) == repr(result)


def test_a_result_says_what_it_is(name: str) -> None:
    kind = KINDS[name].__name__
    assert repr(load(name)).startswith(f"<{kind} of 'Tiny (synthetic)': ")


def test_a_model_is_no_result(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"GGUF" + bytes(64))
    kind = KINDS[name]
    with pytest.raises(ValueError, match=f"{name}: a GGUF model, not .* of one"):
        kind.load(tmp_path if kind is gs.Study else tmp_path / name)


@pytest.mark.parametrize("twin", TWINS)
def test_interruptions_keep_what_they_carry(twin: Callable[[Any], Any]) -> None:
    trace = load("trace.json")
    endings = [Ending((1, 2), "interrupted")]
    assert twin(TraceInterrupted(trace)).trace == trace
    assert str(twin(TraceInterrupted(trace))) == ""
    assert twin(GenerationInterrupted(endings)).endings == endings
    study = twin(gs.StudyInterrupted("probe"))
    assert (study.part, str(study)) == ("probe", str(gs.StudyInterrupted("probe")))
    assert "goes on with the probe" in str(study)
    study.add_note("seen")
    assert twin(study).__notes__ == ["seen"]


def test_a_validation_says_which_of_its_results_are_of_the_first_release() -> None:
    """Their sizes are over all tokens, and those of today are medians."""
    warnings = gs.validate(load("analysis-report.json"), load("trace.json")).document.warnings
    for result in ("trace", "analysis"):
        assert any(warning.startswith(f"the {result} is of schema 1: ") for warning in warnings)
