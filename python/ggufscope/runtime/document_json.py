"""A trace as text: strict JSON with a fixed number of digits, checked when it is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TraceError
from ..saving.form import SavedForm
from .trace_document import SCHEMA, TraceDocument

DIGITS = 7  # significant digits of every number: activations are float32

_FORM = SavedForm("a saved trace", "trace", SCHEMA, TraceDocument, TraceError, DIGITS)


def document_to_json(document: TraceDocument) -> str:
    """The text of the saved file. Every figure of a prompt is one line, and so is every layer of a per-head figure."""
    return _FORM.to_json(document)


def document_from_json(data: bytes | str) -> TraceDocument:
    """Check the text of a saved trace.

    Raises:
        TraceError: It is not one; names the place.
    """
    document = _FORM.from_json(data)
    _check_shapes(document)
    return document


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


def number(value: float | np.floating[Any]) -> float | None:
    """A number for the file: None for NaN and infinity."""
    return float(value) if np.isfinite(value) else None
