"""Costs of a model that reads a text: one exact pass, every candidate's error pushed through its branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ...architecture.limits import NotApplicableError
from ...architecture.substituting import matrices_in
from ...errors import TraceError
from ...runtime.divergences import mean_divergence
from ...runtime.engines.streamed.engine import StreamedEngine
from ...runtime.engines.streamed.limits import StreamLimits
from ...runtime.engines.streamed.network import Network
from .costs_result import TRACED, UNTESTED, Cost, Costs
from .neutral_tokens import neutral_tokens
from .pushing import ErrorWatch, PushedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ...architecture.matrices import RowSource
    from ...models.model import Model
    from ...runtime.engines.engine import Progress
    from ...runtime.shape import Array

    Candidates = Mapping[str, Mapping[str, RowSource]]
    Tokens = npt.NDArray[np.int32]

N_TOKENS = 256
_N_MEASURED = 64  # tokens that divergences are measured on, where they are
_FIRST_COUNTED = 8  # of them; those before have too little in front of them
_LARGE_SHARE = 1.0  # of ‖error‖² in ‖stream‖²
_LIMITS = StreamLimits(many_tokens=0)  # BLAS multiplies exact and substituted rows alike: equal ones err by nothing


class TracedCosts:
    """Measures candidates on a reference.

    Args:
        network: of the reference.
        candidates: rows by tensor and type.
        tokens: to read.
        threads: to compute with.

    Raises:
        NotApplicableError: The model has no next token; the message is the reason.
    """

    def __init__(self, network: Network, candidates: Candidates, tokens: Tokens, threads: int) -> None:
        self._network = network
        if self._network.shape.no_answers is not None:
            raise NotApplicableError(self._network.shape.no_answers)
        self._candidates = candidates
        self._tokens = tokens
        self._threads = threads
        self._engine = StreamedEngine(self._network, threads, _LIMITS)
        self._measured: Array | None = None  # exact scores of the first tokens

    def costs(self, progress: Progress | None) -> dict[tuple[str, str], Cost]:
        """By tensor and type.

        Raises:
            TraceError: Weights are not finite.
        """
        with self._engine, np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            watch = ErrorWatch(self._engine, self._candidates)
            self._push_embeddings(watch)
            (stream,) = self._engine.last_streams([self._tokens], None, progress, watch=watch)
            watch.points.add(stream, self._network.head.norm, watch.scale)
            self._measured = self._engine.scores_of(stream[:_N_MEASURED])
            costs = {(each.tensor, each.type_name): self._cost(each, watch) for each in watch.errors}
            self._add_outputs(costs, stream[-_N_MEASURED:])
            self._add_others(costs)
        return costs

    def _cost(self, error: PushedError, watch: ErrorWatch) -> Cost:
        """The cost of a pushed error, at least the measured one where it is larger than the stream."""
        cost = watch.points.cost(error.squares, error.first_point)
        if error.largest_share <= _LARGE_SHARE:
            return Cost(cost, largest_share=error.largest_share)
        measured = self._divergence(error.tensor, error.type_name)
        return Cost(max(measured, np.nan_to_num(cost, nan=0.0)), True, error.largest_share)

    def _push_embeddings(self, watch: ErrorWatch) -> None:
        """Errors of tables whose rows make the stream in front of the layers."""
        positions = np.arange(len(self._tokens))
        exact = self._network.embed(self._tokens, positions)
        for name in self._names_in(self._network.embedding):
            for type_name, rows in self._candidates[name].items():
                other = self._network.substituted(name, rows).embed(self._tokens, positions)
                watch.push_embedding(name, type_name, other - exact)

    def _add_outputs(self, costs: dict[tuple[str, str], Cost], stream: Array) -> None:
        """Add the measured divergence of every candidate for the output, which changes scores alone."""
        names = self._names_in(self._network.head)
        exact = self._network.scores(stream, self._engine.workers) if names else None
        for name in names:
            for type_name, rows in self._candidates[name].items():
                assert exact is not None  # noqa: S101
                other = self._network.substituted(name, rows).scores(stream, self._engine.workers)
                before = costs[name, type_name].cost if (name, type_name) in costs else 0.0  # of a tied embedding
                costs[name, type_name] = Cost(before + mean_divergence(exact, other, 0))

    def _add_others(self, costs: dict[tuple[str, str], Cost]) -> None:
        """Measure candidates that stand in no layer and are neither embedding nor output."""
        for name in [*self._names_in(self._network.own), *self._names_in(self._network.ends)]:
            for type_name in self._candidates[name]:
                costs[name, type_name] = Cost(self._divergence(name, type_name))

    def _divergence(self, name: str, type_name: str) -> float:
        """The mean KL divergence of the model with one substituted tensor, over the first tokens of the text."""
        assert self._measured is not None  # noqa: S101
        network = self._network.substituted(name, self._candidates[name][type_name])
        with StreamedEngine(network, self._threads, _LIMITS) as engine:
            (stream,) = engine.last_streams([self._tokens[:_N_MEASURED]], None, None)
            first = min(_FIRST_COUNTED, len(stream) // 2)
            return mean_divergence(self._measured, engine.scores_of(stream), first)

    def _names_in(self, part: object) -> list[str]:
        """Names of the candidates in a part, each once."""
        names = (matrix.tensor.name for matrix in matrices_in(part))
        return [name for name in dict.fromkeys(names) if name in self._candidates]


def traced_costs(
    reference: Model, candidates: Candidates, tokens: Tokens | None, threads: int, progress: Progress | None
) -> Costs:
    """The costs of candidates on a text.

    Raises:
        NotApplicableError: The model cannot be read; the message is the reason.
    """
    try:
        network = Network(reference)
        context = network.shape.context_length or N_TOKENS
        read, warnings = neutral_tokens(reference, min(N_TOKENS, context)) if tokens is None else (tokens, ())
        measured = TracedCosts(network, candidates, read, threads)
        costs = measured.costs(progress)
    except TraceError as error:
        raise NotApplicableError(str(error)) from None
    return Costs(costs, TRACED, n_tokens=len(read), warnings=(UNTESTED, *warnings))
