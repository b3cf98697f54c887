"""The trained model that comes along, to try things on."""

from __future__ import annotations

from pathlib import Path

_DATA = Path(__file__).with_name("data")


def demo_model() -> Path:
    """Give the path of a small trained model that comes along: stories260K, which tells stories for children.

    It is of the llama architecture: 5 layers, 292 800 weights of F32, 1.2 MB. It was trained by Andrej Karpathy for
    llama2.c; its license (MIT) and origin stand beside it, in `stories260K.LICENSE` and `stories260K.md`.

    Example:
        >>> import ggufscope as gs
        >>> with gs.open(gs.demo_model()) as model:
        ...     print(len(model.layers), f"{model.n_parameters:,}")
        5 292,800
    """
    return _DATA / "stories260K.gguf"
