"""A trace: its document, and its figures as arrays."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Interrupted
from ..saving.results import SavedResult, Tables
from .standouts.standouts import Standouts
from .trace_document import TRACE_FORM

if TYPE_CHECKING:
    import numpy.typing as npt

    from .trace_document import TraceDocument

    Floats = npt.NDArray[np.float64]

TRACE_JSON = "trace.json"  # as a study calls it


class Trace(Tables, SavedResult):
    """Figures measured while a model read and answered; saved with 7 significant digits.

    Attributes:
        document: everything, as saved.
    """

    _form = TRACE_FORM
    document: TraceDocument

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

    def expert_figure(self, name: str) -> Floats:
        """A figure per expert, (prompts, layers, experts); NaN where undefined, or where a layer has fewer experts.

        Args:
            name: `"token_share"`, `"weight_share"`.

        Raises:
            KeyError: There is no such figure, or the model has no experts.

        Example:
            >>> trace.expert_figure("token_share").mean(axis=0).max(axis=1)             # doctest: +SKIP
        """
        record = self.document.experts
        if record is None or name not in record.figures:
            raise KeyError(name)
        most = max(record.n_experts, default=0)
        tables = [(prompt.experts or {})[name] for prompt in self.document.prompts]
        return _floats([[[*row, *[None] * (most - len(row))] for row in rows] for rows in tables])

    @cached_property
    def standouts(self) -> Standouts:
        """The findings in what was measured: a list, by kind and in columns as well."""
        return Standouts(self.document.standouts)

    def _summary(self) -> str:
        return f"{len(self.document.prompts)} prompts, {self.document.model.n_layers} layers"


def _floats(values: object) -> Floats:
    return np.array(values, np.float64)  # None becomes NaN


class TraceInterrupted(Interrupted):
    """Ctrl-C while answers were generated: the figures are complete, and `trace` has them and what was answered."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self.trace = trace
