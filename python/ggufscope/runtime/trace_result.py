"""A trace: its document, and its figures as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import TraceError
from ..saving.files import atomic_write
from .document_json import document_from_json, document_to_json

if TYPE_CHECKING:
    from os import PathLike

    import numpy.typing as npt

    from .trace_document import TraceDocument

    Floats = npt.NDArray[np.float64]


class Trace:
    """What was measured while a model read and answered.

    Attributes:
        document: everything, as saved.
    """

    def __init__(self, document: TraceDocument) -> None:
        self.document = document

    def layer_figure(self, name: str) -> Floats:
        """A figure per layer, (prompts, layers); NaN where undefined.

        Raises:
            KeyError: There is no such figure.
        """
        return _floats([prompt.layers[name] for prompt in self.document.prompts])

    def head_figure(self, name: str) -> Floats:
        """A figure per head, (prompts, layers, heads); NaN where undefined, or where a layer has fewer heads.

        Raises:
            KeyError: There is no such figure.
        """
        most = max(self.document.model.n_heads, default=0)
        rows = [[[*row, *[None] * (most - len(row))] for row in prompt.heads[name]] for prompt in self.document.prompts]
        return _floats(rows)

    def to_json(self) -> str:
        """The text of the saved file: strict JSON, numbers with 7 significant digits."""
        return document_to_json(self.document)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the trace, whole or not at all.

        Raises:
            OutputError: The file cannot be written.
        """
        text = self.to_json()
        with atomic_write(path) as file:
            file.write(text)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Trace:
        """Read and check a saved trace.

        Raises:
            TraceError: Not a trace, of another schema version, or malformed; names the place.
            OSError: The file cannot be read.
        """
        try:
            return cls(document_from_json(Path(path).read_bytes()))
        except TraceError as error:
            raise TraceError(f"{path}: {error}") from None

    def __repr__(self) -> str:
        model = self.document.model
        return f"<Trace of {model.title!r}: {len(self.document.prompts)} prompts, {model.n_layers} layers>"


def _floats(values: object) -> Floats:
    return np.array(values, np.float64)  # None becomes NaN


class TraceInterrupted(KeyboardInterrupt):
    """Ctrl-C while answers were generated: the figures are complete, and `trace` has them and what was answered."""

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.trace = trace
