"""A model as the streamed engine reads it: every layer's parts gathered and checked before anything is computed."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.blueprint import Blueprint
from ....architecture.families import family_of
from ....architecture.limits import NotApplicableError
from ....architecture.matrices import Matrix
from ....architecture.mixers.shared_attention import SharedAttention
from ....architecture.parts import Mixture, Norm
from ....architecture.rotation import phases
from ....architecture.substituting import substituted
from ....models.notes import layer_notes
from ...shape import ModelShape
from .feed_forward.kinds import check_feed_forward
from .mixers.kinds import check_mixer
from .norms import check_norm, normed
from .tiles import product

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from ....architecture.layer import Layer
    from ....architecture.matrices import RowSource
    from ....models.model import Model
    from ....models.weight_place import WeightPlace
    from ...shape import Array
    from .tiles import Workers

_MANY_POSITIONS = 1 << 40  # for which a model has its long factors, if it has any


class Network:
    """The embedding, the layers and the output of a model.

    Args:
        model: the model.
        zeroed: weights of it that count as zero.

    Raises:
        NotApplicableError: The architecture, or something in the file, is beyond the engine; the message says what.
        ValueError: A weight to be zeroed is none of a matrix that is multiplied.
    """

    def __init__(self, model: Model, zeroed: Sequence[WeightPlace] = ()) -> None:
        self.family = family_of(model)
        faults = list(layer_notes(model, (None,)))
        if faults:
            raise NotApplicableError("; ".join(faults))
        self._blueprint = Blueprint.of(model, zeroed)
        self.embedding = self._blueprint.embedding()
        self.layers = [self._layer(number) for number in range(self._blueprint.n_layers)]
        self.head = self._blueprint.head()
        self.own = self._blueprint.own_inputs()
        self.ends = self._blueprint.stream_ends()
        # Layer → the earlier one whose keys and values it reads.
        mixers = {layer.number: layer.mixer for layer in self.layers}
        self.sources = {number: mixer.source for number, mixer in mixers.items() if isinstance(mixer, SharedAttention)}
        self._check_ends()
        self._check_rotations()
        self._check_zeroed(zeroed)
        self.shape = self._shape()

    @property
    def matrices(self) -> list[Matrix]:
        """The matrices that one pass over the weights multiplies: those of all layers, and the output."""
        output = [] if self.head.output is None else [self.head.output]
        ends = [] if self.ends is None else [*self.ends.spread, *self.ends.merge]
        inputs = [] if self.own is None else [self.own.projection]
        return [*ends, *inputs, *(matrix for layer in self.layers for matrix in layer.matrices), *output]

    def substituted(self, tensor: str, rows: RowSource) -> Network:
        """The same with other rows in every matrix of a tensor."""
        other = copy.copy(self)
        other.embedding = substituted(self.embedding, tensor, rows)
        other.layers = substituted(self.layers, tensor, rows)
        other.head = substituted(self.head, tensor, rows)
        other.own = substituted(self.own, tensor, rows)
        other.ends = substituted(self.ends, tensor, rows)
        return other

    def rope_factors(self, positions: int) -> npt.NDArray[np.float64] | None:
        """See `Blueprint.rope_factors`."""
        return self._blueprint.rope_factors(positions)

    def embed(self, tokens: npt.NDArray[np.int32], positions: npt.NDArray[np.int64]) -> Array:
        """The residual stream in front of the first layer: float32 (tokens, width)."""
        embedding = self.embedding
        rows = table_rows(embedding.tokens, tokens)
        if embedding.scale != 1.0:
            rows *= np.float32(embedding.scale)
        if embedding.types is not None:
            rows += table_rows(embedding.types, np.zeros(1, np.int64))
        if embedding.positions is not None:
            rows += table_rows(embedding.positions, positions)
        return normed(rows, embedding.norm)

    def scores(self, x: Array, workers: Workers) -> Array:
        """Logits of some tokens, (tokens, vocabulary), of the residual stream behind the last layer.

        Of a model without an output: its hidden states, (tokens, width).
        """
        if self.head.output is None:
            return normed(x, self.head.norm)
        return self.scores_of_rows(self.head.output, normed(x, self.head.norm), workers)

    def scores_of_rows(self, output: Matrix, read: Array, workers: Workers) -> Array:
        """Logits of the tokens that some rows of the output stand for, (tokens, rows), of what the output reads."""
        logits = product(output, read, workers)
        if self.head.scale != 1.0:
            logits *= np.float32(self.head.scale)
        cap = np.float32(self.head.soft_cap)
        if cap:
            logits /= cap
            np.tanh(logits, out=logits)
            logits *= cap
        return logits

    def _layer(self, number: int) -> Layer:
        """The parts of a layer, if the engine runs them all.

        No tensor of a layer is passed over: what no part was made of is refused.
        """
        layer = self._blueprint.layer(number)
        self._blueprint.require_all_read(number)
        check_mixer(layer.mixer, number)
        check_feed_forward(layer.feed_forward, number)
        for norm in _norms(layer):
            check_norm(norm)
        return layer

    def _no_answers(self) -> str | None:
        if self.head.output is None:
            return "the model has no output for a next token: what it gives is its last hidden state"
        if not self._blueprint.hyperparameters.causal:
            return "attention goes both ways (attention.causal is false): the model does not continue a text"
        return None

    def _check_ends(self) -> None:
        self._blueprint.require_all_read(None)
        check_norm(self.embedding.norm)
        check_norm(self.head.norm)
        if self.own is not None:
            check_norm(self.own.norm)

    def _check_rotations(self) -> None:
        """Raise NotApplicableError where the frequencies of RoPE cannot be."""
        shapes = [layer.mixer.shape for layer in self.layers if layer.mixer is not None]
        rotations = {shape.rotation for shape in shapes if shape is not None}
        for factors in (self.rope_factors(1), self.rope_factors(_MANY_POSITIONS)):
            for rotation in rotations:
                if rotation is not None:
                    phases(rotation, 1, factors)

    def _check_zeroed(self, places: Sequence[WeightPlace]) -> None:
        """Raise ValueError for a weight that is in no matrix: nothing would come of zeroing it."""
        tables = [self.embedding.tokens, self.embedding.positions, self.embedding.types]
        tables += [] if self.own is None else [self.own.tokens]
        matrices = [*self.matrices, *(table for table in tables if table is not None)]
        reached = {(matrix.tensor.name, *at) for matrix in matrices for at in matrix.zeroed}
        for place in places:
            shape = next((each.tensor.shape for each in matrices if each.tensor.name == place.tensor), None)
            if shape is None or (place.tensor, place.row_in(shape), place.column) not in reached:
                raise ValueError(f"{place} is no weight of a matrix that is multiplied: it cannot count as zero")

    def _shape(self) -> ModelShape:
        heads = [None if layer.mixer is None else layer.mixer.shape for layer in self.layers]
        parts = [layer.feed_forward for layer in self.layers]
        experts = [len(part.experts) if isinstance(part, Mixture) else 0 for part in parts]
        return ModelShape(
            n_layers=len(self.layers),
            n_heads=tuple(0 if shape is None else shape.n_heads for shape in heads),
            n_kv_heads=tuple(0 if shape is None else shape.n_kv_heads for shape in heads),
            windows=tuple(None if shape is None else shape.window for shape in heads),
            width=self._blueprint.width,
            n_vocabulary=self.embedding.tokens.n_rows,
            context_length=self._blueprint.hyperparameters.count("context_length"),
            causal=self._blueprint.hyperparameters.causal,
            no_answers=self._no_answers(),
            n_experts=tuple(experts) if any(experts) else (),
        )


def _norms(part: object) -> Iterator[Norm]:
    """The norms of a layer, in all its parts."""
    if isinstance(part, Norm):
        yield part
    elif is_dataclass(part) and not isinstance(part, Matrix):
        for field in fields(part):
            yield from _norms(getattr(part, field.name))


def table_rows(table: Matrix, numbers: npt.NDArray[np.int32] | npt.NDArray[np.int64]) -> Array:
    """Some rows of a table, float32 (numbers, width)."""
    rows = np.empty((len(numbers), table.n_columns), np.float32)
    for row, number in zip(rows, numbers, strict=True):
        table.decode_into(row[None], int(number))
    return rows
