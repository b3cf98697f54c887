"""The experts that tokens choose, and their weights, as llama.cpp's `build_moe_ffn` has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from .family import Scoring
    from .parts import Router

Real = TypeVar("Real", np.float32, np.float64)

_LEAST_SUM = 2.0**-14  # that weights are divided by: the smallest normal number of float16


class Choice(NamedTuple, Generic[Real]):
    """The experts of some tokens, best first, int64 (tokens, used), and their weights, (tokens, used)."""

    experts: npt.NDArray[np.int64]
    weights: npt.NDArray[Real]


def choose(router: Router, scores: npt.NDArray[Real]) -> Choice[Real]:
    """The choice of some tokens, from what the router's matrix makes of each: (tokens, experts)."""
    shares = _shares(scores, router.scoring)
    wanted = shares if router.selection_bias is None else shares + router.selection_bias.astype(scores.dtype)
    if router.n_groups > 1:
        wanted = _in_best_groups(wanted, router.n_groups, router.n_used_groups)
    experts = best(wanted, router.n_used)
    weights = np.take_along_axis(shares, experts, axis=1)
    if router.scoring == "softmax of chosen":
        weights = _softmax(weights)
    if router.normalized:
        weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), scores.dtype.type(_LEAST_SUM))
    return Choice(experts, weights * scores.dtype.type(router.scale))


def best(values: npt.NDArray[Real], count: int) -> npt.NDArray[np.int64]:
    """The places of the largest values of every row, largest first, the first among equals; NaN comes last."""
    order: npt.NDArray[np.int64] = np.argsort(-values, axis=-1, kind="stable")[..., :count]
    return order


def _shares(scores: npt.NDArray[Real], scoring: Scoring) -> npt.NDArray[Real]:
    if scoring == "softmax":
        return _softmax(scores)
    if scoring == "sigmoid":
        sigmoid: npt.NDArray[Real] = np.reciprocal(1 + np.exp(-scores))
        return sigmoid
    return scores


def _softmax(scores: npt.NDArray[Real]) -> npt.NDArray[Real]:
    shares: npt.NDArray[Real] = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _in_best_groups(values: npt.NDArray[Real], n_groups: int, n_used: int) -> npt.NDArray[Real]:
    """Values of experts outside the groups whose two best sum up to most become −∞."""
    groups = values.reshape(len(values), n_groups, -1)
    sums: npt.NDArray[Real] = np.take_along_axis(groups, best(groups, 2), axis=2).sum(axis=2)
    kept = np.zeros(sums.shape, bool)
    np.put_along_axis(kept, best(sums, n_used), values=True, axis=1)
    masked: npt.NDArray[Real] = np.where(kept[..., None], groups, values.dtype.type(-np.inf)).reshape(values.shape)
    return masked
