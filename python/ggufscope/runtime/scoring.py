"""Whether an answer is right, by rules that can be read; `unscored` where they do not decide.

An answer is searched for the accepted answers and for known wrong ones. What is denied does not count (`not Lyon but
Paris`), nor does a question that the model asks back. An answer in which neither is found is wrong only if it shows
it: another number, weekday or colour where one was asked for (`answer_kinds`), No where Yes was right. Everything else
is unscored, never a guess, and the score says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .reading.answer_kinds import NUMBER, Named, asks_for_number, kind_of, members_in
from .reading.answer_words import Word, Words, read_words
from .reading.english import CONTRASTS, LINKING, NEGATING_AFTER, NEGATIONS, NO, NOT_NEGATING, YES
from .reading.patterns import LONGEST_TEXT, Pattern, is_pattern
from .trace_document import Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .reading.answer_kinds import Kind
    from .reading.prompts import Question

NOT_ENDED, SEVERAL, OTHER_KIND, NO_ANSWER = "not ended", "several answers", "none of the asked kind", "no answer"

_MOST_NAMED = 4
_REACH = 4  # words between a negation and what it denies, in the same clause


@dataclass(frozen=True)
class _Mention:
    """A place in an answer where an accepted or a known wrong one stands, from its first to its last word."""

    answer: str
    first: int  # word
    last: int  # word
    denied: bool


def score(prompt: Question, answer: str, *, finished: bool) -> Score:
    """Score an answer.

    Args:
        prompt: the prompt, with its accepted answers.
        answer: of the model; the first 2000 characters count.
        finished: whether the model ended it, rather than a limit on its length.

    Returns:
        The verdict and its reason.
    """
    words = _without_echo(read_words(answer[:LONGEST_TEXT], questions=False), read_words(prompt.prompt))
    if not words.words:
        return _unscored(NO_ANSWER, "no answer" if finished else "no answer before its limit")
    said = _yes_or_no(prompt, words)
    if said is not None:
        return said
    right = _mentions(prompt.accepted, words)
    wrong = [mention for mention in _mentions(prompt.hallucination_examples, words) if not _within_any(mention, right)]
    stated = next((mention for mention in right if not mention.denied), None)
    mistaken = next((mention for mention in wrong if not mention.denied), None)
    if stated is not None:
        return _weigh(stated, mistaken, words)
    if mistaken is not None:
        return Score("wrong", mistaken.answer, f"says {mistaken.answer!r}, a known wrong answer")
    if right:
        return Score("wrong", right[0].answer, f"denies {right[0].answer!r}")
    return _of_the_asked_kind(prompt, words, finished)


def _unscored(why: str, reason: str) -> Score:
    return Score("unscored", None, reason, why)


def _weigh(stated: _Mention, mistaken: _Mention | None, words: Words) -> Score:
    """An accepted answer was found, perhaps beside a wrong one: the sentence that comes first counts."""
    listed = words.words
    around = {listed[at].text for at in (stated.first - 1, stated.last + 1) if 0 <= at < len(listed)}
    if "or" in around:
        return _unscored(SEVERAL, f"{stated.answer!r} is one of several answers given")
    if mistaken is None:
        return Score("correct", stated.answer, f"says {stated.answer!r}")
    here, there = listed[stated.first].sentence, listed[mistaken.first].sentence
    if here == there:
        return _unscored(SEVERAL, f"says {stated.answer!r} and {mistaken.answer!r} in one sentence")
    if here < there:
        return Score("correct", stated.answer, f"says {stated.answer!r} first")
    return Score("wrong", mistaken.answer, f"says {mistaken.answer!r}, a known wrong answer, first")


def _without_echo(words: Words, prompt: Words) -> Words:
    """The answer without sentences that repeat one of the prompt; single words, as a Yes in both, repeat nothing."""
    asked, said = _sentences(prompt), _sentences(words)
    repeated = {number for number, texts in said.items() if len(texts) > 1 and texts in asked.values()}
    return replace(words, words=tuple(word for word in words.words if word.sentence not in repeated))


def _sentences(words: Words) -> dict[int, list[str]]:
    texts: dict[int, list[str]] = {}
    for word in words.words:
        texts.setdefault(word.sentence, []).append(word.text)
    return texts


def _mentions(answers: Sequence[str], words: Words) -> list[_Mention]:
    """The mentions of the answers in a text, in order of their place."""
    mentions = ((_mention_of_pattern if is_pattern(answer) else _mention_of_words)(answer, words) for answer in answers)
    return sorted((mention for mention in mentions if mention is not None), key=lambda mention: mention.first)


def _mention_of_words(answer: str, words: Words) -> _Mention | None:
    """The first place where an answer stands and is not denied, else the first where it is."""
    wanted = [word.text for word in read_words(answer).words]
    texts = [word.text for word in words.words]
    starts = (at for at in range(len(texts) - len(wanted) + 1) if wanted and texts[at : at + len(wanted)] == wanted)
    mentions = [_mention_at(answer, words.words, at, at + len(wanted) - 1) for at in starts]
    return next((mention for mention in mentions if not mention.denied), mentions[0] if mentions else None)


def _mention_of_pattern(answer: str, words: Words) -> _Mention | None:
    span = Pattern(answer[1:-1]).find(words.plain)
    if span is None:
        return None
    touched = [at for at, word in enumerate(words.words) if word.start < span.stop and span.start < word.stop]
    return _mention_at(answer, words.words, touched[0], touched[-1]) if touched else None


def _mention_at(answer: str, words: Sequence[Word], first: int, last: int) -> _Mention:
    return _Mention(answer, first, last, _is_denied(words, first, last))


def _within_any(mention: _Mention, others: Sequence[_Mention]) -> bool:
    """Whether it is a part of another one, as the wrong `York` of the right `New York`."""
    return any(other.first <= mention.first and mention.last <= other.last for other in others)


def _is_denied(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether a negation reaches the words from `first` to `last`; an answer that holds one itself cannot be denied."""
    texts = [word.text for word in words]
    if not NEGATIONS.isdisjoint(texts[first : last + 1]):
        return False
    for at in range(first - 1, max(0, first - _REACH) - 1, -1):
        if words[at].clause != words[first].clause or texts[at] in CONTRASTS:
            break
        if texts[at] in NEGATIONS and (texts[at], texts[at + 1]) not in NOT_NEGATING:
            return True
    after = [word.text for word in words[last + 1 : last + 3] if word.clause == words[last].clause]
    if after and after[0] in LINKING:
        after = after[1:]
    return bool(after) and after[0] in NEGATING_AFTER


