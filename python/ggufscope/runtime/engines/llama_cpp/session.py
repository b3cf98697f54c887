"""A model in llama.cpp and a context to read prompts in."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....arrays.pool import Pool
from ....errors import TraceError
from .library import complaint, listen, load
from .nodes import ends_layer

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...shape import Array
    from .nodes import Nodes

_F32, _NO_FLASH_ATTENTION, _NO_POOLING = 0, 0, 0
_POLL_SECONDS = 0.1
_CELLS = 256  # llama.cpp rounds the length of a sequence up to these


@dataclass(frozen=True)
class BatchToken:
    """A token of a batch: its number in the vocabulary, its sequence and its position in that."""

    number: int
    sequence: int
    position: int


class Calls:
    """Calls into llama.cpp in a thread of their own.

    Python code that llama.cpp calls back runs there too. Ctrl-C comes up in the main thread, which waits outside: in a
    callback it would be lost. Cancelled, callbacks tell llama.cpp to stop.
    """

    def __init__(self) -> None:
        self._worker = Pool(1)
        self.cancelled = False

    def run(self, poll: Callable[[], object], function: Callable[..., Any], *arguments: object) -> Any:
        """function(*arguments), while `poll` is called now and then in the calling thread; it may raise to cancel."""
        self.cancelled = False
        running = self._worker.submit(function, *arguments)
        try:
            while not wait([running], _POLL_SECONDS).done:
                poll()
        except BaseException:
            self.cancelled = True
            _wait_whatever_comes(running)
            raise
        return running.result()

    def close(self) -> None:
        self._worker.shutdown()


class LoadedModel:
    """Weights on the CPU, mapped, as they are stored."""

    def __init__(self, path: str, n_vocabulary: int) -> None:
        """Load a file.

        Raises:
            TraceError: llama.cpp refuses it.
        """
        self._package = load()
        calls = Calls()
        go_on = self._package.llama_progress_callback(lambda _share, _data: not calls.cancelled)
        options = self._package.llama_model_default_params()
        options.n_gpu_layers = 0
        options.use_extra_bufts = False  # no second copy of the weights, repacked
        options.progress_callback = go_on
        listen()
        try:
            load_file = self._package.llama_model_load_from_file
            self.pointer = calls.run(nothing, load_file, os.fsencode(path), options)
        finally:
            calls.close()
        if not self.pointer:
            raise TraceError(f"llama.cpp does not load {path}{complaint()}")
        n_tokens = self._package.llama_vocab_n_tokens(self._package.llama_model_get_vocab(self.pointer))
        if n_tokens != n_vocabulary:
            self.close()
            raise TraceError(f"llama.cpp reads a vocabulary of {n_tokens} from {path}, which has {n_vocabulary}")

    def close(self) -> None:
        if self.pointer:
            self._package.llama_model_free(self.pointer)
            self.pointer = None


class Session:
    """Sequences of one context, each with a memory of its own.

    Args:
        model: the model.
        n_sequences: their number.
        length: tokens of the longest.
        batch: tokens read at once, at most.
        threads: to compute with.
        embeds: hidden states are read, not scores.
    """

    def __init__(
        self, model: LoadedModel, n_sequences: int, length: int, batch: int, threads: int, *, embeds: bool = False
    ) -> None:
        self._package = package = load()
        vocabulary = package.llama_vocab_n_tokens(package.llama_model_get_vocab(model.pointer))
        self._columns = package.llama_model_n_embd(model.pointer) if embeds else vocabulary
        self._read = package.llama_get_embeddings if embeds else package.llama_get_logits
        self._nodes: Nodes | None = None
        self._calls = Calls()
        self._failure: BaseException | None = None
        self._callback = package.ggml_backend_sched_eval_callback(self._see)
        options = package.llama_context_default_params()
        options.n_ctx = n_sequences * cells(length)
        options.n_batch = options.n_ubatch = max(batch, n_sequences)  # a prompt in one piece
        options.n_seq_max = n_sequences
        options.n_threads = options.n_threads_batch = threads
        options.flash_attn_type = _NO_FLASH_ATTENTION  # which has no softmax to look at
        options.type_k = options.type_v = _F32
        options.offload_kqv = options.op_offload = False
        options.swa_full = True
        options.embeddings = embeds
        options.pooling_type = _NO_POOLING  # of hidden states, each is wanted
        options.kv_unified = False
        options.cb_eval = self._callback
        listen()
        self._context = package.llama_init_from_model(model.pointer, options)
        if not self._context:
            raise TraceError(f"llama.cpp has no room for {n_sequences} × {length} tokens{complaint()}")
        self._batch = package.llama_batch_init(options.n_batch, 0, 1)

    def decode(self, tokens: Sequence[BatchToken], nodes: Nodes | None, poll: Callable[[], object]) -> Array:
        """Read tokens and give the scores behind each, float32 (tokens, vocabulary), or their hidden states.

        Args:
            tokens: of the batch.
            nodes: takes the nodes of the graph; None: nothing is looked at.
            poll: called now and then in the calling thread; may raise to cancel.

        Raises:
            TraceError: llama.cpp cannot read them.
        """
        self._fill(tokens)
        self._nodes, self._failure = nodes, None
        listen()
        status = self._calls.run(poll, self._package.llama_decode, self._context, self._batch)
        if self._failure is not None:
            raise self._failure
        if status != 0:
            raise TraceError(f"llama.cpp failed to read {len(tokens)} tokens{complaint()}")
        if nodes is not None:
            nodes.require_end()
        pointer = ctypes.cast(self._read(self._context), ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(pointer, (len(tokens), self._columns)).copy()

    def _fill(self, tokens: Sequence[BatchToken]) -> None:
        batch = self._batch
        for place, token in enumerate(tokens):
            batch.token[place], batch.pos[place] = token.number, token.position
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, token.sequence
            batch.logits[place] = 1  # else the last layer computes the last token alone
        batch.n_tokens = len(tokens)

    def _see(self, address: int, ask: bool, _data: object) -> bool:
        """llama.cpp's callback: whether a node is wanted, then the node. An exception must not leave it."""
        try:
            if self._calls.cancelled or self._failure is not None:
                return ask  # wanted, and then no more
            if self._nodes is None:
                return not ask or ends_layer(address)  # llama.cpp asks again behind each that is wanted
            point = self._nodes.point(address)
            if ask:
                return point is not None
            if point is not None:
                with np.errstate(all="ignore"):  # holds for one thread alone
                    self._nodes.take(address, point)
        except BaseException as failure:
            self._failure = failure
            return ask
        return True

    def close(self) -> None:
        self._calls.close()
        self._package.llama_batch_free(self._batch)
        self._package.llama_free(self._context)


def _wait_whatever_comes(running: Future[int]) -> None:
    """Wait for llama.cpp to return, a second Ctrl-C notwithstanding: its memory is about to be freed."""
    while not running.done():
        with contextlib.suppress(KeyboardInterrupt):
            wait([running])


def cells(length: int) -> int:
    """Cells that llama.cpp keeps for a sequence of `length` tokens."""
    return -(-length // _CELLS) * _CELLS


def nothing() -> None:
    """A poll that does nothing."""


def prompt_tokens(numbers: npt.NDArray[np.int32], sequence: int) -> list[BatchToken]:
    """A prompt from position 0 on."""
    return [BatchToken(number, sequence, position) for position, number in enumerate(numbers.tolist())]
