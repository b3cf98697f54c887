"""Whether llama.cpp's graphs still look as this engine believes: both engines read a tiny model of the same structure.

Names of nodes may change with a release or a build, silently; then the wrong array would be measured. The tiny model
has the architecture of the one to be traced and the same tensors in a layer, with random float32 weights, so that
nothing but a wrong node can make the engines differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....architecture.mixers.attention import AttentionWeights
from ....architecture.mixers.kinds import name_of
from ....architecture.parts import DenseFeedForward
from ....errors import TraceError
from ....models import model as model_file
from ...measuring.capture import Recorder
from ..streamed import StreamedEngine
from ..streamed.network import Network

if TYPE_CHECKING:
    from ....arrays.floats import Floats
    from ....models.model import Model
    from ...shape import Array
    from ..engine import Engine

    OpenEngine = Callable[[str, Network, int], Engine]  # of a path, its network and a number of threads

_WIDTH, _NEURONS, _HEADS, _KV_HEADS, _LENGTH, _VOCABULARY = 64, 48, 4, 2, 16, 96
_EXPERTS, _USED_EXPERTS = 4, 2
_WINDOW = 8
_N_TOKENS = 13
_TOLERANCE = 5e-3  # relative; a wrong node is off by far more, llama.cpp's table of GELU in float16 by less
_FLOOR = 1e-4  # of attention, what is left for a key that is hardly looked at
_Q, _KV = _HEADS * _LENGTH, _KV_HEADS * _LENGTH

_SHAPES: dict[str, tuple[int, ...]] = {
    "attn_q": (_Q, _WIDTH),
    "attn_k": (_KV, _WIDTH),
    "attn_v": (_KV, _WIDTH),
    "attn_qkv": (_Q + 2 * _KV, _WIDTH),
    "attn_output": (_WIDTH, _Q),
    "ffn_gate": (_NEURONS, _WIDTH),
    "ffn_up": (_NEURONS, _WIDTH),
    "ffn_down": (_WIDTH, _NEURONS),
    "attn_norm": (_WIDTH,),
    "ffn_norm": (_WIDTH,),
    "post_attention_norm": (_WIDTH,),
    "post_ffw_norm": (_WIDTH,),
    "attn_q_norm": (_LENGTH,),
    "attn_k_norm": (_LENGTH,),
    "attn_sinks": (_HEADS,),
    "ffn_gate_inp": (_EXPERTS, _WIDTH),
    "ffn_gate_exps": (_EXPERTS, _NEURONS, _WIDTH),
    "ffn_up_exps": (_EXPERTS, _NEURONS, _WIDTH),
    "ffn_gate_up_exps": (_EXPERTS, 2 * _NEURONS, _WIDTH),
    "ffn_down_exps": (_EXPERTS, _WIDTH, _NEURONS),
    "ffn_gate_inp_shexp": (_WIDTH,),
    "ffn_gate_shexp": (_NEURONS, _WIDTH),
    "ffn_up_shexp": (_NEURONS, _WIDTH),
    "ffn_down_shexp": (_WIDTH, _NEURONS),
}
_COPIED = (
    "rope.freq_base",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "attention.scale",
    "embedding_scale",
    "residual_scale",
    "logit_scale",
)

Structure = tuple[str | None, frozenset[str]]  # the architecture, the roles of the tensors in a layer
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
    roles = frozenset(tensor.role for tensor in model.tensors.values() if tensor.layer == 0 and tensor.role is not None)
    structure = model.architecture, roles
    if structure in passed:
        return
    ffn = network.layers[0].feed_forward
    fused = isinstance(ffn, DenseFeedForward) and ffn.expert.gate is not None and "ffn_gate" not in roles
    with tempfile.TemporaryDirectory(prefix="ggufscope-") as directory:
        path = Path(directory) / "tiny.gguf"
        _write(path, model, roles, max(2, network.family.local_period), fused)
        _compare(path, open_other)
    passed.add(structure)


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


def _write(path: Path, model: Model, roles: frozenset[str], n_layers: int, fused: bool) -> None:
    import gguf  # noqa: PLC0415  only writing needs it

    writer = gguf.GGUFWriter(path, model.architecture or "")
    for name, value in _metadata(model, n_layers, roles).items():
        if isinstance(value, int):
            writer.add_uint32(f"{model.architecture}.{name}", value)
        else:
            writer.add_float32(f"{model.architecture}.{name}", value)
    writer.add_string("tokenizer.ggml.model", "none")
    for name, tensor in _tensors(roles, n_layers, "output.weight" in model.tensors, fused):
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _metadata(model: Model, n_layers: int, roles: frozenset[str]) -> Mapping[str, int | float]:
    experts = {"expert_count": _EXPERTS, "expert_used_count": _USED_EXPERTS, "expert_feed_forward_length": _NEURONS}
    shared = {"expert_shared_feed_forward_length": _NEURONS}
    copied = {name: model.metadata.get(f"{model.architecture}.{name}") for name in _COPIED}
    return {
        "block_count": n_layers,
        "context_length": 256,
        "embedding_length": _WIDTH,
        "feed_forward_length": _NEURONS,
        "vocab_size": _VOCABULARY,
        "attention.head_count": _HEADS,
        "attention.head_count_kv": _KV_HEADS,
        "attention.key_length": _LENGTH,
        "attention.value_length": _LENGTH,
        "attention.sliding_window": _WINDOW,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": _LENGTH,
        **(experts if "ffn_down_exps" in roles else {}),
        **(shared if "ffn_down_shexp" in roles else {}),
        **{name: value for name, value in copied.items() if isinstance(value, float)},
    }


def _tensors(roles: frozenset[str], n_layers: int, has_output: bool, fused: bool) -> Iterator[tuple[str, Array]]:
    chance = np.random.default_rng(6)

    def draw(*shape: int) -> Array:
        values: Any = chance.standard_normal(shape)
        scaled = values / shape[-1] ** 0.5 if len(shape) > 1 else 1 + 0.3 * values
        return np.asarray(scaled, np.float32)

    yield "token_embd.weight", draw(_VOCABULARY, _WIDTH) * np.float32(_WIDTH**0.5)
    yield "output_norm.weight", draw(_WIDTH)
    if has_output:
        yield "output.weight", draw(_VOCABULARY, _WIDTH)
    for layer in range(n_layers):
        for role in sorted(roles):
            base, _, kind = role.partition(".")
            if base not in _SHAPES or kind == "scale":
                continue
            shape = (2 * _NEURONS, _WIDTH) if fused and base == "ffn_up" else _SHAPES[base]
            yield f"blk.{layer}.{base}.{kind or 'weight'}", draw(*shape[:-1]) if kind == "bias" else draw(*shape)


def _compare(path: Path, open_other: OpenEngine) -> None:
    tokens = np.random.default_rng(7).integers(0, _VOCABULARY, _N_TOKENS).astype(np.int32)
    with model_file.open(path) as tiny:
        network = Network(tiny)
        tables = []
        for engine in (StreamedEngine(network, 1), open_other(str(path), network, 1)):
            recorder = Recorder(1, network.shape)
            with engine:
                engine.prefill([tokens], recorder, room=0, progress=None)
            tables.append(recorder.tables())
    for name, expected in tables[0].items():
        _require_same(name, expected[0], tables[1][name][0])


def _require_same(name: str, expected: Floats, measured: Floats) -> None:
    if name.endswith("near_zero_share"):
        return  # steps at its threshold; the rms of the same point tells
    near = np.isclose(measured, expected, rtol=_TOLERANCE, atol=_FLOOR, equal_nan=True)
    same = near.reshape(len(measured), -1).all(axis=1)  # by layer
    if not same.all():
        where = f"{name} of layer {int(np.argmin(same))} of a tiny model"
        raise TraceError(
            f"llama.cpp's graph is not what the engine was written for: {where} differs from the streamed engine's;"
            " take the engine streamed"
        )