def _yes_or_no(prompt: Question, words: Words) -> Score | None:
    """The score by the first Yes or No of the answer, where Yes or No is accepted; None without one."""
    accepted = {answer.casefold().strip(" .!") for answer in prompt.accepted}
    right = accepted & YES, accepted & NO
    if bool(right[0]) is bool(right[1]):
        return None
    texts = [word.text for word in words.words]
    for at, text in enumerate(texts):
        if text in YES or text in NO:
            reversed_ = at > 0 and texts[at - 1] in NEGATIONS and text not in {"yes", "no"}  # not true
            says_yes = (text in YES) is not reversed_
            verdict = "correct" if says_yes is bool(right[0]) else "wrong"
            return Score(verdict, None, f"says {'yes' if says_yes else 'no'}")
    return None


def _of_the_asked_kind(prompt: Question, words: Words, finished: bool) -> Score:
    """The score of an answer in which neither an accepted nor a known wrong one is found."""
    kind = kind_of(prompt.accepted)
    name = kind.name if kind else NUMBER if asks_for_number(prompt.accepted) else None
    if name is None:
        if finished:
            return _unscored(OTHER_KIND, "neither an accepted nor a known wrong answer")
        return _unscored(NOT_ENDED, "not ended, and neither an accepted nor a known wrong answer so far")
    mentions = [named for named in _of_kind(kind, words) if not _is_denied(words.words, named.first, named.last)]
    asked = {named.text for named in _of_kind(kind, read_words(prompt.prompt))}
    answer = _single(mentions, asked, words, finished)
    if answer is not None:
        accepted = {named.text for text in prompt.accepted for named in _of_kind(kind, read_words(text))}
        another = "" if answer in accepted else f", another {name}"
        return Score("wrong", None, f"says {_spoken(answer, kind)}{another}")
    if not finished:
        return _unscored(NOT_ENDED, f"not ended, and without a {name} that is its answer so far")
    texts = list(dict.fromkeys(_spoken(named.text, kind) for named in mentions))
    several = f"names more than one {name}: {', '.join(texts[:_MOST_NAMED])}"
    return _unscored(SEVERAL, several) if texts else _unscored(OTHER_KIND, f"names no {name}")


def _single(mentions: Sequence[Named], asked: set[str], words: Words, finished: bool) -> str | None:
    """The only thing of the asked kind in the first sentence, or in the last one of an answer that is over.

    What the prompt names as well may be repeated before the answer comes: it counts only in an answer that is over.
    """
    first, last = words.words[0].sentence, words.words[-1].sentence
    for sentence in dict.fromkeys([first, *([last] if finished else [])]):
        there = {named.text for named in mentions if words.words[named.first].sentence == sentence}
        new = there - asked
        if len(new) == 1 and (finished or sentence < words.n_ended):
            return new.pop()
        if len(there) == 1 and finished:
            return there.pop()
    return None


def _of_kind(kind: Kind | None, words: Words) -> list[Named]:
    """The names of a kind in a text; without a kind, its numbers."""
    if kind is not None:
        return list(members_in(kind, words))
    return [Named(word.text, at, at) for at, word in enumerate(words.words) if word.is_number]


def _spoken(text: str, kind: Kind | None) -> str:
    return text.title() if kind is not None and kind.proper else text
