"""Conversions that change how weights are stored and not what a model computes, recognized from the weights themselves.

    Q/K rows of a head    0 1 2 3 | 4 5 6 7   halves, as in one form of RoPE
                          0 4 1 5 | 2 6 3 7   the same pairs side by side, as in the other
    gains                 g, or g − 1 where the runtime adds it
    vocabulary            rows in front of another number of rows
    output                token_embd written out a second time

Each is tried on a few rows, and taken where it explains most of what differs there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.floats import widened
from ...models.heads import heads
from ..views import PairView, SideView

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ...models.model import Model, Tensor

IN_PAIRS = "halves of each head put in pairs"
IN_HALVES = "pairs of each head put in halves"
ONE_ADDED = "1 added to the reference's gains"
ONE_TAKEN_OFF = "1 taken off the reference's gains"
_EXPLAINS = 0.25  # of the squared error that a view may leave, of that without it
_ALIKE = 0.5  # nmse below which two samples are of the same weights
_GAIN_ERROR = 1e-4  # nmse of gains: converters store them in 16 bits or more
_SAMPLE = 1 << 16  # weights that are compared
_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"


def views_between(reference: Model, model: Model) -> dict[str, PairView]:
    """The conversions that lie between two models: name of a tensor of the model → how the pair is to be seen.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    return dict(_views(reference, model))


def _views(reference: Model, model: Model) -> Iterator[tuple[str, PairView]]:
    for name, tensor in model.tensors.items():
        partner = reference.tensors.get(name)
        if partner is None:
            view = _written_out(reference, tensor) if name == _OUTPUT else None
        elif partner.shape != tensor.shape:
            view = _cut_vocabulary(partner, tensor)
        elif tensor.kind not in {"matrix", "vector"} or not tensor.n_elements:
            continue
        else:
            view = _permuted(reference, partner, tensor) or _shifted_gain(partner, tensor)
        if view is not None:
            yield name, view


def _nmse(reference: npt.NDArray[np.float32], model: npt.NDArray[np.float32]) -> float:
    """Σ(b − a)² / Σa² of two samples; ∞ where it is undefined."""
    a, b = widened(reference), widened(model)
    finite = np.isfinite(a) & np.isfinite(b)
    squares = float(np.sum(a[finite] ** 2))
    return float(np.sum((b[finite] - a[finite]) ** 2)) / squares if squares > 0 else np.inf


def _sample_rows(tensor: Tensor, most: int) -> slice:
    """The first rows, as many as the sample may have."""
    return slice(0, max(1, min(most, _SAMPLE // max(1, tensor.shape[-1]))))


def _written_out(reference: Model, output: Tensor) -> PairView | None:
    """Of an output matrix that the reference shares with its embedding."""
    embedding = reference.tensors.get(_EMBEDDING)
    if embedding is None or len(output.shape) != 2 or embedding.shape[1:] != output.shape[1:]:
        return None
    view = _common_rows(embedding, output, "tied output written out", _EMBEDDING)
    return view if _alike(embedding, output) else None


def _cut_vocabulary(reference: Tensor, model: Tensor) -> PairView | None:
    """Of matrices with a row for each token, of which one side has more."""
    if (
        reference.name not in {_EMBEDDING, _OUTPUT}
        or len(reference.shape) != 2
        or reference.shape[1:] != model.shape[1:]
    ):
        return None
    return _common_rows(reference, model, "", None) if _alike(reference, model) else None


def _alike(reference: Tensor, model: Tensor) -> bool:
    rows = _sample_rows(reference, min(reference.n_rows, model.n_rows))
    return _nmse(reference.dequantize(rows), model.dequantize(rows)) < _ALIKE


def _common_rows(reference: Tensor, model: Tensor, said: str, reference_name: str | None) -> PairView:
    """The rows that both have, the first ones."""
    n_rows = min(reference.n_rows, model.n_rows)
    common = np.arange(n_rows)
    if reference.n_rows == model.n_rows:
        return PairView(reference_name=reference_name, names=(said,))
    cut = f"the first {n_rows} rows of {reference.n_rows} and {model.n_rows}"
    return PairView(
        SideView(common) if reference.n_rows > n_rows else SideView(),
        SideView(common) if model.n_rows > n_rows else SideView(),
        reference_name,
        tuple(filter(None, (said, cut))),
    )


def _permuted(model_of_reference: Model, reference: Tensor, model: Tensor) -> PairView | None:
    """Of queries and keys whose rows stand in the order of the other form of RoPE."""
    size = _head_size(model_of_reference, reference)
    if size is None or size % 2 or reference.n_rows % size:
        return None
    sample = _sample_heads(reference, size)
    a, b = reference.dequantize(sample), model.dequantize(sample)
    as_it_is = _nmse(a, b)
    if as_it_is < _ALIKE / 10:  # the quantizer's error, or a fine-tune
        return None
    n_rows = a.shape[0] if len(reference.shape) == 2 else a.shape[-1]
    for order, said in _orders(size):
        rows = _of_all_heads(order, n_rows)
        moved = _nmse(a[rows], b)
        if moved < _ALIKE and moved < _EXPLAINS * as_it_is:
            return PairView(SideView(_of_all_heads(order, reference.n_rows)), names=(said,))
    return None


def _sample_heads(tensor: Tensor, size: int) -> slice:
    per_sample = max(1, _SAMPLE // max(1, tensor.shape[-1]) // size)
    return slice(0, min(tensor.n_rows, per_sample * size))


def _head_size(model: Model, tensor: Tensor) -> int | None:
    """Rows of a head of a matrix of queries or keys."""
    if tensor.role not in {"attn_q", "attn_k"} or tensor.kind != "matrix":
        return None
    geometry = heads(model, tensor)
    return geometry.size if geometry is not None and geometry.axis == "rows" else None


def _orders(size: int) -> Iterator[tuple[npt.NDArray[np.intp], str]]:
    """Rows of a head in the other order, both ways."""
    side_by_side = np.arange(size).reshape(2, size // 2).T.reshape(-1)
    yield side_by_side, IN_PAIRS
    yield np.argsort(side_by_side), IN_HALVES


def _of_all_heads(order: npt.NDArray[np.intp], n_rows: int) -> npt.NDArray[np.intp]:
    starts = np.arange(0, n_rows, order.size)
    return (starts[:, np.newaxis] + order).reshape(-1)


def _shifted_gain(reference: Tensor, model: Tensor) -> PairView | None:
    """Of gains that one side stores less 1."""
    if model.kind != "vector" or not (model.role or "").endswith("norm") or not model.name.endswith(".weight"):
        return None
    a, b = reference.dequantize().reshape(-1), model.dequantize().reshape(-1)
    as_it_is = _nmse(a, b)
    for plus, said in ((1.0, ONE_ADDED), (-1.0, ONE_TAKEN_OFF)):
        with np.errstate(invalid="ignore"):  # of NaNs that signal
            shifted = a + np.float32(plus)
        if _nmse(shifted, b) < min(_GAIN_ERROR, _EXPLAINS * as_it_is):
            return PairView(SideView(plus=plus), names=(said,))
    return None
