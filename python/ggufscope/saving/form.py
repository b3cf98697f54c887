"""Saved results as text: strict JSON with a fixed number of digits, checked against its dataclasses when it is read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Document = TypeVar("Document")

_LONGEST_LINE = 160  # characters
_MOST_DIGITS = 300  # of an integer: as a float it is finite


@dataclass(frozen=True)
class SavedForm(Generic[Document]):
    """How documents of a kind are saved.

    Attributes:
        kind: what it is, with its article, as `"a saved trace"`.
        noun: the same in a word, as `"trace"`.
        schema: of the file.
        document: the dataclass that is the schema.
        error: raised for what is none; made from one line.
        digits: significant digits of every number.
    """

    kind: str
    noun: str
    schema: str
    document: type[Document]
    error: type[Exception]
    digits: int

    @cached_property
    def _adapter(self) -> TypeAdapter[Document]:
        from pydantic import TypeAdapter  # noqa: PLC0415  takes a while to import

        return TypeAdapter(self.document)

    def to_json(self, document: Document) -> str:
        """The text of the saved file: lists of plain values, and small records of them, stand on a line each."""
        plain = rounded(asdict(cast("Any", document)), self.digits)
        self._checked(plain)
        return _indented(plain, "") + "\n"

    def from_json(self, data: bytes | str) -> Document:
        """Check the text of a saved file, field by field; what `error` is raised with names the place."""
        plain = load_strictly(data, self.kind, self.error)
        if not isinstance(plain, dict) or "schema" not in plain:
            raise self.error(f'not {self.kind}: it has no "schema"')
        if plain["schema"] != self.schema:
            raise self.error(f"cannot read schema {plain['schema']!r}; this version reads {self.schema!r}")
        return self._checked(plain)

    def _checked(self, plain: dict[str, Any]) -> Document:
        from pydantic import ValidationError  # noqa: PLC0415

        try:
            return self._adapter.validate_json(json.dumps(plain), strict=True)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, problem["loc"]))
            raise self.error(f"malformed {self.noun}: {place}: {problem['msg']}") from None


def load_strictly(data: bytes | str, kind: str, error: type[Exception]) -> Any:
    """JSON without NaN, infinities, and numbers that no float holds; anything else raises `error`."""
    try:
        return json.loads(data, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_moderate)
    except (ValueError, RecursionError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else problem
        raise error(f"not {kind}: no valid JSON ({reason})") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is beyond any number")
    return value


def _moderate(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def rounded(value: Any, digits: int) -> Any:
    """The value with its floats cut to so many significant digits, wherever they stand."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {key: rounded(entry, digits) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry, digits) for entry in value]
    return value


def _indented(value: Any, indent: str, *, entry: bool = False) -> str:
    """JSON, indented as far as what fits on a line: lists of plain values, and short records of them.

    Args:
        value: what to write.
        indent: of the line it begins on.
        entry: whether it stands in a list, where also a record of records may be short.
    """
    inner = indent + " "
    nested = isinstance(value, dict) and any(isinstance(each, (dict, list)) for each in value.values())
    if isinstance(value, dict) and value and indent and (entry or not nested):
        line = json.dumps(value, allow_nan=False)
        if len(indent) + len(line) <= _LONGEST_LINE:
            return line
    if isinstance(value, dict) and value:
        lines = [f"{inner}{json.dumps(key)}: {_indented(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return "[\n" + ",\n".join(inner + _indented(each, inner, entry=True) for each in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)
