"""A trace as text: strict JSON with a fixed number of digits, checked when it is read."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import TraceError
from .document import SCHEMA, TraceDocument

if TYPE_CHECKING:
    from pydantic import TypeAdapter

DIGITS = 7  # significant digits of every number: activations are float32


@cache
def _adapter() -> TypeAdapter[TraceDocument]:
    from pydantic import TypeAdapter  # noqa: PLC0415  takes a while to import

    return TypeAdapter(TraceDocument)


def document_to_json(document: TraceDocument) -> str:
    """The text of the saved file. Every figure of a prompt is one line, and so is every layer of a per-head figure."""
    plain = rounded(asdict(document))
    _checked(plain)
    return _indented(plain, "") + "\n"


def document_from_json(data: bytes | str) -> TraceDocument:
    """Check the text of a saved trace.

    Raises:
        TraceError: It is not one; names the place.
    """
    try:
        plain = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"not a saved trace: no valid JSON ({error})") from None
    if not isinstance(plain, dict) or "schema" not in plain:
        raise TraceError('not a saved trace: it has no "schema"')
    if plain["schema"] != SCHEMA:
        raise TraceError(f"cannot read schema {plain['schema']!r}; this version reads {SCHEMA!r}")
    document = _checked(plain)
    _check_shapes(document)
    return document


def _checked(plain: dict[str, Any]) -> TraceDocument:
    from pydantic import ValidationError  # noqa: PLC0415

    try:
        return _adapter().validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise TraceError(f"malformed trace: {place}: {problem['msg']}") from None


def _check_shapes(document: TraceDocument) -> None:
    """Every table has the layers and heads of the model, and every figure is explained."""
    model = document.model
    for name, found in (("n_heads", model.n_heads), ("n_kv_heads", model.n_kv_heads), ("windows", model.windows)):
        if len(found) != model.n_layers:
            raise TraceError(f"malformed trace: model.{name}: {len(found)} entries for {model.n_layers} layers")
    ids = [prompt.id for prompt in document.prompts]
    if len(set(ids)) != len(ids):
        raise TraceError("malformed trace: prompts: an id stands there twice")
    for number, prompt in enumerate(document.prompts):
        for name, by_layer in prompt.layers.items():
            _check_figure(document, number, "layers", name, len(by_layer))
        for name, rows in prompt.heads.items():
            _check_figure(document, number, "heads", name, len(rows))
            if [len(row) for row in rows] != model.n_heads:
                raise TraceError(
                    f"malformed trace: prompts.{number}.heads.{name}: rows do not have the lengths of n_heads"
                )


def _check_figure(document: TraceDocument, number: int, table: str, name: str, n_layers: int) -> None:
    place = f"malformed trace: prompts.{number}.{table}.{name}"
    known = document.figures.get(name)
    if known is None or known.per_head != (table == "heads"):
        raise TraceError(f"{place}: not among the figures of this file")
    if n_layers != document.model.n_layers:
        raise TraceError(f"{place}: {n_layers} layers, not {document.model.n_layers}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def rounded(value: Any) -> Any:
    """The value with its floats cut to DIGITS significant digits, wherever they stand."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry) for entry in value]
    return value


def number(value: float | np.floating[Any]) -> float | None:
    """A number for the file: None for NaN and infinity."""
    return float(value) if np.isfinite(value) else None


def _indented(value: Any, indent: str) -> str:
    """JSON, indented as far as lists of plain values, which stay on one line."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        entries = [f"{inner}{json.dumps(key)}: {_indented(entry, inner)}" for key, entry in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        return "[\n" + ",\n".join(inner + _indented(entry, inner) for entry in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)
