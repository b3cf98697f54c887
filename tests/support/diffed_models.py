"""A small model, what quantizing, damage and a careless conversion make of it, and diffs of them, made once and kept.

The figures of these pairs are computed here from their arrays by NumPy, in float64.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

import ggufscope as gs
from ggufscope.synth.blocks import quantize
from support.model_files import write_model
from support.report_models import HOSTILE
from support.small_models import llama

HOSTILE_TENSOR = f"blk.0.{HOSTILE}"
NAME, DAMAGED_ROW, DAMAGED = "a small llama", 17, "blk.1.attn_q.weight"
KINDS = ("quantized", "several", "damaged", "same", "unlike", "hostile", "no layers")


def floats():
    """Names and weights of the reference."""
    return llama()["tensors"] | {"output_norm.weight": np.ones(32, np.float32)}


def quantized(tensors, kind):
    """The matrices in a type."""
    return {
        name: (np.stack([quantize(row, kind) for row in weights]), kind) if weights.ndim == 2 else weights
        for name, weights in tensors.items()
    }


def damaged():
    """A row of one tensor overwritten."""
    tensors = floats()
    weights = tensors[DAMAGED].copy()
    weights[DAMAGED_ROW] = 3
    return tensors | {DAMAGED: weights}


def unlike():
    """A tensor missing, one more, one of another shape, and one with a NaN."""
    tensors = floats()
    del tensors["blk.2.attn_v.weight"]
    tensors["blk.2.more.weight"] = np.ones((2, 32), np.float32)
    tensors["blk.1.ffn_down.weight"] = tensors["blk.1.ffn_down.weight"].T
    weights = tensors["blk.0.ffn_up.weight"].copy()
    weights[3, 5] = np.nan
    return tensors | {"blk.0.ffn_up.weight": weights}


def write(directory, name, tensors, **metadata):
    """A model file; metadata beside those of the reference."""
    keys = {key.replace("__", "."): value for key, value in metadata.items()}
    return write_model(directory / name, tensors, {**llama()["metadata"], **keys})


def write_pair(directory, kind):
    """The reference and the models of a kind of KINDS."""
    reference = floats()
    models = {
        "quantized": {"model-Q4_0.gguf": quantized(reference, "Q4_0")},
        "several": {
            "model-Q8_0.gguf": quantized(reference, "Q8_0"),
            "model-Q4_0.gguf": quantized(reference, "Q4_0"),
            "again.gguf": reference,
        },
        "damaged": {"damaged.gguf": damaged()},
        "same": {"again.gguf": reference},
        "unlike": {"unlike.gguf": unlike()},
    }
    if kind == "hostile":
        odd = np.ones((4, 32), np.float32)
        names = {HOSTILE_TENSOR: odd, "=1+1": odd, "a\nb[bold]": odd}
        reference |= names
        models[kind] = {"model.gguf": floats() | {name: 2 * weights for name, weights in names.items()}}
    elif kind == "no layers":
        reference = {"some.odd.name": np.ones((4, 32), np.float32), "zero": np.zeros((4, 32), np.float32)}
        models[kind] = {"model.gguf": {"some.odd.name": reference["some.odd.name"] * 1.5, "zero": odd_zero()}}
    more = {"general__name": HOSTILE, "odd__key": HOSTILE} if kind == "hostile" else {}
    of_model = {**more, "general__file_type": 2} if kind not in {"same", "several"} else more
    first = write(directory, "model-F32.gguf", reference, **more)
    return first, [write(directory, name, tensors, **of_model) for name, tensors in models[kind].items()]


def odd_zero():
    """Weights where the reference has zeros."""
    weights = np.zeros((4, 32), np.float32)
    weights[1, 2] = 0.5
    return weights


@cache
def made(kind):
    """A diff of KINDS."""
    with tempfile.TemporaryDirectory() as directory:
        reference, models = write_pair(Path(directory), kind)
        return gs.diff(reference, *models, threads=1)


def nmse(reference, model):
    """Σ(b − a)² / Σa² of arrays, in float64."""
    a, b = (np.asarray(each, np.float64).ravel() for each in (reference, model))
    return float(((b - a) ** 2).sum() / (a**2).sum())


def decoded(kind):
    """Name → weights of the reference as the type keeps them, for matrices."""
    return {
        name: np.stack([gs.dequantize(quantize(row, kind), kind) for row in weights]) if weights.ndim == 2 else weights
        for name, weights in floats().items()
    }
