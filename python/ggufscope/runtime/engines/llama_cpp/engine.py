"""Prompts through llama.cpp, one after the other; answers of all of them, token by token."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.limits import NotApplicableError
from ....errors import TraceError
from ..answers import Answers
from ..choosing import greedy
from ..engine import Ending, EngineDescription, Seconds
from ..streamed.network import Network
from .library import VERSION, load
from .limits import DEFAULT_LIMITS, ContextLimits
from .nodes import POINT_OF_NAME, Nodes
from .self_test import PASSED, check_nodes
from .session import BatchToken, LoadedModel, Session, cells, nothing, prompt_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import numpy.typing as npt

    from ....models.model import Model
    from ...measuring.capture import Recorder
    from ...shape import Array, ModelShape
    from ..choosing import Choose
    from ..engine import Over, Progress, Tokens
    from .tiny_model import Structure

    TokenIds = npt.NDArray[np.int32]

_INSTEAD = "read less, or take the engine streamed"
_TRIAL_TOKENS = 16


def open_engine(
    model: Model,
    threads: int,
    limits: ContextLimits = DEFAULT_LIMITS,
    *,
    names: Mapping[str, str] = POINT_OF_NAME,
    passed: set[Structure] = PASSED,
) -> LlamaCppEngine:
    """The engine for a model, once a tiny one like it has shown that the graph's nodes are understood.

    Args:
        model: the model.
        threads: to compute with.
        limits: sizes of contexts.
        names: of the graph's nodes → points.
        passed: structures whose tiny models were compared already; see `check_nodes`.

    Raises:
        MissingExtraError: llama-cpp-python is not installed.
        TraceError: It is another release, or this model is beyond the engine; the message says which.
    """
    if model.is_remote:
        raise TraceError("llama.cpp reads files of this machine alone; download the model, or take the streamed engine")
    load()
    if model.is_checkpoint:
        raise TraceError("llama.cpp reads GGUF files alone; convert the checkpoint, or take the streamed engine")
    try:
        network = Network(model)
    except NotApplicableError as limit:
        raise TraceError(str(limit)) from None
    open_other = functools.partial(LlamaCppEngine, names=names)
    check_nodes(model, network, open_other, passed)
    return LlamaCppEngine(model.path, network, threads, limits, names=names)


class LlamaCppEngine:
    """See `ggufscope.runtime.engines.engine.Engine`, whose methods these are."""

    def __init__(
        self,
        path: str,
        network: Network,
        threads: int,
        limits: ContextLimits = DEFAULT_LIMITS,
        *,
        names: Mapping[str, str] = POINT_OF_NAME,
    ) -> None:
        self._network = network
        self._threads = threads
        self._limits = limits
        self._names = names
        self._model = LoadedModel(path, network.shape.n_vocabulary)
        self._sessions: list[Session] = []
        self._lengths: list[int] = []
        self._logits: Array | None = None

    @property
    def description(self) -> EngineDescription:
        settings = {
            "weights": "as stored, multiplied by llama.cpp",
            "activations": "as llama.cpp rounds them for each type of weights",
            "kv_cache": "float32",
            "flash_attention": "off",
        }
        return EngineDescription("llama.cpp", f"llama-cpp-python {VERSION}", settings)

    @property
    def shape(self) -> ModelShape:
        return self._network.shape

    def prefill(self, prompts: Tokens, recorder: Recorder | None, *, room: int, progress: Progress | None) -> Array:
        """Read all prompts; see `Engine.prefill`."""
        self._close_sessions()
        self._lengths = [len(tokens) for tokens in prompts]
        self._require_room(room)
        last = np.empty((len(prompts), self.shape.width if self._embeds else self.shape.n_vocabulary), np.float32)
        for first in range(0, len(prompts), self._limits.sequences):
            group = prompts[first : first + self._limits.sequences]
            longest = max(len(tokens) for tokens in group)
            self._sessions.append(self._session(len(group), longest + room, longest))
            for number, tokens in enumerate(group, first):
                last[number] = self._read(number, tokens, recorder, progress)
        self._logits = last
        return last

    def _read(self, number: int, tokens: TokenIds, recorder: Recorder | None, progress: Progress | None) -> Array:
        """The scores behind one prompt."""
        nodes = None if recorder is None else Nodes(self._network.layers, recorder, number, len(tokens), self._names)
        n_prompts, n_layers = len(self._lengths), self.shape.n_layers

        def poll() -> None:
            if progress is not None:
                layer = 0 if nodes is None else min(nodes.layer, n_layers - 1)
                share = (number + layer / n_layers) / n_prompts
                progress(f"prompt {number + 1} of {n_prompts}, layer {layer + 1} of {n_layers}", share)

        poll()
        batch = prompt_tokens(tokens, number % self._limits.sequences)
        scores: Array = self._sessions[-1].decode(batch, nodes, poll)[-1]
        if not np.isfinite(scores).all():
            self._blame_weights()
        return scores

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
        answers = Answers(self._lengths, max_new_tokens, self.shape.context_length, stop, over, choose=choose)
        return answers.complete(self._logits, self._step, progress)

    def _session(self, n_sequences: int, length: int, batch: int) -> Session:
        return Session(self._model, n_sequences, length, batch, self._threads, embeds=self._embeds)

    @property
    def _embeds(self) -> bool:
        return self._network.head.output is None

    def _step(self, answers: Answers) -> Array:
        """Scores behind the token that was chosen last, of the prompts that are open."""
        scores = []
        for number, session in enumerate(self._sessions):
            prompts = [prompt for prompt in answers.open if prompt // self._limits.sequences == number]
            batch = [self._last_token(prompt, answers.tokens[prompt]) for prompt in prompts]
            if batch:
                scores.append(session.decode(batch, None, nothing))
        return np.concatenate(scores)

    def _last_token(self, prompt: int, answer: list[int]) -> BatchToken:
        return BatchToken(answer[-1], prompt % self._limits.sequences, self._lengths[prompt] + len(answer) - 1)

    def estimate(self, prompts: Tokens, max_new_tokens: int) -> Seconds:
        """See `Engine.estimate`: a few tokens in one pass, and one token in another, the first pass not counted."""
        tokens = np.resize(prompts[0], _TRIAL_TOKENS)
        session = self._session(1, 3 * _TRIAL_TOKENS, _TRIAL_TOKENS)
        try:
            seconds = []
            begin = 0
            for count in (1, _TRIAL_TOKENS, 1):
                batch = [BatchToken(int(token), 0, begin + at) for at, token in enumerate(tokens[:count])]
                started = time.perf_counter()
                session.decode(batch, None, nothing)
                seconds.append(time.perf_counter() - started)
                begin += count
        finally:
            session.close()
        per_token = seconds[1] / _TRIAL_TOKENS
        step = max(seconds[2], per_token * len(prompts))
        return Seconds(per_token * sum(map(len, prompts)), step * max(0, max_new_tokens - 1))

    def _require_room(self, room: int) -> None:
        """Raise TraceError for what would fill the memory of most machines, which nothing in llama.cpp hinders."""
        longest = max(self._lengths)
        at_once = 4 * longest * max(longest * max(self.shape.n_heads), self.shape.n_vocabulary)
        if at_once > self._limits.bytes_at_once:
            raise TraceError(f"{longest} tokens at once need {_gib(at_once)} in llama.cpp; {_INSTEAD}")
        heads = [layer.mixer.shape for layer in self._network.layers if layer.mixer is not None]
        per_token = sum(
            4 * shape.n_kv_heads * (shape.key_length + shape.value_length) for shape in heads if shape is not None
        )
        kept = len(self._lengths) * cells(longest + room) * per_token
        if kept > self._limits.kept_bytes:
            raise TraceError(
                f"keys and values of {len(self._lengths)} prompts need {_gib(kept)} in llama.cpp; {_INSTEAD}"
            )

    def _blame_weights(self) -> None:
        """Raise TraceError where weights are the reason that scores are not finite; what merely overflows goes on."""
        for matrix in [self._network.embedding.tokens, *self._network.matrices]:
            statistics = matrix.tensor.statistics(threads=self._threads)
            if statistics.nan_count or statistics.inf_count:
                count = statistics.nan_count + statistics.inf_count
                raise TraceError(f"{matrix.tensor.name} has weights that are not finite, {count} of them")

    def _close_sessions(self) -> None:
        while self._sessions:
            self._sessions.pop().close()

    def close(self) -> None:
        self._close_sessions()
        self._model.close()

    def __enter__(self) -> LlamaCppEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.1f} GiB"
