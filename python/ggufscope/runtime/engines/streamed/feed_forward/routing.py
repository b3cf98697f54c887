"""The experts that tokens choose, and their weights, as llama.cpp's `build_moe_ffn` has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..tiles import product

if TYPE_CHECKING:
    import numpy.typing as npt

    from .....architecture.family import Scoring
    from .....architecture.parts import Router
    from ....shape import Array
    from ..tiles import Workers

_LEAST_SUM = np.float32(2.0**-14)  # that weights are divided by: the smallest normal number of float16


class Choice(NamedTuple):
    """The experts of some tokens, best first, int64 (tokens, used), and their weights, float32 (tokens, used)."""

    experts: npt.NDArray[np.int64]
    weights: Array


def route(router: Router, x: Array, workers: Workers) -> Choice:
    """The choice of some tokens whose normed stream is `x`, float32 (tokens, width)."""
    scores = product(router.weights, x, workers)
    shares = _shares(scores, router.scoring)
    wanted = shares if router.selection_bias is None else shares + router.selection_bias.astype(np.float32)
    if router.n_groups > 1:
        wanted = _in_best_groups(wanted, router.n_groups, router.n_used_groups)
    experts = best(wanted, router.n_used)
    weights = np.take_along_axis(shares, experts, axis=1)
    if router.scoring == "softmax of chosen":
        weights = _softmax(weights)
    if router.normalized:
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), _LEAST_SUM)
    return Choice(experts, weights * np.float32(router.scale))


def best(values: Array, count: int) -> npt.NDArray[np.int64]:
    """The places of the largest values of every row, largest first, the first among equals; NaN comes last."""
    order: npt.NDArray[np.int64] = np.argsort(-values, axis=-1, kind="stable")[..., :count]
    return order


def _shares(scores: Array, scoring: Scoring) -> Array:
    if scoring == "softmax":
        return _softmax(scores)
    if scoring == "sigmoid":
        return np.float32(1) / (np.float32(1) + np.exp(-scores))
    return scores


def _softmax(scores: Array) -> Array:
    shares: Array = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _in_best_groups(values: Array, n_groups: int, n_used: int) -> Array:
    """Values of experts outside the groups whose two best sum up to most become −∞."""
    groups = values.reshape(len(values), n_groups, -1)
    sums = np.take_along_axis(groups, best(groups, 2), axis=2).sum(axis=2)
    kept = np.zeros(sums.shape, bool)
    np.put_along_axis(kept, best(sums, n_used), values=True, axis=1)
    return np.where(kept[..., None], groups, np.float32(-np.inf)).reshape(values.shape)
