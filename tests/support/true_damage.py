"""The true damage of one quantized matrix: KL divergence of next tokens that llama.cpp measures with all else exact.

    F32 file, mapped by llama.cpp ──▶ scores of every token                  p
         └─ one matrix overwritten by its quantized form ──▶ scores          q      mean KL(p, q); then put back

All weights are float32: llama.cpp would quantize activations beside quantized weights, which blurs divergences of 1e-5.
llama.cpp reads weights where the file is mapped, so one that is written into the file counts from the next pass on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

import ggufscope as gs
from ggufscope.arrays.arguments import describe_type
from ggufscope.runtime.engines.llama_cpp.library import load
from ggufscope.runtime.engines.llama_cpp.quantizing import quantize
from ggufscope.runtime.reading.readings import text_reading
from support.edited_models import float32_copy

Floats = npt.NDArray[np.float32]

FIRST_COUNTED = 8  # tokens at the start of a text have too little in front of them to be told from chance
THREADS = 1  # on a machine that does other work llama.cpp's threads wait for each other


class Patched:
    """A model as F32 in a file, in which matrices can be replaced.

    Args:
        path: of the model.
        copy: where to write its F32 form. What is there is overwritten: a run that was killed may have left a matrix
            replaced.
    """

    def __init__(self, path: Path, copy: Path) -> None:
        with gs.open(path) as model:
            names = [tensor.name for tensor in model.tensors.values() if len(tensor.shape) > 1]
        self.path = float32_copy(path, copy, names)
        with gs.open(copy) as model:
            self._places = {tensor.name: (tensor.offset, tensor.shape) for tensor in model.tensors.values()}

    def matrices(self) -> list[str]:
        """Names of all matrices, in the order of the file."""
        return [name for name, (_, shape) in self._places.items() if len(shape) > 1]

    def weights(self, name: str) -> Floats:
        """The weights of a matrix as they stand in the file; writing to them writes to the file."""
        offset, shape = self._places[name]
        return np.memmap(self.path, np.float32, "r+", offset, shape)

    @contextmanager
    def replaced(self, name: str, weights: Floats) -> Iterator[None]:
        """The file with other weights of a matrix, put back afterwards."""
        mapped = self.weights(name)
        exact = np.array(mapped)
        mapped[...] = weights
        try:
            yield
        finally:
            mapped[...] = exact


def first_tokens(path: Path, text: str, count: int) -> list[int]:
    """The first tokens of a text, with what the model has in front."""
    with gs.open(path) as model:
        tokens = text_reading(model, text, "text").items[0].tokens
    assert len(tokens) >= count, f"the text has {len(tokens)} tokens, not {count}"
    return [int(token) for token in tokens[:count]]


def fits(columns: int, type_name: str) -> bool:
    """Whether rows of so many columns are whole blocks of a type."""
    return columns % describe_type(type_name)["elements_per_block"] == 0


def quantized(weights: Floats, type_name: str) -> Floats:
    """Float32 (rows, columns) through a type, by ggml without an importance matrix, and back."""
    blocks = quantize(np.ascontiguousarray(weights), type_name)
    return gs.dequantize(blocks, type_name).reshape(weights.shape)


class Reader:
    """llama.cpp on a file that stays mapped.

    Args:
        path: of the file.
        threads: to compute with.
    """

    def __init__(self, path: Path, threads: int = THREADS) -> None:
        self._llama = load()
        settings = self._llama.llama_model_default_params()
        settings.use_mmap = True
        self._model = self._llama.llama_model_load_from_file(str(path).encode(), settings)
        assert self._model, f"llama.cpp cannot load {path}"
        self._vocabulary = self._llama.llama_model_get_vocab(self._model)
        self._threads = threads

    def scores(self, tokens: Sequence[int]) -> Floats:
        """Of the next token behind each, (tokens, vocabulary): one batch, float32 cache, no flash attention."""
        llama = self._llama
        settings = llama.llama_context_default_params()
        settings.n_ctx = settings.n_batch = settings.n_ubatch = len(tokens)
        settings.n_threads = settings.n_threads_batch = self._threads
        settings.flash_attn_type = 0
        settings.type_k = settings.type_v = 0  # float32
        context = llama.llama_init_from_model(self._model, settings)
        batch = llama.llama_batch_init(len(tokens), 0, 1)
        try:
            for place, token in enumerate(tokens):
                batch.token[place], batch.pos[place] = token, place
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
                batch.logits[place] = 1
            batch.n_tokens = len(tokens)
            assert llama.llama_decode(context, batch) == 0
            found = ctypes.cast(llama.llama_get_logits(context), ctypes.POINTER(ctypes.c_float))
            return np.ctypeslib.as_array(found, (len(tokens), llama.llama_vocab_n_tokens(self._vocabulary))).copy()
        finally:
            llama.llama_batch_free(batch)
            llama.llama_free(context)

    def close(self) -> None:
        self._llama.llama_model_free(self._model)


class Damages:
    """True damages on a model that reads a text.

    Args:
        patched: the model as F32.
        tokens: of the text.
    """

    def __init__(self, patched: Patched, tokens: Sequence[int]) -> None:
        self._patched = patched
        self._reader = Reader(patched.path)
        self._tokens = list(tokens)
        self._exact = Exact.of(self._reader.scores(self._tokens))

    def of(self, name: str, weights: Floats) -> float:
        """The damage of other weights of one matrix, in nats."""
        with self._patched.replaced(name, weights):
            return self.as_it_is()

    def of_all(self, names: Sequence[str], type_name: str) -> float:
        """The damage of several matrices in a type at once."""
        with ExitStack() as stack:
            for name in names:
                other = quantized(np.array(self._patched.weights(name)), type_name)
                stack.enter_context(self._patched.replaced(name, other))
            return self.as_it_is()

    def as_it_is(self) -> float:
        """The damage of what stands in the file now."""
        return self._exact.divergence(self._reader.scores(self._tokens))

    def close(self) -> None:
        self._reader.close()


class Exact(NamedTuple):
    """Scores of next tokens, (tokens, vocabulary), and their softmax."""

    scores: Floats
    shares: Floats

    @classmethod
    def of(cls, scores: Floats) -> Self:
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return cls(scores, shares)

    def divergence(self, scores: Floats) -> float:
        """Mean KL divergence of the softmax of other scores from these, the first tokens left out.

        KL = ln E[e^δ] − E[δ], δ = other − exact, expectations under the exact distribution: small ones are no
        difference of large numbers.
        """
        each = [_divergence(*rows) for rows in zip(self.scores, self.shares, scores, strict=True)]
        return float(np.mean(each[FIRST_COUNTED:]))


def _divergence(exact: Floats, shares: Floats, other: Floats) -> float:
    weights = shares / shares.sum(dtype=np.float64)
    change = np.subtract(other, exact, dtype=np.float64)
    change -= weights @ change
    return float(np.log(weights @ np.exp(change)))
