"""How results are saved: digits, lines, and what is refused; the files of each kind have their own tests."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

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


FORM = SavedForm("a saved thing", "thing", "thing/1", lambda: _Whole, ValueError, 4)
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


def _lift_first(plain: dict[str, Any]) -> dict[str, Any]:
    return {**plain, "schema": "thing/0.2", "parts": [{"name": name, "values": []} for name in plain["parts"]]}


def _lift_second(plain: dict[str, Any]) -> dict[str, Any]:
    return {**plain, "schema": "thing/1", "size": {"low": plain["low"]}}


def _refuse_empty(whole: _Whole) -> None:
    if not whole.parts:
        raise ValueError("malformed thing: parts: none")


HOOKED = dataclasses.replace(
    FORM,
    check=_refuse_empty,
    lifts={"thing/0.1": _lift_first, "thing/0.2": _lift_second},
    arrange=lambda plain: {"schema": plain["schema"], "inner": plain},
    restore=lambda plain: plain.get("inner", plain),
    place=lambda steps, plain: f"{steps[0]} of {len(plain)}",
)


def test_older_schemas_are_lifted_one_after_the_other() -> None:
    found = HOOKED.from_json('{"schema": "thing/0.1", "parts": ["a"], "low": 0.5}')
    assert found == _Whole("thing/1", [_Part("a", [])], {"low": 0.5})
    assert HOOKED.from_json('{"schema": "thing/0.2", "parts": [{"name": "a", "values": []}], "low": 0.5}') == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": "thing/0.1", "parts": 1, "low": 0.5}', "malformed thing of schema 'thing/0.1': TypeError"),
        ('{"schema": "thing/0.1", "parts": ["a"]}', "malformed thing of schema 'thing/0.2': KeyError"),
        ('{"schema": "thing/0.1", "parts": [1], "low": 0.5}', "malformed thing: parts of 4"),
        ('{"schema": "thing/0.1", "parts": [], "low": 0.5}', "malformed thing: parts: none"),
        ('{"schema": "thing/0"}', "this version reads 'thing/1' and 'thing/0.1' and 'thing/0.2'"),
        ('{"schema": ["thing/0.1"]}', "cannot read schema"),
    ],
)
def test_what_cannot_be_lifted_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HOOKED.from_json(text)


def test_a_layout_of_its_own_is_restored() -> None:
    text = HOOKED.to_json(WHOLE)
    assert list(json.loads(text)) == ["schema", "inner"]
    assert HOOKED.from_json(text).parts[0] == _Part("a", [1.235, None])


def test_what_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(ValueError, match="malformed thing: parts: none"):
        HOOKED.to_json(_Whole("thing/1", [], {}))
