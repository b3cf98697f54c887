"""Prefill and generation: the walk through the layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from ...._version import __version__
from ....architecture.limits import NotApplicableError
from ....errors import TraceError
from ...shape import PromptSpan
from ..answers import Answers
from ..choosing import greedy
from ..engine import ABLATED, EngineDescription
from .estimate import estimate
from .layer import LayerRun
from .layer_pass import Batch, LayerPass
from .limits import DEFAULT_LIMITS, StreamLimits
from .mixers.attention import check_length
from .mixers.kinds import running
from .mixers.rotations import Rotations
from .network import Network, table_rows
from .own_inputs import own_inputs
from .streams import merge, spread
from .tiles import Workers, first_not_finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    import numpy.typing as npt

    from ....architecture.layer import Layer
    from ....architecture.matrices import Matrix
    from ....models.model import Model
    from ....models.weight_place import WeightPlace
    from ...measuring.capture import Recorder, Recording
    from ...shape import Array, ModelShape
    from ..choosing import Choose
    from ..engine import Ending, Over, Progress, Seconds, Tokens
    from .layer_pass import LayerWatch
    from .mixers.mixer import RunningMixer


def open_engine(
    model: Model, threads: int, limits: StreamLimits = DEFAULT_LIMITS, *, zeroed: Sequence[WeightPlace] = ()
) -> StreamedEngine:
    """The engine for a model.

    Args:
        model: the model.
        threads: to compute with.
        limits: sizes of pieces.
        zeroed: weights that count as zero.

    Raises:
        TraceError: It cannot run this model; the message says why.
        ValueError: A weight to be zeroed is none of a matrix that is multiplied.
    """
    try:
        return StreamedEngine(Network(model, zeroed), threads, limits, zeroed)
    except NotApplicableError as limit:
        raise TraceError(str(limit)) from None


class StreamedEngine:
    """See `ggufscope.runtime.engines.engine.Engine`, whose methods these are.

    Attributes:
        network: the parts of the model.
        workers: that do its products, and may be watched at it.
    """

    def __init__(
        self,
        network: Network,
        threads: int,
        limits: StreamLimits = DEFAULT_LIMITS,
        zeroed: Sequence[WeightPlace] = (),
    ) -> None:
        self.network = network
        self._zeroed = zeroed
        self.workers = Workers(threads, limits)
        self._lengths: list[int] = []
        self._memories: dict[int, list[Any]] = {}  # layer → by prompt
        self._room = 0
        self._mixers: list[RunningMixer | None] = []  # by layer
        self._rotations: Rotations | None = None  # of the prompts at hand
        self._at_hand: Batch | None = None
        self._logits: Array | None = None
        self._overflowed = False

    @property
    def description(self) -> EngineDescription:
        settings = {"weights": "as stored, decoded to float32", "activations": "float32", "kv_cache": "float32"}
        if self._zeroed:
            settings[ABLATED] = ", ".join(map(str, self._zeroed))
        return EngineDescription("streamed", __version__, settings)

    @property
    def shape(self) -> ModelShape:
        return self.network.shape

    def prefill(self, prompts: Tokens, recorder: Recorder | None, *, room: int, progress: Progress | None) -> Array:
        """Read all prompts; see `Engine.prefill`."""
        streams = self.last_streams(prompts, recorder, progress, room=room)
        self._logits = self.scores_of(np.stack([stream[-1] for stream in streams]))
        return self._logits

    def last_streams(
        self,
        prompts: Tokens,
        recorder: Recorder | None,
        progress: Progress | None,
        *,
        room: int = 0,
        watch: LayerWatch | None = None,
    ) -> list[Array]:
        """Read all prompts; the residual stream of each behind the last layer, float32 (tokens, width)."""
        batch = replace(self._batch(prompts, recorder, room), watch=watch)
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            x = self._forward(np.concatenate(prompts), batch, progress)
        return [x[span.rows] for span in batch.spans]

    def walk(self, prompts: Tokens, recorder: Recording | None) -> Iterator[Array]:
        """Read all prompts a layer at a time, for whoever has something to do in between.

        Yields the stream, (tokens, width), of all prompts one behind the other, or the streams, (streams, tokens,
        width), in front of the first layer and behind each. A step may overwrite what the one before gave. NumPy's
        warnings and the threads of BLAS are up to the caller, as in `last_streams`; `merge` gives the last stream.
        """
        return self._walk(np.concatenate(prompts), self._batch(prompts, recorder, 0))

    def scores_of(self, streams: Array) -> Array:
        """Scores of the next token behind some tokens, (tokens, vocabulary), of `last_streams`."""
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            return self._scores(streams)

    def variant(self, layer: Layer) -> LayerRun:
        """A layer of the network with other weights, ready for the prompts that are being read; for a `LayerWatch`."""
        assert self._rotations is not None and self._at_hand is not None  # noqa: S101, PT018
        mixer = None if layer.mixer is None else running(layer.mixer, self._rotations)
        memories = self._memory(layer.number)  # of a source, which has read the batch already
        if mixer is not None and layer.number not in self.network.sources:
            memories = [mixer.memory(length) for length in self._lengths]
        return LayerRun(layer, mixer, memories, LayerPass(layer.number, self._at_hand, self.workers).alone())

    def generate(
        self,
        max_new_tokens: int,
        stop: frozenset[int],
        *,
        progress: Progress | None,
        over: Over | None = None,
        choose: Choose = greedy,
    ) -> list[Ending]:
        """Continue every prompt; see `Engine.generate`."""
        if self.shape.no_answers is not None:
            raise ValueError(self.shape.no_answers)
        if self._logits is None:
            raise ValueError("there is nothing to continue before a prefill")
        if max_new_tokens > self._room:
            raise ValueError(f"the prefill left room for {self._room} tokens, not for {max_new_tokens}")
        answers = Answers(self._lengths, max_new_tokens, self.shape.context_length, stop, over, choose=choose)
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            return answers.complete(self._logits, self._step, progress)

    def estimate(self, prompts: Tokens, max_new_tokens: int) -> Seconds:
        """See `Engine.estimate`."""
        with np.errstate(all="ignore"), threadpool_limits(1, "blas"):
            return estimate(
                self.network, self.workers, sum(map(len, prompts)), len(prompts), max(0, max_new_tokens - 1)
            )

    def close(self) -> None:
        self.workers.close()
        self._memories.clear()
        self._mixers.clear()

    def __enter__(self) -> StreamedEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _batch(self, prompts: Tokens, recorder: Recording | None, room: int) -> Batch:
        """All tokens of the prompts, once what they need is prepared."""
        self._prepare([len(tokens) for tokens in prompts], room)
        ends = np.cumsum(self._lengths)
        spans = [
            PromptSpan(prompt, slice(int(end) - length, int(end)))
            for prompt, (length, end) in enumerate(zip(self._lengths, ends, strict=True))
        ]
        positions = np.concatenate([np.arange(length) for length in self._lengths])
        return Batch(spans, positions, recorder)

    def _prepare(self, lengths: list[int], room: int) -> None:
        """Mixers with tables of RoPE as long as prompts and answers will be; nothing is remembered yet."""
        longest = max(lengths)
        check_length(longest, self.workers.limits.most_score_bytes)
        self._lengths = lengths
        rotations = Rotations(longest + room, self.network.rope_factors(longest + room))
        mixers = [layer.mixer for layer in self.network.layers]
        self._mixers = [None if mixer is None else running(mixer, rotations) for mixer in mixers]
        self._rotations = rotations
        self._room = room
        self._memories.clear()

    def _memory(self, number: int) -> list[Any]:
        """The memories of a mixer, by prompt; kept only where something is to be generated, or later read."""
        number = self.network.sources.get(number, number)
        mixer = self._mixers[number]
        if mixer is None:
            return []
        if number in self._memories:
            return self._memories[number]
        memory = [mixer.memory(length + self._room) for length in self._lengths]
        if self._room or number in self.network.sources.values():
            self._memories[number] = memory
        return memory

    def _step(self, answers: Answers) -> Array:
        """Scores behind the token that was chosen last, of the prompts that are open."""
        spans = [PromptSpan(prompt, slice(row, row + 1)) for row, prompt in enumerate(answers.open)]
        tokens = np.array([answers.tokens[span.prompt][-1] for span in spans], np.int32)
        lengths = [self._lengths[span.prompt] + len(answers.tokens[span.prompt]) for span in spans]
        positions = np.array(lengths) - 1
        return self._scores(self._forward(tokens, Batch(spans, positions, None), None))

    def _forward(self, tokens: npt.NDArray[np.int32], batch: Batch, progress: Progress | None) -> Array:
        """The residual stream behind the last layer, (tokens, width)."""
        n_layers = self.shape.n_layers
        steps = self._walk(tokens, batch)
        x = next(steps)
        for number in range(n_layers):
            if progress is not None:
                progress(f"layer {number + 1} of {n_layers}", number / n_layers)
            x = next(steps)
        return self.merge(x)

    def _walk(self, tokens: npt.NDArray[np.int32], batch: Batch) -> Iterator[Array]:
        """See `walk`."""
        x = self.network.embed(tokens, batch.positions)
        self._check(x, [self.network.embedding.tokens])
        batch = replace(batch, own_inputs=self._own_inputs(tokens, x))
        self._at_hand = batch
        x = self._spread(x)
        yield x
        for number, layer in enumerate(self.network.layers):
            run = LayerPass(number, batch, self.workers)
            LayerRun(layer, self._mixers[number], self._memory(number), run).run(x)
            self._check(x, layer.matrices)
            yield x

    def _own_inputs(self, tokens: npt.NDArray[np.int32], embedded: Array) -> Array | None:
        """The own inputs of the layers, where the model has any."""
        weights = self.network.own
        if weights is None:
            return None
        inputs = own_inputs(weights, table_rows(weights.tokens, tokens), embedded, self.workers)
        self._check(inputs, [weights.tokens, weights.projection])
        return inputs

    def _spread(self, x: Array) -> Array:
        """The stream, (tokens, width), or the streams, (streams, tokens, width), in front of the layers."""
        ends = self.network.ends
        if ends is None:
            return x
        streams = spread(ends, x, self.workers)
        self._check(streams, ends.spread)
        return streams

    def merge(self, x: Array) -> Array:
        """One stream behind the layers, (tokens, width)."""
        ends = self.network.ends
        if ends is None:
            return x
        merged = merge(ends, x, self.workers)
        self._check(merged, ends.merge)
        return merged

    def _scores(self, x: Array) -> Array:
        """See `Network.scores`."""
        logits = self.network.scores(x, self.workers)
        output = self.network.head.output
        self._check(logits, [] if output is None else [output])
        return logits

    def _check(self, x: Array, matrices: list[Matrix]) -> None:
        """Raise TraceError where weights are the reason that `x` is not finite; what merely overflows goes on."""
        if self._overflowed or np.isfinite(x).all():
            return
        for matrix in matrices:
            place = first_not_finite(matrix, self.workers)
            if place is not None:
                raise TraceError(
                    f"{matrix.tensor.name} has a weight that is not finite, in row {place[0]}, column {place[1]}"
                )
        self._overflowed = True
