"""A text as words that compare: case, accents of writing, punctuation, number words and units made alike.

    "It's about 1,200 Kilometres (twenty-one)!"  →  its · about · 1200 · km · 21

The words are English ones; names and figures of any language compare.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from .english import ARTICLES, CURRENCIES, DEGREES, LARGE_NUMBERS, ORDINAL_ENDINGS, ORDINALS, SMALL_NUMBERS, TENS, UNITS

# A number with its sign; a word with its apostrophes; a mark. Nothing in it can match in two ways: time is linear.
_PIECES = re.compile(
    r"(?P<number>(?<![\w.])-?\d+(?:,\d{3})*(?:[.:/]\d+)*|\d+(?:,\d{3})*(?:[.:/]\d+)*)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<mark>[^\w\s]|\n)"
)
_MARKS_KEPT = frozenset("%$€£+=")
_SPELLINGS = (
    (re.compile(r"\b([ap])\.m\b\.?", re.IGNORECASE), r"\1m"),
    (re.compile(r"\bper cent\b", re.IGNORECASE), "percent"),
)
_SENTENCE_ENDS = frozenset(".!?\n")
_CLAUSE_ENDS = frozenset(",;:()\u2014\u2013")
_DROPPED = ARTICLES | DEGREES


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: in the form that compares; a number in plain decimal notation, an ordinal as `#3`.
        is_number: whether it is a number and meant as one; a spelled "one" is not.
        sentence: number of the sentence it is in.
        clause: number of the clause, over the whole text.
        start: where it begins in the plain text.
        stop: where it ends there.
    """

    text: str
    is_number: bool
    sentence: int
    clause: int
    start: int
    stop: int


@dataclass(frozen=True)
class Words:
    """A text and its words.

    Attributes:
        plain: the text they were found in: compatible characters made alike, apostrophes straight.
        words: in order.
        n_ended: number of sentences that have their end; a last one without is not among them.
    """

    plain: str
    words: tuple[Word, ...]
    n_ended: int


def read_words(text: str, *, questions: bool = True) -> Words:
    """Cut a text into words.

    Args:
        text: the text.
        questions: False leaves out sentences that end with a question mark; they become spaces in the plain text.
    """
    plain = unicodedata.normalize("NFKC", text.replace("\u2019", "'").replace("\u2212", "-"))
    for written, meant in _SPELLINGS:
        plain = written.sub(meant, plain)
    words: list[Word] = []
    sentence = clause = begin = 0
    for match in _PIECES.finditer(plain):
        kind, piece = str(match.lastgroup), match.group()
        if kind != "mark" or piece in _MARKS_KEPT:
            shown = _plain_number(piece) if kind == "number" else _without_accents(piece.casefold())
            words.append(Word(shown, kind == "number", sentence, clause, match.start(), match.end()))
        elif piece in _SENTENCE_ENDS and words and words[-1].sentence == sentence:
            if piece == "?" and not questions:
                words = [word for word in words if word.sentence != sentence]
                plain = plain[:begin] + " " * (match.end() - begin) + plain[match.end() :]
            sentence, clause, begin = sentence + 1, clause + 1, match.end()
        elif piece in _CLAUSE_ENDS:
            clause += 1
    return Words(plain, tuple(_joined(words)), sentence)


def _without_accents(word: str) -> str:
    letters = unicodedata.normalize("NFD", word.replace("'", ""))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _plain_number(text: str) -> str:
    """`1,200.50` → `1200.5`; a time, date or fraction as `7:05` stays, but for leading zeros."""
    text = text.replace(",", "")
    if ":" in text or "/" in text or text.count(".") > 1:
        return text.lstrip("0") or "0"
    number = format(Decimal(text), "f")
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if number == "-0" else number


def _joined(words: list[Word]) -> Iterator[Word]:
    """Number words as numbers, ordinals, units by one name, currencies behind the amount, articles dropped."""
    at = 0
    while at < len(words):
        word, after = words[at], words[at + 1] if at + 1 < len(words) else None
        value, used = _spelled_number(words, at)
        if used:
            is_number = value != 1  # "one" mostly counts nothing: no one, one of them
            yield replace(word, text=str(value), is_number=is_number, stop=words[at + used - 1].stop)
        elif word.is_number and after is not None and after.text in LARGE_NUMBERS and word.text.isdecimal():
            used = 2
            yield replace(word, text=str(int(word.text) * LARGE_NUMBERS[after.text]), stop=after.stop)
        elif word.is_number and after is not None and after.text in ORDINAL_ENDINGS:
            used = 2
            yield replace(word, text=f"#{word.text}", is_number=False, stop=after.stop)
        elif word.text in CURRENCIES and after is not None and after.is_number:
            used = 2
            yield from (after, word)
        else:
            used = 1
            if word.text not in _DROPPED:
                yield replace(word, text=_name(word))
        at += used


def _name(word: Word) -> str:
    if word.text in ORDINALS:
        return f"#{ORDINALS[word.text]}"
    return UNITS.get(word.text, word.text)


def _spelled_number(words: list[Word], start: int) -> tuple[int, int]:
    """The number spelled from `start` on, and how many words spell it; `two hundred and five`, 205, 4 words."""
    total = group = 0
    at = start
    last = 0  # the words taken so far, without an `and` that leads nowhere
    previous: str | None = None
    while at < len(words) and words[at].sentence == words[start].sentence:
        text = words[at].text
        if text == "and" and previous == "hundred":
            at += 1
            continue
        if text in SMALL_NUMBERS and _fits(text, previous):
            group += SMALL_NUMBERS[text]
        elif text in LARGE_NUMBERS:
            scaled = max(group, 1) * LARGE_NUMBERS[text]  # a hundred
            group, total = (scaled, total) if text == "hundred" else (0, total + scaled)
        else:
            break
        previous = text
        at += 1
        last = at
    return total + group, last - start if last else 0


def _fits(text: str, previous: str | None) -> bool:
    """Whether a number word may follow another: `twenty one`, `hundred five`, not `two three`."""
    if previous is None or previous in LARGE_NUMBERS:
        return True
    return previous in TENS and 0 < SMALL_NUMBERS[text] < 10
