"""The one form of saved results: strict JSON that names its schema, checked field by field when it is read.

    document ──plain──▶ rounded, arranged, checked ──text──▶ file
    file ──load_strictly──▶ lifted from an older schema ──restored, checked──▶ document

Every kind of result is a `SavedForm`; where a kind differs, it brings a function.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .lines import indented
from .plain import plain_of
from .reading import open_input, read_whole, starts_as_model

if TYPE_CHECKING:
    from os import PathLike

    from pydantic import TypeAdapter, ValidationError

Document = TypeVar("Document")
Plain = dict[str, Any]  # a document as JSON has it

_MOST_DIGITS = 300  # of an integer: as a float it is finite


def unchanged(plain: Plain) -> Plain:
    """The layout of a file that is that of its document."""
    return plain


def accept(_: Any) -> None:
    """No check beyond those of the fields."""


def dotted(steps: Sequence[int | str], _: Plain) -> str:
    """The place of a fault, as `prompts.3.id`."""
    return ".".join(map(str, steps))


@dataclass(frozen=True)
class SavedForm(Generic[Document]):
    """The saved form of one kind of document.

    Attributes:
        kind: the document with its article, as `"a saved trace"`.
        noun: the same in a word, as `"trace"`.
        schema: that files name, as `"ggufscope.trace/1"`.
        types: gives the dataclass or pydantic model whose fields are the schema; called when it is first needed.
        error: raised for a file that is no such document; made from one line.
        digits: significant digits of every number; None: all of them.
        check: raises `error` for a document whose fields have the right types and yet do not fit together.
        older: schemas of the same layout whose numbers mean something else: documents keep them, and what is shown of
            one says so.
        lifts: an older schema → the function that turns its plain document into one of the next schema.
        arrange: the plain document in the layout of the file; it may change its argument.
        restore: the way back; it must take any object, for what is wrong with it is told afterwards.
        place: where a fault is, from the steps to it in the restored document.
        text: the text of a file.
        optional: dotted names of fields that a file lacks where they are None.
        checked_when_written: whether to check also what is written, so that it can be read again.
    """

    kind: str
    noun: str
    schema: str
    types: Callable[[], Any]
    error: type[Exception]
    digits: int | None
    check: Callable[[Document], None] = accept
    older: tuple[str, ...] = ()
    lifts: Mapping[str, Callable[[Plain], Plain]] = field(default_factory=dict)
    arrange: Callable[[Plain], Plain] = unchanged
    restore: Callable[[Plain], Plain] = unchanged
    place: Callable[[Sequence[int | str], Plain], str] = dotted
    text: Callable[[Plain], str] = indented
    optional: tuple[str, ...] = ()
    checked_when_written: bool = True

    @cached_property
    def _adapter(self) -> TypeAdapter[Document]:
        from pydantic import TypeAdapter  # noqa: PLC0415  takes a while to import

        return TypeAdapter(self.types())

    def is_older(self, document: Document) -> bool:
        """Whether the document is of one of the older schemas that are kept."""
        return getattr(document, "schema", self.schema) in self.older

    def plain(self, document: Document) -> Plain:
        """The document as JSON has it, in the layout of the file, its numbers rounded."""
        whole = plain_of(document) if is_dataclass(document) else document
        plain = cast("Plain", whole if self.digits is None else rounded(whole, self.digits))
        for path in self.optional:
            _leave_out_none(plain, path.split("."))
        return self.arrange(plain)

    def to_json(self, document: Document) -> str:
        """The text of the saved file."""
        plain = self.plain(document)
        if self.checked_when_written:
            self._checked(plain)
        return self.text(plain)

    def from_json(self, data: bytes | str) -> Document:
        """Check the text of a saved file; what `error` is raised with names the place."""
        plain = load_strictly(data, self.kind, self.error)
        if not isinstance(plain, dict) or "schema" not in plain:
            raise self.error(f'not {self.kind}: it has no "schema"')
        return self._checked(self._lifted(plain))

    def as_saved(self, document: Document) -> Document:
        """The document as it would be read from its file, without the file."""
        return self._checked(self.plain(document))

    def read(self, path: str | PathLike[str]) -> Document:
        """Read and check a saved file.

        Raises:
            Exception: `error`, where it is none; names the file and the place in it.
            OSError: The file cannot be read.
        """
        with open_input(path) as file:
            if starts_as_model(file):  # of any size: not worth reading
                raise self.error(f"{path}: a GGUF model, not {self.kind} of one")
            data = read_whole(file)
        try:
            return self.from_json(data)
        except self.error as error:
            raise self.error(f"{path}: {error}") from None

    def _lifted(self, plain: Plain) -> Plain:
        """The document in the layout of this version."""
        while plain["schema"] not in (self.schema, *self.older):
            schema = plain["schema"]
            lift = self.lifts.get(schema) if isinstance(schema, str) else None
            if lift is None:
                known = " and ".join(repr(name) for name in (self.schema, *self.older, *self.lifts))
                raise self.error(f"cannot read schema {schema!r}; this version reads {known}")
            try:
                plain = lift(plain)
            except (AttributeError, LookupError, TypeError, ValueError) as fault:
                raise self.error(f"malformed {self.noun} of schema {schema!r}: {fault!r}") from fault
        return plain

    def _checked(self, plain: Plain) -> Document:
        from pydantic import ValidationError  # noqa: PLC0415

        restored = self.restore(plain)
        try:
            document = self._adapter.validate_json(json.dumps(restored), strict=True)
        except ValidationError as error:
            raise self.error(f"malformed {self.noun}: {self._first_fault(error, restored)}") from None
        self.check(document)
        return document

    def _first_fault(self, error: ValidationError, restored: Plain) -> str:
        fault = error.errors(include_url=False, include_input=False)[0]
        return f"{self.place(fault['loc'], restored)}: {fault['msg'].removeprefix('Value error, ')}"


def _leave_out_none(plain: Any, path: list[str]) -> None:
    """Drop a field that is None; of every element, where a list is on the way to it."""
    if isinstance(plain, list):
        for element in plain:
            _leave_out_none(element, path)
        return
    name, *rest = path
    if rest:
        if plain[name] is not None:
            _leave_out_none(plain[name], rest)
    elif plain[name] is None:
        del plain[name]


def load_strictly(data: bytes | str, kind: str, error: type[Exception]) -> Any:
    """JSON without NaN, infinities, and numbers that no float holds; anything else raises `error`."""
    try:
        return json.loads(data, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_moderate)
    except (ValueError, RecursionError) as problem:
        reason: object = problem
        if isinstance(problem, RecursionError):
            reason = "nested too deeply"
        elif isinstance(problem, UnicodeDecodeError):
            reason = f"byte {problem.start} is no UTF-8"
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
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    return value
