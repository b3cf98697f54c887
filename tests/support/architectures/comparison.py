"""A model in the streamed engine and in llama.cpp: how far apart they are.

llama.cpp looks GELU up in a table of float16. So does the streamed engine here, in order that all the rest is compared
as closely as it is for other activations.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import numpy.typing as npt

import ggufscope as gs
from ggufscope.runtime.engines import streamed
from ggufscope.runtime.engines.points import points_in_graph, points_of
from ggufscope.runtime.engines.streamed.activations import ACTIVATIONS
from ggufscope.runtime.measuring.figures import FIGURES
from support.architectures.specimen import VOCABULARY
from support.engines import Traced, traced

if TYPE_CHECKING:
    from ggufscope.architecture.layer import Layer

Floats = npt.NDArray[np.float64]
PROMPTS = [np.random.default_rng(4).integers(0, VOCABULARY, length).astype(np.int32) for length in (40, 1, 17, 8)]
NEW_TOKENS = 4
_TABLE_END = 10.0  # ggml's table of GELU; beyond it ReLU


@dataclass(frozen=True)
class Differences:
    """The largest differences between two engines.

    Attributes:
        logits: of the token behind a prompt: the norm of the difference, relative to that of the logits.
        entropy: of attention, of a head and prompt, relative to it.
        ours: everything of the streamed engine.
        theirs: everything of llama.cpp.
    """

    logits: float
    entropy: float
    ours: Traced
    theirs: Traced


def compare(path: Path) -> Differences:
    """Both engines on the same prompts, and what they answer.

    Raises:
        TraceError: An engine refuses the model.
    """
    from ggufscope.runtime.engines.llama_cpp import LlamaCppEngine  # noqa: PLC0415  an extra
    from ggufscope.runtime.engines.streamed.network import Network  # noqa: PLC0415

    with gs.open(path) as model:
        with gelu_of_halves():
            ours = traced(streamed.open_engine(model, 1), PROMPTS, NEW_TOKENS, frozenset())
        theirs = traced(LlamaCppEngine(model.path, Network(model), 1), PROMPTS, NEW_TOKENS, frozenset())
        network = Network(model)
    _keep_what_graphs_show(ours, network.layers)
    return Differences(_logits(ours, theirs), _entropy(ours, theirs), ours, theirs)


def _keep_what_graphs_show(ours: Traced, layers: list[Layer]) -> None:
    """Take away what llama.cpp never computes in this form, as keys of single heads of latent attention."""
    for layer in layers:
        unseen = points_of(layer) - points_in_graph(layer)
        for name, figure in FIGURES.items():
            if figure.point in unseen:
                np.asarray(ours.figures[name])[:, layer.number] = np.nan
        for key in [key for key in ours.raw if key[1] == layer.number and key[2] in unseen]:
            del ours.raw[key]


def _logits(ours: Traced, theirs: Traced) -> float:
    difference = np.linalg.norm(ours.logits.astype(np.float64) - theirs.logits, axis=1)
    return float((difference / np.linalg.norm(theirs.logits, axis=1)).max())


def _entropy(ours: Traced, theirs: Traced) -> float:
    """NaN stands for a head that a layer does not have, and for a prompt of one token."""
    expected, measured = (engine.figures["entropy"] for engine in (theirs, ours))
    assert np.array_equal(np.isnan(expected), np.isnan(measured))
    if np.isnan(expected).all():
        return 0.0  # nothing in this model is attention
    return float(np.nanmax(np.abs(measured - expected) / expected))


def gelu_of_halves() -> AbstractContextManager[object]:
    """The streamed engine with ggml's table of GELU, `ggml_vec_gelu_f32`."""
    exact = ACTIVATIONS["gelu"]

    def gelu(x: npt.NDArray[np.float32]) -> None:
        halves = x.astype(np.float16).astype(np.float32)
        exact(halves)
        looked_up = halves.astype(np.float16).astype(np.float32)
        x[...] = np.where(np.abs(x) < _TABLE_END, looked_up, np.maximum(x, 0))

    return mock.patch.dict(ACTIVATIONS, gelu=gelu)
