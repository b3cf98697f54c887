"""How results are saved: digits, lines, and what is refused; the files of each kind have their own tests."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from ggufscope.saving.form import SavedForm, load_strictly, rounded


@dataclass(frozen=True)
class _Part:
    name: str
    values: list[float | None]


@dataclass(frozen=True)
class _Whole:
    schema: str
    parts: list[_Part]
    size: dict[str, float]


FORM = SavedForm("a saved thing", "thing", "thing/1", _Whole, ValueError, 4)
WHOLE = _Whole("thing/1", [_Part("a", [1.23456, None]), _Part("b", [float(n) for n in range(60)])], {"low": 0.5})


def test_what_fits_stands_on_a_line() -> None:
    text = FORM.to_json(WHOLE)
    lines = [line.strip() for line in text.splitlines()]
    assert '{"name": "a", "values": [1.235, null]},' in lines
    assert '"name": "b",' in lines
    assert '"size": {"low": 0.5}' in lines
    assert json.loads(text)["parts"][1]["values"] == WHOLE.parts[1].values


def test_round_trip() -> None:
    found = FORM.from_json(FORM.to_json(WHOLE))
    assert found.parts[0] == _Part("a", [1.235, None])
    assert FORM.to_json(found) == FORM.to_json(WHOLE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a saved thing: no valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": NaN}', "NaN is not JSON"),
        ('{"schema": "thing/1", "parts": [], "size": {"low": 1e999}}', "1e999 is beyond any number"),
        ('{"schema": "thing/1", "parts": [], "size": {"low": -1e999}}', "-1e999 is beyond any number"),
        (f'{{"schema": "thing/1", "parts": [], "size": {{"low": {10**400}}}}}', "a number of 401 digits"),
        ("[]", 'it has no "schema"'),
        ('{"schema": "thing/2"}', "cannot read schema 'thing/2'; this version reads 'thing/1'"),
        ('{"schema": "thing/1", "parts": [{"name": 1, "values": []}], "size": {}}', "malformed thing: parts.0.name"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FORM.from_json(text)


def test_digits() -> None:
    assert rounded({"a": (1 / 3, [2e-9 / 3, 7])}, 3) == {"a": [0.333, [6.67e-10, 7]]}
    assert load_strictly("[1e3]", "x", ValueError) == [1000.0]
