"""Two engines that read the same tokens, a layer of each at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ...errors import TraceError
from ...runtime.engines.streamed.norms import normed
from ...runtime.engines.streamed.tiles import first_not_finite
from ..run_record import LayerDrift, RunRecord
from .attention_drift import AttentionDrift, Held, attention_step
from .distributions import Distributions
from .grouping import MOST_SINGLE
from .hurt_positions import divergence_by_sequence, divergence_of, worst_positions
from .matrix_errors import matrix_errors
from .output_errors import OutputErrors, Product, Squares
from .partners import key_of
from .stream_drift import stream_drift

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ...architecture.matrices import Matrix
    from ...runtime.engines.engine import Progress
    from ...runtime.engines.streamed.engine import StreamedEngine
    from ...runtime.reading.readings import Reading
    from ...runtime.shape import Array
    from .partners import Key, Partners

_MOST_SCORES = 1 << 20  # of each model that are held at once


class SideBySide:
    """One reading by both models.

    Args:
        engines: of the reference and of the model.
        paths: of their files, for errors.
        partners: their matrices, by keys of the reference.
        reading: the tokens.
        grouped: see `RunRecord.grouped`.
        progress: called as `progress(what, share)`; may raise to cancel.
    """

    def __init__(
        self,
        engines: tuple[StreamedEngine, StreamedEngine],
        paths: tuple[str, str],
        partners: dict[Key, Partners],
        reading: Reading,
        *,
        grouped: bool,
        progress: Progress | None,
    ) -> None:
        self._ours, self._theirs = engines
        self._paths = paths
        self._partners = partners
        self._reading = reading
        self._progress = progress
        self._tokens = [item.tokens for item in reading.items]
        lengths = [len(tokens) for tokens in self._tokens]
        self._is_first = np.concatenate([np.arange(length) == 0 for length in lengths])
        self._step = attention_step(self._ours.shape, lengths)
        self._held = Held(self._step)
        self._attention = AttentionDrift(self._held, self._theirs.shape)
        self._squares = {key: Squares.of(each) for key, each in partners.items()}
        opening = np.where(self._is_first, np.concatenate(self._tokens), -1).astype(np.int64)
        self._errors = OutputErrors(opening, grouped=grouped, workers=self._theirs.workers)
        self._grouped = grouped and int((~self._is_first).sum()) > MOST_SINGLE
        self._layers: list[LayerDrift] = []

    def record(self, notes: list[str]) -> RunRecord:
        """Read, and put down what came of it.

        Args:
            notes: sentences that the record carries.

        Raises:
            TraceError: A weight is not finite; names it.
        """
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            streams = self._read()
            distributions = self._compare_scores(*streams)
        matrices, unmeasured = matrix_errors(self._partners, self._squares)
        reading = self._reading
        return RunRecord(
            source=reading.source,
            text=reading.name or "",
            template=reading.template,
            n_sequences=len(reading.items),
            n_tokens=len(self._is_first),
            n_vocabulary=self._head.reference.n_rows,
            grouped=self._grouped,
            attention_step=self._step,
            output=divergence_of(distributions, self._is_first),
            layers=self._layers,
            matrices=matrices,
            worst=worst_positions(distributions, self._is_first, reading),
            unmeasured=unmeasured,
            notes=notes,
            sequences=divergence_by_sequence(distributions, reading),
        )

    def _read(self) -> tuple[Array, Array]:
        """The streams of both behind the last layer."""
        self._ours.workers.watch = self._watch
        ours, theirs = self._ours.walk(self._tokens, self._held), self._theirs.walk(self._tokens, self._attention)
        a, b = self._next(ours, theirs)
        n_layers = self._ours.shape.n_layers
        for number in range(n_layers):
            self._report(f"layer {number + 1} of {n_layers}", number / (n_layers + 1))
            self._held.forget()
            self._errors.forget()
            a, b = self._next(ours, theirs)
            self._layers.append(self._drift(number, a, b))
        self._held.forget()
        merged = self._ours.merge(a)
        self._ours.workers.watch = None
        return merged, self._theirs.merge(b)

    def _next(self, *walks: Iterator[Array]) -> list[Array]:
        """The streams of both a layer further on; an error names the file."""
        streams = []
        for path, walk in zip(self._paths, walks, strict=True):
            try:
                streams.append(next(walk))
            except TraceError as error:
                raise TraceError(f"{path}: {error}") from None
        return streams

    def _drift(self, layer: int, a: Array, b: Array) -> LayerDrift:
        a, b = (x if x.ndim == 2 else x[0] for x in (a, b))
        stream = stream_drift(a, b, self._is_first)
        heads = self._attention.by_head(layer)
        known = [value for value in heads if value is not None]
        attention = float(np.mean(known)) if known else None
        same = self._attention.same_experts(layer)
        return LayerDrift(layer, **asdict(stream), attention=attention, attention_heads=heads, same_experts=same)

    def _watch(self, matrix: Matrix, x: Array, y: Array) -> None:
        """Measure a matrix that the reference multiplies."""
        key = key_of(matrix)
        partners = self._partners[key]
        tokens = None if partners.expert is None else self._sent_to(partners.expert)
        self._errors.add(Product(partners, x, y, tokens), self._squares[key])

    def _sent_to(self, expert: int) -> npt.NDArray[np.int64]:
        """The tokens that an expert reads, in the order of the batch."""
        chosen = np.concatenate([self._held.experts[prompt] for prompt in range(len(self._tokens))])
        return np.nonzero(chosen == expert)[0]

    @property
    def _head(self) -> Partners:
        return next(each for each in self._partners.values() if each.part == "head.output")

    def _compare_scores(self, a: Array, b: Array) -> Distributions:
        """The scores of the next token behind every position, a part of the vocabulary after the other."""
        following = np.concatenate([np.append(tokens[1:], -1) for tokens in self._tokens]).astype(np.int64)
        distributions = Distributions(following)
        reads = normed(a, self._ours.network.head.norm), normed(b, self._theirs.network.head.norm)
        n_rows = self._head.reference.n_rows
        step = max(1, _MOST_SCORES // len(a))
        n_layers = self._ours.shape.n_layers
        for first in range(0, n_rows, step):
            self._report("next tokens", (n_layers + first / n_rows) / (n_layers + 1))
            self._compare_part(distributions, reads, first, min(step, n_rows - first))
        return distributions

    def _compare_part(self, distributions: Distributions, reads: tuple[Array, Array], first: int, count: int) -> None:
        part, squares = self._head.part_of(first, count), self._squares[key_of(self._head.reference)]
        self._ours.workers.watch = lambda _, x, y: self._errors.add(Product(part, x, y, first=first), squares)
        ours = self._ours.network.scores_of_rows(part.reference, reads[0], self._ours.workers)
        self._ours.workers.watch = None
        theirs = self._theirs.network.scores_of_rows(part.model, reads[1], self._theirs.workers)
        for path, scores, matrix in zip(self._paths, (ours, theirs), (part.reference, part.model), strict=True):
            place = None if np.isfinite(scores).all() else first_not_finite(matrix, self._ours.workers)
            if place is not None:
                name, (row, column) = matrix.tensor.name, place
                raise TraceError(f"{path}: {name} has a weight that is not finite, in row {row}, column {column}")
        share = -(-len(self._is_first) // self._ours.workers.threads)

        def add(start: int) -> None:
            positions = slice(start, start + share)
            distributions.add(ours[positions], theirs[positions], first, positions)

        self._ours.workers.each(add, range(0, len(self._is_first), share))

    def _report(self, what: str, share: float) -> None:
        if self._progress is not None:
            self._progress(what, share)
