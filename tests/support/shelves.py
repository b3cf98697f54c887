"""Shelves of tiny models for fleets: many files that differ, damaged ones among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from support.gguf_writer import STRING, Gguf, Key, Tensor

WIDTH, ROWS = 32, 16


def tiny_model(number: int, **tensors: np.ndarray) -> bytes:
    """A file with a layer of an architecture that nobody knows; its weights and name depend on the number."""
    rng = np.random.default_rng(number)
    shapes = {"token_embd": (ROWS, WIDTH), "blk.0.attn_v": (ROWS, WIDTH), "blk.0.ffn_down": (WIDTH, ROWS * 2)}
    weights = {name: rng.standard_normal(shape) / 8 for name, shape in shapes.items()}
    weights |= {"output_norm": np.ones(WIDTH), **tensors}
    keys = [Key("general.architecture", STRING, "nobodys"), Key("general.name", STRING, f"Tiny {number}")]
    floats = {f"{name}.weight": np.float32(values) for name, values in weights.items()}
    return Gguf(keys, [Tensor(name, values.shape, 0, values.tobytes()) for name, values in floats.items()]).build()


def truncated(number: int) -> bytes:
    """A file that ends in the middle of its tensors."""
    return tiny_model(number)[:-512]


def with_nan(number: int) -> bytes:
    """A model that can be read and is not sound."""
    broken = np.ones((ROWS, WIDTH))
    broken[3, 5] = np.nan
    return tiny_model(number, **{"blk.0.attn_v": broken})


def no_gguf(number: int) -> bytes:
    """A download that ended in an error page."""
    return f"<html>error {number}</html>".encode()


DAMAGES = {3: truncated, 5: with_nan, 7: no_gguf}  # of every hundred files, that of this number


def write_shelf(directory: Path, n: int) -> dict[str, list[str]]:
    """Write files into two levels of directories.

    Returns:
        Kind of damage, `"tiny_model"` where there is none → names below the directory.
    """
    kinds: dict[str, list[str]] = {make.__name__: [] for make in (tiny_model, *DAMAGES.values())}
    for number in range(n):
        make = DAMAGES.get(number % 100, tiny_model)
        name = f"{number % 7}/model-{number:04d}.gguf"
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(make(number))
        kinds[make.__name__].append(name)
    return kinds
