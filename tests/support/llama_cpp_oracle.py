"""llama.cpp as an independent oracle: logits of a file, by its plainest use."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import numpy.typing as npt


def logits(path: Path, tokens: list[int], n_ctx: int = 256) -> npt.NDArray[np.float32]:
    """Of every position, (tokens, vocabulary): one batch, float32 cache, no flash attention."""
    from ggufscope.runtime.engines.llama_cpp.library import load  # noqa: PLC0415  an extra: the tests say so

    llama_cpp = load()  # there is one listener to its log in a process
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
    assert model, f"llama.cpp cannot load {path}"
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = n_ctx
    settings.n_threads = settings.n_threads_batch = 1
    settings.flash_attn_type = 0
    settings.type_k = settings.type_v = 0  # float32
    context = llama_cpp.llama_init_from_model(model, settings)
    assert context, f"llama.cpp cannot run {path}"
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    try:
        for place, token in enumerate(tokens):
            batch.token[place], batch.pos[place] = token, place
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
            batch.logits[place] = 1
        batch.n_tokens = len(tokens)
        assert llama_cpp.llama_decode(context, batch) == 0
        shape = (len(tokens), llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model)))
        found = ctypes.cast(llama_cpp.llama_get_logits(context), ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(found, shape).copy()
    finally:
        llama_cpp.llama_batch_free(batch)
        llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(model)
