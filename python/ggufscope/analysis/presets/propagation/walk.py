"""The walk of the moments from the embedding through the layers, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ....architecture.blueprint import Blueprint
from ....architecture.limits import NotApplicableError
from ....architecture.parts import Mixture
from ....arrays.arguments import thread_count
from .attention import attend
from .embedding import position_moments, token_moments
from .feed_forward import feed_forward
from .figures import LayerRow, figures_of_one, figures_of_openings
from .formulas import require_formulas, with_formulas
from .mixed_attention import attend_mixed
from .moments import Moments, normed
from .openings import Populations
from .sampling import Draws
from .table import nothing, tabulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....architecture.layer import Layer
    from ....architecture.mixers.attention import AttentionWeights
    from ....architecture.parts import BranchNorms
    from ....arrays.floats import Floats
    from ....models.model import Model
    from ....runtime.openings import Openings
    from .attention import AttentionScores
    from .figures import LayerFigures
    from .prediction import Propagation


def propagate(
    model: Model,
    *,
    threads: int | None = None,
    queries: int = 48,
    keys: int = 512,
    seed: int = 0,
    openings: Openings | None = None,
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
        openings: exact beginnings of texts, which tokens drawn behind them see; `queries` and `keys` do not count then.
            None: all tokens are drawn from one Gaussian.
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
            return _Walk(model, n_threads, Sampling(queries, keys, seed), openings, progress).run()
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
        self,
        model: Model,
        threads: int,
        sampling: Sampling,
        openings: Openings | None,
        progress: Callable[[int, int], object] | None,
    ) -> None:
        self._model = model
        self._threads = threads
        self._seed = sampling.seed
        require_formulas(model)
        self._blueprint = Blueprint.of(model)
        self._catalog = self._blueprint.catalog
        self._n_layers = self._blueprint.n_layers
        self._draws: Draws | None = None
        self._populations: Populations | None = None
        if openings is None:
            self._positions = slice(0, sampling.keys)
            factors = self._blueprint.rope_factors(sampling.keys)
            self._draws = Draws(sampling.queries, sampling.keys, sampling.seed, factors)
        else:
            self._positions = slice(openings.n_tokens, max(openings.n_positions, openings.n_tokens + 1))
            factors = self._blueprint.rope_factors(self._positions.stop)
            self._populations = Populations(openings, self._blueprint.width, sampling.seed, factors)
        present = [layer for layer in model.layers if layer < self._n_layers]
        total = self._catalog.need(None, "token_embd").n_bytes + sum(map(self._catalog.n_bytes, present))
        self._progress = _Progress(total, progress)

    def run(self) -> Propagation:
        stream, assumptions = self._start()
        rows: list[LayerFigures] = []
        stopped = None
        for layer in range(self._n_layers):
            try:
                row = self._step(layer, stream)
            except NotApplicableError as limit:
                stopped = str(limit)
                break
            rows.append(self._figures(row))
            stream = row.residual
            self._progress.add(self._catalog.n_bytes(layer))
        return tabulate(rows, self._n_layers, stopped, assumptions)

    def _start(self) -> tuple[Moments, tuple[str, ...]]:
        """The stream in front of the first layer, and what was assumed for it."""
        embedding = self._blueprint.embedding()
        if embedding.types is not None:
            raise NotApplicableError(f"there are no formulas for {embedding.types.tensor.name}")
        table = embedding.tokens.tensor
        stream, assumptions = token_moments(self._model, table, self._threads)
        stream = stream.scaled(embedding.scale)
        if embedding.positions is not None:
            stream += position_moments(embedding.positions.tensor, self._positions, self._threads)
        self._progress.add(table.n_bytes)
        stream = stream if embedding.norm is None else normed(embedding.norm, stream)
        return Moments.stacked([stream] * (1 if self._populations is None else self._populations.count)), assumptions

    def _step(self, number: int, stream: Moments) -> LayerRow:
        """One layer: attention and FFN one after the other, or side by side."""
        layer = self._blueprint.layer(number)
        self._blueprint.require_all_read(number)
        weights, experts = with_formulas(layer)
        before = layer.mixer_norms.before
        inputs = stream if before is None else normed(before, stream)
        gain = np.ones(self._blueprint.width) if before is None else before.gain
        attention = self._attend(weights, inputs, gain, number)
        added = _added(layer, layer.mixer_norms, attention.output)
        between = stream + added
        if layer.arrangement != "one norm":
            read = stream if layer.arrangement == "two norms" else between
            before = layer.feed_forward_norms.before
            inputs = read if before is None else normed(before, read)
        limits = None
        if self._populations is not None:
            limits = self._populations.limits(number, by_neuron=not isinstance(experts, Mixture))
        ffn = feed_forward(experts, inputs, self._threads, self._seed, limits)
        ffn_added = _added(layer, layer.feed_forward_norms, ffn.output)
        return self._checked(LayerRow(number, attention, ffn, inputs, added, ffn_added, between + ffn_added))

    def _attend(self, weights: AttentionWeights, inputs: Moments, gain: Floats, number: int) -> AttentionScores:
        if self._populations is not None:
            return attend_mixed(weights, inputs, gain, self._populations, number, self._threads)
        assert self._draws is not None  # noqa: S101
        return attend(weights, inputs, gain, self._draws, self._threads)

    def _figures(self, row: LayerRow) -> LayerFigures:
        return figures_of_one(row) if self._populations is None else figures_of_openings(row, self._populations)

    @staticmethod
    def _checked(row: LayerRow) -> LayerRow:
        parts = [*row.projections.values(), row.ffn.hidden, row.residual]
        if not all(moments.finite for moments in parts) or not np.isfinite(row.attention.baseline).all():
            raise NotApplicableError("weights, or what they make of the stream, are not finite")
        return row


def _added(layer: Layer, norms: BranchNorms, output: Moments) -> Moments:
    """The moments that reach the residual stream, of a branch's output."""
    added = output if norms.behind is None else normed(norms.behind, output)
    return added.scaled(layer.residual_scale)
