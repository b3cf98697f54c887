"""Several residual streams around the layers, float32 (streams, tokens, width); see `architecture.streams`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .norms import normed
from .tiles import product

if TYPE_CHECKING:
    from ....architecture.streams import Laurel, StreamEnds, Streams
    from ...shape import Array
    from .tiles import Workers


def spread(ends: StreamEnds, embedded: Array, workers: Workers) -> Array:
    """The streams in front of the first layer, all as long as the embedding, (tokens, width)."""
    others = [_as_long(product(matrix, embedded, workers), embedded) for matrix in ends.spread]
    stacked: Array = np.stack([embedded, *others])
    return stacked


def merge(ends: StreamEnds, streams: Array, workers: Workers) -> Array:
    """The mean of the streams behind the last layer, once each is as long as the first: (tokens, width)."""
    total: Array = streams[0].copy()
    for matrix, stream in zip(ends.merge, streams[1:], strict=True):
        total += _as_long(product(matrix, stream, workers), streams[0])
    total *= np.float32(1 / len(streams))
    return total


def predict(weights: Streams, streams: Array, workers: Workers) -> Array:
    """The streams that a layer is expected to give."""
    n = weights.n_streams
    coefficients = product(weights.predict, _modalities(weights, streams[0], workers), workers)
    predicted: Array = streams + np.einsum("tij,jtc->itc", coefficients.reshape(-1, n, n), streams)
    return predicted


def correct(weights: Streams, predicted: Array, computed: Array, workers: Workers) -> Array:
    """The streams behind a layer that made `computed`, (tokens, width), of the first of the predicted ones."""
    coefficients = product(weights.correct, _modalities(weights, computed, workers), workers)
    coefficients += np.float32(1)
    corrected: Array = predicted + coefficients.T[:, :, None] * (computed - predicted[0])
    return corrected


def laurel(weights: Laurel, read: Array, workers: Workers) -> Array:
    """The low-rank branch beside attention, of what attention reads: (tokens, width)."""
    branch = product(weights.up, product(weights.down, read, workers), workers)
    added: Array = read + normed(branch, weights.norm)
    return added


def _modalities(weights: Streams, stream: Array, workers: Workers) -> Array:
    """(tokens, streams): what the coefficients are made of."""
    read = normed(stream, weights.router_norm)
    read *= np.float32(1 / stream.shape[1])
    return np.tanh(product(weights.router, read, workers))


def _as_long(vectors: Array, others: Array) -> Array:
    """Each of `vectors` as long as that of `others`."""
    own, wanted = (np.sqrt(np.sum(np.square(each), axis=1, keepdims=True)) for each in (vectors, others))
    scaled: Array = vectors * wanted / own
    return scaled
