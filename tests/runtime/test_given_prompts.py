"""Prompts and texts that callers of the library give: themselves, or the files that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ggufscope as gs
from ggufscope.errors import PromptsError, TraceError
from ggufscope.runtime.reading.given import IN_MEMORY, input_files, is_file, prompts_of, text_of
from ggufscope.runtime.reading.prompts import named_prompts

WITH_ANSWERS = {
    "id": "capital",
    "category": "facts",
    "prompt": "Which city is the capital of Japan?",
    "accepted": ["Tokyo"],
    "hallucination_examples": ["Kyoto"],
}


def test_prompts_as_texts_and_as_mappings(tmp_path: Path) -> None:
    name, questions = prompts_of(["Why?", {"prompt": "Who?"}, {"prompt": "When?", "id": "time", "accepted": ["now"]}])
    assert name == IN_MEMORY
    assert [(each.id, each.prompt, each.accepted) for each in questions.prompts] == [
        ("prompt 1", "Why?", ()),
        ("prompt 2", "Who?", ()),
        ("time", "When?", ("now",)),
    ]
    file = tmp_path / "questions.json"
    file.write_text(json.dumps({"prompts": [WITH_ANSWERS]}))
    from_file, as_mapping = prompts_of(file), prompts_of({"prompts": [WITH_ANSWERS]})
    assert from_file == named_prompts(file) == prompts_of(str(file)) == prompts_of(from_file)
    assert as_mapping.prompts.model_dump() == from_file.prompts.model_dump()
    assert len(prompts_of(None).prompts.prompts) == 20


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "prompts"),
        ([""], r"prompts\[0\]\.prompt: "),
        ([{"text": "Why?"}], r"prompts\[0\]: there is no 'prompt'"),
        ([{"prompt": "Why?", "accepted": "so"}], r"prompts\[0\]\.accepted"),
        ([{"prompt": "Why?", "id": "a"}, {"prompt": "Who?", "id": "a"}], "have the same id, 'a'"),
        ([3], r"prompts\[0\]"),
        (3, "a list of texts"),
        (b"Why?", "a list of texts"),
        ("Why is the sky blue?", r"stand in a list: prompts=\[…\]"),
    ],
)
def test_prompts_that_are_none(asked: Any, message: str) -> None:
    with pytest.raises(PromptsError, match=message) as caught:
        prompts_of(asked)
    assert "\n" not in str(caught.value)


def test_a_text_is_a_file_or_itself(tmp_path: Path) -> None:
    file = tmp_path / "a story.txt"
    file.write_text("Once")
    assert text_of(file) == text_of(str(file)) == ("a story.txt", "Once")
    assert text_of("Once upon a time") == (IN_MEMORY, "Once upon a time")
    assert text_of(["story.txt"]) == (IN_MEMORY, "story.txt")
    assert not is_file("One line\nand another.")
    assert input_files(["Why?"], file) == [file]
    assert input_files("questions.json", "Once upon a time") == ["questions.json"]
    for missing in ("story.txt", str(tmp_path / "no story.txt")):
        with pytest.raises(OSError, match="No such file"):
            text_of(missing)
    for wrong in ([], ["", "b"], [3], [""], ["\udc80"]):
        with pytest.raises(TraceError):
            text_of(wrong)  # type: ignore[arg-type]


def test_a_model_reads_them(stories260k: Path) -> None:
    asked = ["Once upon a time", {"prompt": "The cat", "accepted": ["dog"]}]
    trace = gs.trace(stories260k, prompts=asked, max_new_tokens=3)
    assert trace.document.settings.prompt_set == IN_MEMORY
    assert [prompt.prompt for prompt in trace.document.prompts] == ["Once upon a time", "The cat"]
    assert [prompt.score is None for prompt in trace.document.prompts] == [True, False]
    assert gs.Trace.from_json(trace.to_json()) == trace.as_saved()
    (piece,) = gs.trace(stories260k, text="Once upon a time").document.prompts
    assert piece.prompt == "Once upon a time"
    read = gs.diff(stories260k, stories260k).run(prompts=["Once upon a time there was a girl"]).models[0].run
    assert read is not None
    assert read.output.kl_mean == 0


def test_a_study_reads_them(stories260k: Path, tmp_path: Path) -> None:
    study = gs.study(stories260k, tmp_path, prompts=["Once upon a time"], max_new_tokens=2, probe=0)
    assert study.failures == {}
    assert study.trace is not None
    assert [prompt.id for prompt in study.trace.document.prompts] == ["prompt 1"]
