"""Synthetic models: the tensors, shapes and types of a real model, filled with valid random blocks.

For trials, tests and benchmarks where the real file is not at hand. What is planted in them is in `trends`; the file
says in its metadata that it is synthetic.
"""

from os import PathLike
from pathlib import Path

from ..models.magic import SYNTHETIC_KEY
from .mixes import type_choices
from .plan import ModelPlan, make_plan
from .shapes import SHAPES
from .writer import Progress, write_plan

__all__ = ["SHAPES", "SYNTHETIC_KEY", "ModelPlan", "make_plan", "synthesize", "type_choices", "write_plan"]


def synthesize(
    shape: str,
    path: str | PathLike[str],
    type: str = "Q4_K_M",  # noqa: A002
    *,
    seed: int = 0,
    layers: int | None = None,
    pure: bool = False,
    hard: bool = False,
    shards: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Write a synthetic model and return its files.

    Args:
        shape: `llama-3.1-8b`, `qwen2.5-7b`, `mixtral-8x7b` or `tiny`.
        path: the GGUF file; an older synthetic one is replaced when the new one is complete.
        type: a file type (`Q4_K_M`) or a tensor type (`Q4_K`, then all weight matrices have it).
        seed: the same seed gives the same bytes; in another type, the same model quantized to that type.
        layers: number of layers instead of the shape's own.
        pure: one type throughout for file types too.
        hard: random codes and heavy-tailed scales in place of quantized Gaussian weights.
        shards: number of files; above 1 their names get `-00001-of-0000N`.
        force: replace a file, too, that ggufscope did not write.
        progress: called with (done bytes, total bytes); may raise to cancel.

    Raises:
        ValueError: unknown shape or type (the message lists the choices), or a number out of range.
        OutputError: an `OSError`; no room for the file, it cannot be written, or one stands there that `synth` did not
            write. Nothing stays behind.

    Example:
        >>> synthesize("tiny", "tiny.gguf", "Q4_K_M")                               # doctest: +SKIP
        [PosixPath('tiny.gguf')]
    """
    plan = make_plan(shape, type, seed=seed, layers=layers, pure=pure, hard=hard)
    return write_plan(plan, path, shards=shards, force=force, progress=progress)
