"""Whether llama.cpp's graphs still look as this engine believes: both engines read a tiny model of the same structure.

Names of nodes may change with a release or a build, silently; then the wrong array would be measured. The tiny model
has the architecture of the one to be traced and the same tensors in a layer, with random float32 weights, so that
nothing but a wrong node can make the engines differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.mixers.attention import AttentionWeights
from ....architecture.mixers.kinds import name_of
from ....errors import TraceError
from ....models import model as model_file
from ...measuring.capture import Recorder
from ..streamed import StreamedEngine
from ..streamed.network import Network
from .tiny_model import Structure, TinyModel
from .tiny_shapes import VOCABULARY

if TYPE_CHECKING:
    from ....arrays.floats import Floats
    from ....models.model import Model
    from ..engine import Engine

    OpenEngine = Callable[[str, Network, int], Engine]  # of a path, its network and a number of threads

_N_TOKENS = 13
_TOLERANCE = 5e-3  # relative; a wrong node is off by far more, llama.cpp's table of GELU in float16 by less
_FLOOR = 1e-4  # of attention, what is left for a key that is hardly looked at

PASSED: set[Structure] = set()


def check_nodes(model: Model, network: Network, open_other: OpenEngine, passed: set[Structure]) -> None:
    """Compare the engines on a tiny model like `model`; once per structure and process.

    Args:
        model: the model to be traced.
        network: its parts.
        open_other: opens the engine under test, which imports this module and hence comes as an argument.
        passed: structures that need no second comparison; this one is added.

    Raises:
        TraceError: They differ, or there is no tiny model like this one.
    """
    _require_attention(network)
    tiny = TinyModel(model, network)
    if tiny.structure in passed:
        return
    with tempfile.TemporaryDirectory(prefix="ggufscope-") as directory:
        path = Path(directory) / "tiny.gguf"
        tiny.write(path)
        _compare(path, open_other)
    passed.add(tiny.structure)


def _require_attention(network: Network) -> None:
    """Raise TraceError where layers have what tiny models have not: another mixer, gated heads, normed values."""
    for layer in network.layers:
        mixer = layer.mixer
        name = None if mixer is None else name_of(mixer)
        if isinstance(mixer, AttentionWeights):
            gated = "attention whose heads are gated" if mixer.gated else None
            name = "attention whose values are normed" if mixer.v_norm is not None else gated
        if name is None:
            continue
        raise TraceError(
            f"blk.{layer.number} has {name}: the engine llama.cpp has no tiny model like it to check itself with;"
            " take the engine streamed"
        )


def _compare(path: Path, open_other: OpenEngine) -> None:
    tokens = np.random.default_rng(7).integers(0, VOCABULARY, _N_TOKENS).astype(np.int32)
    with model_file.open(path) as tiny:
        network = Network(tiny)
        recorders = []
        for engine in (StreamedEngine(network, 1), open_other(str(path), network, 1)):
            recorder = Recorder(1, network.shape)
            with engine:
                engine.prefill([tokens], recorder, room=0, progress=None)
            recorders.append(recorder)
    tables = [_by_layer(recorder) for recorder in recorders]
    for name, expected in tables[0].items():
        _require_same(name, expected, tables[1][name])


def _by_layer(recorder: Recorder) -> dict[str, Floats]:
    """The figures of the one prompt, and those of experts: (layers, …), NaN where there is none."""
    tables = {name: table[0] for name, table in recorder.tables().items()}
    if recorder.experts is not None:
        most = max(recorder.experts.n_experts)
        for name, rows in recorder.experts.shares().items():
            tables[f"{name} of experts"] = np.array([[*row, *[np.nan] * (most - len(row))] for row in rows])
    return tables


def _require_same(name: str, expected: Floats, measured: Floats) -> None:
    if "near_zero_share" in name:
        return  # steps at its threshold; the rms of the same point tells
    near = np.isclose(measured, expected, rtol=_TOLERANCE, atol=_FLOOR, equal_nan=True)
    same = near.reshape(len(measured), -1).all(axis=1)  # by layer
    if not same.all():
        where = f"{name} of layer {int(np.argmin(same))} of a tiny model"
        raise TraceError(
            f"llama.cpp's graph is not what the engine was written for: {where} differs from the streamed engine's;"
            " take the engine streamed"
        )
