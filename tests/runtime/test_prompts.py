"""The prompts that are shipped, and files of prompts, good and bad."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ggufscope.errors import ExitCode, PromptsError, exit_code
from ggufscope.runtime.reading.input_files import PROMPTS_FORM
from ggufscope.runtime.reading.patterns import is_pattern
from ggufscope.runtime.reading.prompts import CATEGORIES, Prompt, parse_prompts, read_prompts, shipped_prompts
from ggufscope.runtime.scoring import score

GOOD = {"id": "a", "category": "c", "prompt": "1 + 1?", "accepted": ["2"]}


def test_five_prompts_of_each_category() -> None:
    prompts = shipped_prompts().prompts
    assert Counter(prompt.category for prompt in prompts) == dict.fromkeys(CATEGORIES, 5)
    assert len({prompt.prompt for prompt in prompts}) == 20
    assert all(prompt.difficulty and prompt.hallucination_examples for prompt in prompts)
    assert all(prompt.prompt.count("?") == 1 for prompt in prompts)  # one question each
    assert 300 < sum(len(prompt.prompt.split()) for prompt in prompts) < 400  # about 470 tokens of Llama 3


@pytest.mark.parametrize("prompt", shipped_prompts().prompts, ids=lambda prompt: prompt.id)
def test_shipped_answers_score_as_what_they_are(prompt: Prompt) -> None:
    for verdict, answers in (("correct", prompt.accepted), ("wrong", prompt.hallucination_examples)):
        for answer in answers:
            if not is_pattern(answer):
                for text in (answer, answer.upper(), f" **{answer}**.\n", f"{answer}!"):
                    assert score(prompt, text, finished=True).verdict == verdict, text
    assert score(prompt, prompt.prompt, finished=True).verdict == "unscored"  # the question asked back


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps({"prompts": [GOOD, GOOD | {"id": "b", "accepted": ["/^tw+o$/"]}]}), encoding="utf-8")
    first, second = read_prompts(path).prompts
    assert (first.id, first.accepted, first.hallucination_examples, first.difficulty) == ("a", ("2",), (), None)
    assert score(second, "TWO", finished=True).verdict == "correct"


def of(**changes: Any) -> str:
    return json.dumps({"prompts": [GOOD, GOOD | {"id": "b"} | changes]})


BAD = {
    "nothing": ("", "no prompts: no valid JSON (Expecting value: line 1 column 1"),
    "no JSON": ('{"prompts": [}', "no prompts: no valid JSON (Expecting value: line 1 column 14"),
    "no UTF-8": (b'{"prompts": "\xff"}', "no prompts: byte 13 is no UTF-8"),
    "half a surrogate pair": (of(prompt="\ud800"), "Invalid JSON"),
    "deep": ("[" * 100_000, "no prompts: no valid JSON (nested too deeply)"),
    "a list": ("[]", "a list in place of an object"),
    "no prompts": ("{}", "there is no 'prompts'"),
    "a list of texts": ('["What is 1 + 1?"]', "a list in place of an object"),
    "prompts that are texts": ('{"prompts": ["What is 1 + 1?"]}', "prompts[0]: a text in place of an object"),
    "a prompt that is null": ('{"prompts": [null]}', "prompts[0]: nothing in place of an object"),
    "a missing key": ('{"prompts": [{"id": "a", "prompt": "1 + 1?"}]}', "prompts[0]: there is no 'category'"),
    "an empty set": ('{"prompts": []}', "prompts: there are none"),
    "not a number": ('{"prompts": NaN}', "prompts: "),
    "no answer": (of(accepted=[]), "prompts[1].accepted: there are none"),
    "an answer of marks": (of(accepted=["2", "..."]), "prompts[1].accepted[1]: '...' has no word or number"),
    "an answer that is a number": (of(accepted=[2]), "prompts[1].accepted[0]: Input should be a valid string"),
    "a misspelled key": (of(accpeted=["2"]), "prompts[1].accpeted: Extra inputs are not permitted"),
    "an unknown difficulty": (of(difficulty="nightmare"), "prompts[1].difficulty: Input should be 'easy', 'medium' or"),
    "an empty prompt": (of(prompt=""), "prompts[1].prompt: String should have at least 1 character"),
    "the same name": (of(id="a"), "prompts[0] and prompts[1] have the same id, 'a'"),
    "a broken pattern": (of(accepted=["/(a/"]), "prompts[1].accepted[0]: the pattern '(a' cannot be used: unclosed"),
    "look-ahead": (of(accepted=["/(?=a)/"]), "prompts[1].accepted[0]: the pattern '(?=a)' cannot be used: look-around"),
    "an empty pattern": (of(accepted=["//"]), "prompts[1].accepted[0]: the pattern is empty"),
    "a long pattern": (of(accepted=[f"/{'a' * 201}/"]), "prompts[1].accepted[0]: the pattern has 201 characters"),
    "a large pattern": (
        of(hallucination_examples=[r"/(\w{500}){500}/"]),
        "prompts[1].hallucination_examples[0]: the pattern '(\\\\w{500}){500}' cannot be used: Compiled regex exceeds",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_names_the_place(case: str, tmp_path: Path) -> None:
    content, reason = BAD[case]
    path = tmp_path / "prompts.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PromptsError) as caught:
        read_prompts(path)
    assert str(caught.value).startswith(f"{path}: {reason}")
    assert str(caught.value).endswith(f"; {PROMPTS_FORM}")
    assert "\n" not in str(caught.value)
    assert exit_code(caught.value) is ExitCode.INPUT


def test_the_example_of_the_form_is_of_the_form() -> None:
    (prompt,) = parse_prompts(PROMPTS_FORM.partition(", as ")[2].encode()).prompts
    assert prompt.accepted == ("Tokyo",)


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    with path.open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(PromptsError, match="larger than 16 MiB"):
        read_prompts(path)
    with pytest.raises(FileNotFoundError):
        read_prompts(tmp_path / "absent.json")
