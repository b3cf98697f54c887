"""The fewest patterns that give tensors the types they should have, for `llama-quantize --tensor-type`.

A pattern is a regular expression that is searched for in a name; the first that is found decides. `llama-quantize`
makes them lower-case. So all are anchored and have no capital letters, and tensors of one type in the same layers share
one. What a role has in most layers comes last, for any layer, unless the base gives it anyway.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .layers import ANY_LAYER, layers_pattern, one_of
from .quantizer import fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_BLOCK = re.compile(r"(?<![a-z0-9_])blk\.([0-9]+)\.")
_ENDING = ".weight"
_EXACT = re.compile(r"[a-z0-9_.-]+")


@dataclass(frozen=True)
class Rule:
    """A pattern and the type of the tensors in whose names it is found.

    Attributes:
        pattern: that is looked for in names.
        type: that tensors get in which it is found.
    """

    pattern: str
    type: str


class _Place(NamedTuple):
    """A name around the number of its layer; of a name without one all is `end`."""

    begin: str
    end: str


class _Where(NamedTuple):
    """Layers behind the beginning of a name, as a pattern, and the type that some tensors have there."""

    begin: str
    layers: str
    type: str


def is_exact(name: str) -> bool:
    """Whether a pattern in lower case can name a tensor and no other."""
    return _EXACT.fullmatch(name) is not None


def is_inexact(rule: Rule) -> bool:
    """Whether a rule may be found in names that it was not made for."""
    return re.search(r"(?<!\\)\.", rule.pattern) is not None


def found_in(rules: Sequence[Rule], name: str) -> Rule | None:
    """The first rule whose pattern is found in a name, byte by byte as C++ does it; None if none is."""
    text = name.encode("utf-8", "surrogateescape").decode("latin-1")
    return next((rule for rule in rules if re.search(rule.pattern, text)), None)


def rules_for(wanted: Mapping[str, str], unasked: Mapping[str, str], columns: Mapping[str, int]) -> list[Rule]:
    """The rules, in their order.

    Args:
        wanted: name → the type that it should have.
        unasked: name → the type that it gets where no rule is found in it.
        columns: name → length of its rows, by which a type may fall back to another.
    """
    layers: dict[_Place, dict[int, str]] = defaultdict(dict)
    single: dict[str, list[str]] = defaultdict(list)
    for name, type_name in wanted.items():
        match = _BLOCK.search(name)
        if match is not None and str(int(match[1])) == match[1]:
            layers[_Place(name[: match.start(1)], name[match.end(1) :])][int(match[1])] = type_name
        elif type_name != unasked[name]:
            single[type_name].append(name)
    some: dict[_Where, list[_Place]] = defaultdict(list)
    rest: dict[_Where, list[_Place]] = defaultdict(list)
    lengths: dict[_Place, set[int]] = {}
    for place, by_layer in layers.items():
        lengths[place] = {columns[f"{place.begin}{layer}{place.end}"] for layer in by_layer}
        _sort(place, by_layer, unasked, some, rest)
    rules = [Rule(_anchored(["", *names]), kind) for kind, names in single.items()]
    for where, places in [*_joined(some, lengths).items(), *_joined(rest, lengths).items()]:
        ends = [place.end for place in places]
        rules.append(Rule(_anchored([f"{_literal(where.begin)}{where.layers}", *ends]), where.type))
    return rules


def _joined(groups: dict[_Where, list[_Place]], lengths: Mapping[_Place, set[int]]) -> dict[_Where, list[_Place]]:
    """One rule in place of two for the same layers, where the type of one falls back to that of the other."""
    types: dict[tuple[str, str], list[str]] = defaultdict(list)
    for where in groups:
        types[where.begin, where.layers].append(where.type)
    for where, places in list(groups.items()):
        columns = {n for place in places for n in lengths[place]}
        alike = types[where.begin, where.layers]
        meant = next((kind for kind in alike if kind != where.type and _falls_back(kind, where.type, columns)), None)
        if meant is not None:
            alike.remove(where.type)
            groups[where._replace(type=meant)] += groups.pop(where)
    return groups


def _falls_back(type_name: str, other: str, columns: Iterable[int]) -> bool:
    """Whether rows of all these lengths get another type in place of one."""
    return all(fitted(type_name, n) == other for n in columns)


def _sort(
    place: _Place,
    by_layer: Mapping[int, str],
    unasked: Mapping[str, str],
    some: dict[_Where, list[_Place]],
    rest: dict[_Where, list[_Place]],
) -> None:
    """Add a role to the rules for some of its layers, and to those for all the others."""
    untouched = {layer for layer, kind in by_layer.items() if unasked[f"{place.begin}{layer}{place.end}"] == kind}
    if untouched:
        exceptions = {layer: kind for layer, kind in by_layer.items() if layer not in untouched}
    else:
        common = Counter(by_layer.values()).most_common(1)[0][0]
        rest[_Where(place.begin, ANY_LAYER, common)].append(place)
        exceptions = {layer: kind for layer, kind in by_layer.items() if kind != common}
    for kind in dict.fromkeys(exceptions.values()):
        numbers = [layer for layer, other in exceptions.items() if other == kind]
        some[_Where(place.begin, layers_pattern(numbers), kind)].append(place)


def _anchored(parts: Sequence[str]) -> str:
    """A pattern for whole names: what comes first is one already, one of the others follows."""
    begin, *ends = parts
    if all(end.endswith(_ENDING) for end in ends):
        dot = "." if ends[0].startswith(".") and all(end.startswith(".") for end in ends) else ""
        choice = one_of([_literal(end.removeprefix(dot).removesuffix(_ENDING)) for end in ends])
        return f"^{begin}{_literal(dot)}{choice}{_literal(_ENDING)}$"
    return f"^{begin}{one_of([_literal(end) for end in ends])}$"


def _literal(text: str) -> str:
    r"""A pattern for a text in lower case: `.` stands for each byte that is none of it, or would end an option's name.

    >>> print(_literal("attn_q.A=weight"))
    attn_q\...weight
    """
    return "".join(each if re.match(r"[a-z0-9_-]", each) else _in_bytes(each) for each in text)


def _in_bytes(character: str) -> str:
    return r"\." if character == "." else "." * len(character.encode("utf-8", "surrogateescape"))
