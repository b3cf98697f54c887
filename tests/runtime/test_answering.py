"""How long an answer becomes: to its end by default, exactly as long as asked for otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.runtime.answering import MOST_TOKENS, USUAL_TOKENS, Budget, ending_of, repeats
from ggufscope.runtime.engines.answers import Answers
from ggufscope.runtime.reading.prompts import Prompt
from ggufscope.runtime.reading.readings import Item, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ggufscope.runtime import Trace

PROMPT = Prompt(id="q", category="c", prompt="Which day?", accepted=("Monday",))
WORDS = ["It", " is", " Monday", ".", "\n\n", "Then", *(f" word{i}" for i in range(300))]
USUAL = Budget.of(None)


class Vocabulary:
    """A tokenizer for WORDS."""

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(WORDS[token] for token in tokens)


def reading(template: str = "chatml") -> Reading:
    tokenizer: Any = Vocabulary()
    item = Item("q", np.array([1], np.int32), prompt=PROMPT)
    return Reading("prompts", "mine", [item], tokenizer=tokenizer, template=template)


def answer(script: Sequence[int], budget: Budget, template: str = "chatml") -> tuple[int, str]:
    """Tokens and ending of an answer that goes on as `script` says; −1 is the end token."""
    scores = np.eye(len(WORDS) + 1)
    rows = [scores[[token]] for token in script]
    end = len(WORDS)
    read = reading(template)
    answers = Answers([1], budget.most, None, frozenset({end}), lambda n, tokens: ending_of(read, budget, n, tokens))
    steps = iter(rows[1:])
    (ending,) = answers.complete(rows[0], lambda _: next(steps), None)
    return len(ending.tokens), ending.reason


PLAIN = list(range(6, 306))  # words that say nothing and do not repeat


def test_an_answer_ends_where_the_model_ends_it() -> None:
    assert answer([*PLAIN[:100], -1], USUAL) == (100, "stop")


def test_an_answer_grows_as_long_as_it_says_nothing() -> None:
    assert answer(PLAIN, USUAL) == (MOST_TOKENS, "limit")


def test_an_answer_that_is_clear_has_the_usual_length() -> None:
    assert answer([0, 1, 2, 3, *PLAIN], USUAL) == (USUAL_TOKENS, "limit")


def test_a_blank_line_ends_the_answer_of_a_base_model() -> None:
    assert answer([0, 1, 2, 3, 4, *PLAIN], USUAL, "none") == (5, "blank line")
    assert answer([4, 0, 1, 2, 3, *PLAIN], USUAL, "none") == (USUAL_TOKENS, "limit")  # nothing is before it
    assert answer([0, 1, 2, 3, 4, *PLAIN], USUAL) == (USUAL_TOKENS, "limit")  # a chat model goes on behind it


def test_a_text_that_repeats_itself_is_over() -> None:
    assert answer([*PLAIN[:10], *[6, 7, 8] * 90], USUAL) == (10 + 18, "repeats")
    assert not repeats(PLAIN)
    assert not repeats([1, 1, 1, 1])


@pytest.mark.parametrize("asked", [1, 20, 100])
def test_a_number_that_was_asked_for_is_a_fixed_limit(asked: int) -> None:
    budget = Budget.of(asked)
    assert answer([0, 1, 2, 3, 4, *[6, 7] * 150], budget, "none") == (asked, "limit")


def test_the_default_of_a_trace(stories260k: Path) -> None:
    def lengths(trace: Trace) -> list[int]:
        return [len(prompt.answer.token_ids) for prompt in trace.document.prompts if prompt.answer is not None]

    usual, fixed = gs.trace(stories260k), gs.trace(stories260k, max_new_tokens=3)
    assert usual.document.settings.max_new_tokens == MOST_TOKENS
    assert USUAL_TOKENS <= max(lengths(usual)) <= MOST_TOKENS
    assert set(lengths(fixed)) == {3}
