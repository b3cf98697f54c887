"""The walk of the moments from the embedding through the layers, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ....architecture.catalog import Catalog
from ....architecture.families import Family, family_of
from ....architecture.hyperparameters import Hyperparameters
from ....architecture.layers import Layers
from ....architecture.limits import NotApplicableError
from ....arrays.arguments import thread_count
from .attention import attend
from .embedding import position_moments, token_moments
from .feed_forward import feed_forward
from .moments import normed
from .sampling import Draws
from .table import LayerRow, nothing, tabulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....models.model import Model
    from .moments import Moments
    from .prediction import Propagation


def propagate(
    model: Model,
    *,
    threads: int | None = None,
    queries: int = 48,
    keys: int = 512,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Propagation:
    """Predict activations and attention of every layer from the weights alone.

    Means and variances of the residual stream's channels go through the layers in order, channels taken as independent
    (mean field; Poole et al. 2016, arXiv:1606.05340): docs/propagation.md has every formula. Weights are streamed, one
    head at most is held as floats.

    Args:
        model: an open model.
        threads: at most so many; by default the cores this process may use. The result does not depend on it. NumPy's
            BLAS is held to one thread meanwhile, in the whole process.
        queries: drawn per head.
        keys: that each query sees, at positions 0 … keys − 1.
        seed: of those draws.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread; may raise to cancel.

    Returns:
        The scores. What a model has no formulas for, or a file lacks, is None and stands in `applicability`. Another
        BLAS or another machine may round differently: compare to six digits.

    Raises:
        ValueError: The model is closed, or fewer than one thread or query, two keys, or a negative seed.
        GGUFError: The file shrank since it was opened.

    Example:
        >>> import ggufscope as gs
        >>> from ggufscope.analysis.presets.propagation import propagate
        >>> with gs.open("model.gguf") as model:                                        # doctest: +SKIP
        ...     print(propagate(model).ffn_attention_ratio)
    """
    n_threads = thread_count(threads)
    for name, value, least in (("queries", queries, 1), ("keys", keys, 2), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be an integer, {least} or more, not {value!r}")
    model.core()  # closed models are an error, not a limit
    try:
        # What overflows is found by looking for numbers that are not finite, not by NumPy's warnings. Heads go to
        # threads here; BLAS with threads of its own in each would spin them against one another (8B-shaped model:
        # 17 s instead of 5, minutes on a loaded machine).
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            return _Walk(model, n_threads, Sampling(queries, keys, seed), progress).run()
    except NotApplicableError as limit:
        return nothing(str(limit))


@dataclass(frozen=True)
class Sampling:
    queries: int
    keys: int
    seed: int


@dataclass
class _Progress:
    total: int
    callback: Callable[[int, int], object] | None
    done: int = field(default=0)

    def add(self, n_bytes: int) -> None:
        self.done += n_bytes
        if self.callback is not None:
            self.callback(self.done, self.total)


class _Walk:
    """One model being propagated; NotApplicableError from here means that not even the first layer can be."""

    def __init__(
        self, model: Model, threads: int, sampling: Sampling, progress: Callable[[int, int], object] | None
    ) -> None:
        self._model = model
        self._threads = threads
        self._keys = sampling.keys
        self._family: Family = family_of(model)
        self._catalog = Catalog(model)
        width = self._catalog.columns(None, "token_embd")
        self._hyperparameters = Hyperparameters(model, self._family, width)
        self._n_layers = int(self._hyperparameters.needed(self._hyperparameters.block_count, "block_count"))
        self._layers = Layers(self._catalog, self._family, self._hyperparameters)
        self._draws = Draws(sampling.queries, sampling.keys, sampling.seed, self._layers.rope_factors(sampling.keys))
        self._residual_scale = self._hyperparameters.number("residual_scale") or 1.0
        present = [layer for layer in model.layers if layer < self._n_layers]
        total = self._catalog.need(None, "token_embd").n_bytes + sum(map(self._catalog.n_bytes, present))
        self._progress = _Progress(total, progress)

    def run(self) -> Propagation:
        stream, assumptions = self._start()
        rows: list[LayerRow] = []
        stopped = None
        for layer in range(self._n_layers):
            try:
                row = self._step(layer, stream)
            except NotApplicableError as limit:
                stopped = str(limit)
                break
            rows.append(row)
            stream = row.residual
            self._progress.add(self._catalog.n_bytes(layer))
        return tabulate(rows, self._n_layers, stopped, assumptions)

    def _start(self) -> tuple[Moments, tuple[str, ...]]:
        """The stream in front of the first layer, and what was assumed for it."""
        table = self._catalog.need(None, "token_embd")
        stream, assumptions = token_moments(self._model, table, self._threads)
        stream = stream.scaled(self._hyperparameters.embedding_scale)
        places = position_moments(self._catalog, self._hyperparameters.width, self._keys, self._threads)
        self._progress.add(table.n_bytes)
        return stream if places is None else stream + places, assumptions

    def _step(self, layer: int, stream: Moments) -> LayerRow:
        """One layer: attention and FFN one after the other, or side by side."""
        before_attention = self._layers.norm(layer, "attn_norm")
        inputs = normed(before_attention, stream)
        weights = self._layers.feed_forward(layer)
        attention = attend(self._layers.attention(layer), inputs, before_attention.gain, self._draws, self._threads)
        added = self._added(layer, "post_attention_norm", attention.output)
        between = stream + added
        if not self._family.shared_norm:
            read = stream if self._hyperparameters.flag("use_parallel_residual") else between
            inputs = normed(self._layers.norm(layer, "ffn_norm"), read)
        ffn = feed_forward(weights, inputs, self._threads)
        ffn_added = self._added(layer, "post_ffw_norm", ffn.output)
        return self._checked(LayerRow(layer, attention, ffn, added, ffn_added, between + ffn_added))

    def _added(self, layer: int, role: str, output: Moments) -> Moments:
        """The moments that reach the residual stream, of a branch's output."""
        added = normed(self._layers.norm(layer, role), output) if self._family.post_norms else output
        return added.scaled(self._residual_scale)

    @staticmethod
    def _checked(row: LayerRow) -> LayerRow:
        numbers = [*row.attention.std.values(), *row.ffn.std.values(), row.ffn.mean, row.ffn.hidden_std]
        if not row.residual.finite or not np.isfinite([*numbers, *row.attention.baseline]).all():
            raise NotApplicableError("weights, or what they make of the stream, are not finite")
        return row
