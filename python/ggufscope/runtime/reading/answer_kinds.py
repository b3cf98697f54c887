"""Kinds of answers: what is asked for, where a wrong answer of the same kind can be told from no answer at all.

A question has the kind of which one of its accepted answers is: one that accepts Monday asks for a weekday, and
Wednesday is a wrong answer to it. Lists need not be complete: what is in none of them stays unscored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .answer_words import read_words
from .patterns import is_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .answer_words import Words


@dataclass(frozen=True)
class Kind:
    """A kind of answers.

    Attributes:
        name: in the singular, as `"weekday"`.
        members: names, separated by commas.
        proper: whether they are written with a capital; `may` is no month.
    """

    name: str
    members: str
    proper: bool = True

    @property
    def phrases(self) -> frozenset[tuple[str, ...]]:
        """The members as the words that compare."""
        return _phrases(self.members)


@dataclass(frozen=True)
class Named:
    """A member of a kind that a text names, from its first to its last word."""

    text: str
    first: int
    last: int


KINDS = (
    Kind("weekday", "Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday"),
    Kind("month", "January,February,March,April,May,June,July,August,September,October,November,December"),
    Kind("season", "spring,summer,autumn,fall,winter", proper=False),
    Kind(
        "colour",
        "red,blue,green,yellow,orange,purple,violet,pink,brown,black,white,grey,gray,silver,golden,turquoise,beige",
        proper=False,
    ),
    Kind("planet", "Mercury,Venus,Earth,Mars,Jupiter,Saturn,Uranus,Neptune,Pluto"),
    Kind("continent", "Africa,Antarctica,Asia,Australia,Oceania,Europe,America,North America,South America"),
    Kind("ocean", "Atlantic,Pacific,Indian Ocean,Arctic Ocean,Southern Ocean"),
    Kind("direction", "north,south,east,west", proper=False),
    Kind(
        "language",
        "English,Spanish,French,German,Italian,Portuguese,Dutch,Russian,Chinese,Mandarin,Japanese,Korean,Arabic,Hindi,"
        "Bengali,Turkish,Greek,Polish,Swedish,Norwegian,Danish,Finnish,Hungarian,Czech,Hebrew,Persian,Swahili,Latin,"
        "Vietnamese,Thai,Indonesian,Catalan,Guarani,Quechua",
    ),
    Kind(
        "city",
        "Amsterdam,Ankara,Athens,Baghdad,Bangkok,Barcelona,Beijing,Berlin,Bern,Bogotá,Boston,Brasília,Brussels,Bucharest,"
        "Budapest,Buenos Aires,Cairo,Canberra,Caracas,Chicago,Copenhagen,Delhi,Dublin,Geneva,Hamburg,Hanoi,Havana,"
        "Helsinki,Istanbul,Jakarta,Jerusalem,Johannesburg,Kyiv,Kyoto,Lagos,Lima,Lisbon,London,Los Angeles,Lyon,Madrid,"
        "Manila,Melbourne,Mexico City,Milan,Montreal,Moscow,Mumbai,Munich,Nairobi,New Delhi,New York,Osaka,Oslo,Ottawa,"
        "Paris,Prague,Quito,Rio de Janeiro,Rome,San Francisco,Santiago,São Paulo,Seoul,Shanghai,Singapore,Sofia,"
        "Stockholm,Sydney,Tehran,Tokyo,Toronto,Vancouver,Vienna,Warsaw,Washington,Wellington,Zurich",
    ),
    Kind(
        "country",
        "Argentina,Australia,Austria,Bangladesh,Belgium,Bolivia,Brazil,Canada,Chile,China,Colombia,Cuba,Denmark,Ecuador,"
        "Egypt,England,Ethiopia,Finland,France,Germany,Greece,Hungary,India,Indonesia,Iran,Iraq,Ireland,Israel,Italy,"
        "Japan,Kenya,Mexico,Morocco,Netherlands,New Zealand,Nigeria,Norway,Pakistan,Peru,Poland,Portugal,Russia,"
        "South Africa,South Korea,Spain,Sweden,Switzerland,Thailand,Turkey,Ukraine,United Kingdom,United States,"
        "Venezuela,Vietnam",
    ),
)
MONTH = next(kind for kind in KINDS if kind.name == "month")
DATE = "date"
NUMBER = "number"


@cache
def _phrases(members: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(word.text for word in read_words(member).words) for member in members.split(","))


def kind_of(accepted: Sequence[str]) -> Kind | None:
    """The kind that accepted answers are of; a date is a month with more words. None: of none that is known."""
    for answer in accepted:
        texts = tuple(word.text for word in read_words(answer).words)
        if is_pattern(answer):
            continue
        for kind in KINDS:
            if texts in kind.phrases:
                return kind
        if any((text,) in MONTH.phrases for text in texts) and any(text.lstrip("#").isdecimal() for text in texts):
            return Kind(DATE, MONTH.members)
    return None


def asks_for_number(accepted: Sequence[str]) -> bool:
    """Whether each accepted answer, patterns apart, has one number in it."""
    plain = [read_words(answer).words for answer in accepted if not is_pattern(answer)]
    return bool(plain) and all(sum(word.is_number for word in answer) == 1 for answer in plain)


def members_in(kind: Kind, words: Words) -> Iterator[Named]:
    """The members of a kind that a text names, in order, the longest where several begin at a word."""
    texts = [word.text for word in words.words]
    at = 0
    while at < len(texts):
        length = max((n for n in (3, 2, 1) if tuple(texts[at : at + n]) in kind.phrases), default=0)
        begin = words.words[at].start
        if length and (not kind.proper or words.plain[begin].isupper()):
            yield Named(" ".join(texts[at : at + length]), at, at + length - 1)
        at += max(length, 1)
