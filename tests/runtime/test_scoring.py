"""Answers and what they are worth."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggufscope.runtime.reading.answer_words import read_words
from ggufscope.runtime.reading.patterns import Pattern, Span
from ggufscope.runtime.reading.prompts import Prompt
from ggufscope.runtime.scoring import score


def ask(text: str, accepted: list[str], wrong: list[str] | None = None) -> Prompt:
    return Prompt(
        id="q", category="c", prompt=text, accepted=tuple(accepted), hallucination_examples=tuple(wrong or ())
    )


CAPITAL = ask("What is the capital of France?", ["Paris"], ["Lyon", "Marseille"])
YORK = ask("Which city is called the Big Apple?", ["New York"], ["York", "Boston"])
PRODUCT = ask("What is 17 times 6?", ["102"])
LENGTH = ask("How long is the road?", ["12 km"])
PRICE = ask("What does it cost?", ["$1,200.50"])
RAIN = ask("Did it rain?", ["No", "did not rain"])
SUN = ask("Did the sun shine?", ["yes", "true"])
YEAR = ask("When?", ["/19(69|70)/"], ["/20[0-9][0-9]/"])
BOTH = ask("Is it yes or no?", ["yes", "no"])

ANSWERS: list[tuple[Prompt, str, str]] = [
    (CAPITAL, " PARIS.", "correct"),
    (CAPITAL, "**Paris**", "correct"),
    (CAPITAL, "The capital is Pa\u200bris", "unscored"),
    (CAPITAL, "Parisian cafés", "unscored"),
    (CAPITAL, "Lyon", "wrong"),
    (CAPITAL, "It is not Lyon but Paris.", "correct"),
    (CAPITAL, "Not Lyon, Paris.", "correct"),
    (CAPITAL, "Paris, not Lyon.", "correct"),
    (CAPITAL, "Paris instead of Lyon.", "correct"),
    (CAPITAL, "Not only Paris.", "correct"),
    (CAPITAL, "It isn't Paris.", "wrong"),
    (CAPITAL, "It isn\u2019t Paris.", "wrong"),
    (CAPITAL, "Paris is not the capital.", "wrong"),
    (CAPITAL, "Paris is wrong. Lyon it is.", "wrong"),
    (CAPITAL, "Paris or Lyon", "unscored"),
    (CAPITAL, "Paris and Lyon", "unscored"),
    (CAPITAL, "Paris. The largest city in the south is Marseille.", "correct"),
    (CAPITAL, "Lyon. No, wait: Paris.", "wrong"),
    (CAPITAL, "Is it Paris?", "unscored"),
    (CAPITAL, "What is the capital of Lyon? Paris.", "correct"),
    (CAPITAL, "I do not know.", "unscored"),
    (CAPITAL, "Berlin.", "wrong"),
    (CAPITAL, "Berlin", "unscored"),  # Berlin is not the capital of France may have been meant
    (CAPITAL, "The Louvre.", "unscored"),
    (CAPITAL, "", "unscored"),
    (CAPITAL, " \n...", "unscored"),
    (CAPITAL, "x " * 5000 + "Paris", "unscored"),
    (YORK, "New York", "correct"),
    (YORK, "York", "wrong"),
    (YORK, "new\nyork", "correct"),
    (PRODUCT, "102", "correct"),
    (PRODUCT, "one hundred and two", "correct"),
    (PRODUCT, "One hundred two!", "correct"),
    (PRODUCT, "102.0", "correct"),
    (PRODUCT, "17 times 6 is 102.", "correct"),
    (PRODUCT, "17 times 6 is 103.", "wrong"),
    (PRODUCT, "17 times 6 is not 103.", "unscored"),
    (PRODUCT, "17 times 6 is 103", "unscored"),
    (PRODUCT, "10 times 6 is 60, and 7 times 6 is 42.", "unscored"),
    (PRODUCT, "17 times 6.", "unscored"),
    (PRODUCT, "1025", "unscored"),
    (PRODUCT, "No one knows.", "unscored"),
    (LENGTH, "12km", "correct"),
    (LENGTH, "Twelve kilometres.", "correct"),
    (LENGTH, "12 miles", "unscored"),
    (LENGTH, "-12 km", "unscored"),
    (PRICE, "1200.5 dollars", "correct"),
    (PRICE, "$1200.50", "correct"),
    (PRICE, "1200.5 euros", "unscored"),
    (RAIN, "No.", "correct"),
    (RAIN, "Yes.", "wrong"),
    (RAIN, "False", "correct"),
    (RAIN, "That is not true.", "correct"),
    (RAIN, "It did not rain.", "correct"),
    (RAIN, "Perhaps.", "unscored"),
    (SUN, "No, it did not.", "wrong"),
    (SUN, "yes, no clouds", "correct"),
    (BOTH, "no", "correct"),
    (YEAR, "In 1969.", "correct"),
    (YEAR, "not in 1969", "wrong"),
    (YEAR, "In 2001.", "wrong"),
    (YEAR, "Was it 1969?", "unscored"),
]


@pytest.mark.parametrize(("prompt", "answer", "verdict"), ANSWERS, ids=[answer[:40] for _, answer, _ in ANSWERS])
def test_answers(prompt: Prompt, answer: str, verdict: str) -> None:
    found = score(prompt, answer, finished=False)
    assert found.verdict == verdict, found.reason


def test_what_decided_is_named() -> None:
    assert score(CAPITAL, "Paris", finished=True).matched == "Paris"
    assert score(CAPITAL, "Lyon", finished=True).matched == "Lyon"
    assert score(CAPITAL, "not Paris", finished=True).matched == "Paris"
    assert score(YEAR, "1970", finished=True).matched == "/19(69|70)/"
    assert score(CAPITAL, "Rome", finished=True).matched is None


def test_an_answer_the_model_ended_needs_no_full_stop() -> None:
    assert score(PRODUCT, "103", finished=False).verdict == "unscored"  # 1030 may have been meant
    assert score(PRODUCT, "103", finished=True).verdict == "wrong"


WEEKDAY = ask("Today is Wednesday. Which day of the week will it be in five days?", ["Monday"], ["Sunday"])
MONTH = ask("A bridge was closed in June. In which month did it open?", ["October"])
DATE = ask("A letter was posted on February 28. On which date was it delivered?", ["March 1", "1st of March"])
BAGS = ask("A baker packs 156 rolls in bags of 12. How many bags?", ["13"])
COLOUR = ask("A ball is not red. Which colour is it?", ["blue"])
FILM = ask("A film starts at 7:40. When does it end?", ["9:15"])
METAL = ask("Which metal?", ["gold bar"])

OF_A_KIND: list[tuple[Prompt, str, bool, str, str | None]] = [
    (WEEKDAY, "Wednesday.", True, "wrong", None),
    (WEEKDAY, "Wednesday. Then", False, "unscored", "not ended"),
    (WEEKDAY, "Tuesday. Then", False, "wrong", None),
    (WEEKDAY, "Today is Wednesday, and five days later it is", False, "unscored", "not ended"),
    (WEEKDAY, "It is Tuesday and Friday.", True, "unscored", "several answers"),
    (WEEKDAY, "In five days. That will be Friday.", True, "wrong", None),
    (WEEKDAY, "It is not Friday.", True, "unscored", "none of the asked kind"),
    (MONTH, "June 2018", True, "wrong", None),
    (MONTH, "It may be so.", True, "unscored", "none of the asked kind"),
    (DATE, "28 February 2023.", True, "wrong", None),
    (DATE, "On March 7.", True, "wrong", None),
    (BAGS, "12 bags.", True, "wrong", None),
    (BAGS, "12 bags.", False, "unscored", "not ended"),
    (BAGS, "156 / 12 = 17.", True, "wrong", None),
    (BAGS, "156 and 12", True, "unscored", "several answers"),
    (BAGS, "Many.", True, "unscored", "none of the asked kind"),
    (COLOUR, "White.", True, "wrong", None),
    (COLOUR, "Green or yellow.", True, "unscored", "several answers"),
    (FILM, "It starts at 7:40 and runs 2 hours. So, it ends at 0.222 hours.", True, "wrong", None),
    (METAL, "Silver.", True, "unscored", "none of the asked kind"),
    (METAL, "Silver.", False, "unscored", "not ended"),
    (METAL, "", True, "unscored", "no answer"),
]


@pytest.mark.parametrize(
    ("prompt", "answer", "finished", "verdict", "why"), OF_A_KIND, ids=[answer[:40] for _, answer, *_ in OF_A_KIND]
)
def test_a_wrong_answer_of_the_asked_kind_is_wrong_and_an_unscored_one_says_why(
    prompt: Prompt, answer: str, finished: bool, verdict: str, why: str | None
) -> None:
    found = score(prompt, answer, finished=finished)
    assert (found.verdict, found.why) == (verdict, why), found.reason


def test_a_wrong_answer_is_named() -> None:
    assert score(WEEKDAY, "Wednesday", finished=True).reason == "says Wednesday, another weekday"
    assert score(BAGS, "12 bags", finished=True).reason == "says 12, another number"
    assert score(LENGTH, "12 miles", finished=True).reason == "says 12"
    assert score(COLOUR, "pink, white", finished=True).reason == "names more than one colour: pink, white"


WORDS = [
    ("twenty-one", ["21"]),
    ("two hundred and five thousand and six", ["205000", "and", "6"]),
    ("a hundred", ["100"]),
    ("5 million", ["5000000"]),
    ("two three", ["2", "3"]),
    ("1,234,567.50", ["1234567.5"]),
    ("007", ["7"]),
    ("-0", ["0"]),
    ("2-4", ["2", "4"]),
    ("3rd third", ["#3", "#3"]),
    ("7:05 p.m. 07:05PM", ["7:05", "pm", "7:05", "pm"]),
    ("1/2", ["1/2"]),
    ("５０ per cent", ["50", "%"]),  # noqa: RUF001
    ("£5", ["5", "£"]),
    ("20 °C", ["20", "c"]),
    ("São ﬁne", ["sao", "fine"]),
    ("Straße", ["strasse"]),
    ("東京", ["東京"]),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_words(text: str, words: list[str]) -> None:
    assert [word.text for word in read_words(text).words] == words


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=300), answer=st.text(min_size=1, max_size=20))
def test_any_text_is_scored(text: str, answer: str) -> None:
    words = read_words(text, questions=False)
    assert all(0 <= word.start < word.stop <= len(words.plain) for word in words.words)
    assert [word.sentence for word in words.words] == sorted(word.sentence for word in words.words)
    prompt = Prompt.model_construct(id="q", category="c", prompt="?", accepted=(answer,), hallucination_examples=())
    assert score(prompt, text, finished=True).verdict in {"correct", "wrong", "unscored"}


def test_patterns_find_where_they_match() -> None:
    assert Pattern("b+").find("aabbc") == Span(2, 3)
    assert Pattern("[0-9]{4}").find("in 1969 or 1970") == Span(3, 7)
    assert Pattern("^x").find("ax") is None
    assert Pattern("É").find("é") == Span(0, 1)


EXPONENTIAL: list[Any] = ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "(a?){50}a{50}c", r"(\w*)*!$"]


@pytest.mark.parametrize("expression", EXPONENTIAL)
def test_patterns_that_backtrack_for_ever_do_not(expression: str) -> None:
    assert Pattern(expression).find("a" * 1500 + "b") is None
