"""llama.cpp as an independent oracle: logits of a file, and the activations of its graph's nodes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

Floats = npt.NDArray[np.float32]


def llama_cpp() -> Any:
    """The package, or a skipped test."""
    package = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed (extra `runtime`)")
    package.llama_log_set(_SILENT(package), None)
    return package


_KEPT: list[Any] = []  # callbacks that llama.cpp holds on to


def _SILENT(package: Any) -> Any:
    if not _KEPT:
        _KEPT.append(package.llama_log_callback(lambda _level, _text, _data: None))
        package.llama_backend_init()
    return _KEPT[0]


def logits(path: Path, tokens: list[int], n_ctx: int = 256) -> Floats:
    """Of every position, (tokens, vocabulary); weights and cache as they are, no flash attention."""
    package = llama_cpp()
    model_settings = package.llama_model_default_params()
    model_settings.use_mmap = False
    model_settings.n_gpu_layers = 0
    model = package.llama_model_load_from_file(str(path).encode(), model_settings)
    assert model, f"llama.cpp cannot load {path}"
    settings = package.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = n_ctx
    settings.n_threads = settings.n_threads_batch = 1
    settings.flash_attn_type = 0
    settings.type_k = settings.type_v = 0  # float32
    context = package.llama_init_from_model(model, settings)
    assert context, f"llama.cpp cannot run {path}"
    batch = package.llama_batch_init(len(tokens), 0, 1)
    try:
        for place, token in enumerate(tokens):
            batch.token[place], batch.pos[place] = token, place
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
            batch.logits[place] = 1
        batch.n_tokens = len(tokens)
        assert package.llama_decode(context, batch) == 0
        n_vocabulary = package.llama_vocab_n_tokens(package.llama_model_get_vocab(model))
        found = package.llama_get_logits(context)
        flat = np.ctypeslib.as_array(ctypes.cast(found, ctypes.POINTER(ctypes.c_float)), (len(tokens) * n_vocabulary,))
        return flat.reshape(len(tokens), n_vocabulary).copy()
    finally:
        package.llama_batch_free(batch)
        package.llama_free(context)
        package.llama_model_free(model)
