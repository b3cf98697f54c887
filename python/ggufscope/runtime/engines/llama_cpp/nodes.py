"""The nodes of llama.cpp's graphs that are the points of a layer.

Most are found by the names that `cb(…, name, layer)` of its sources gives. What attention adds to the residual stream
has a name in few architectures: it is the product that reads `kqv_out`, or that plus its bias, or what the norm behind
it makes of it. The last of several candidates counts, which is why a layer is handed over when it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....errors import TraceError
from ...measuring.capture import POINTS
from .library import Node, node_at, operation, values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...measuring.capture import Recorder
    from ...shape import Array
    from ..streamed.network import LayerWeights

# Name without layer → point, where the name alone decides.
POINT_OF_NAME = {
    "kq_soft_max": "attention",
    "attn_post_norm": "attention_output",
    "ffn_norm": "ffn_norm",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_swiglu": "gated",
    "ffn_geglu": "gated",
    "ffn_gate_par": "gated",
    "ffn_out": "ffn_output",
    "ffn_post_norm": "ffn_output",
    "l_out": "residual",
}
# Where norm and RoPE bear the name too, and only products and biases are meant.
_PROJECTED = {"Qcur": "q", "Kcur": "k", "Vcur": "v", "wqkv": "qkv", "bqkv": "qkv"}
_LINEAR = frozenset({"MUL_MAT", "ADD"})
_LAST = "residual"


class Nodes:
    """Takes the nodes of one prompt's graph, in the order in which they are computed.

    Args:
        layers: of the model.
        recorder: where points go.
        prompt: its number.
        n_tokens: of the prompt.
        names: name without layer → point, where the name alone decides.
    """

    def __init__(
        self,
        layers: list[LayerWeights],
        recorder: Recorder,
        prompt: int,
        n_tokens: int,
        names: Mapping[str, str] = POINT_OF_NAME,
    ) -> None:
        self._names = names
        self._layers = layers
        self._recorder = recorder
        self._prompt = prompt
        self._n_tokens = n_tokens
        self._held: dict[str, Array] = {}
        self._projected = 0  # address of the latest product that read kqv_out
        self.layer = 0  # the one that is being computed

    def point(self, address: int) -> str | None:
        """The point that a node is; None: it is not wanted."""
        node = node_at(address)
        name, _, layer = _name(address).rpartition("-")
        if not layer.isdigit():
            name = layer
        if name in self._names:
            return self._names[name]
        kind = operation(node.op)
        if name in _PROJECTED:
            return _PROJECTED[name] if kind in _LINEAR else None
        return "attention_output" if kind in _LINEAR and self._is_attention_output(node, address, kind) else None

    def _is_attention_output(self, node: Node, address: int, kind: str) -> bool:
        if kind == "ADD":  # the bias; the residual stream is added likewise
            return bool(self._projected) and node.src[0] == self._projected and _name(node.src[1]).endswith(".bias")
        if not _name(node.src[1]).startswith("kqv_out-"):
            return False
        self._projected = address
        return True

    def take(self, address: int, point: str) -> None:
        """Copy a node that is wanted and was computed.

        Raises:
            TraceError: A layer ends without all its points, or there is one too many.
        """
        if self.layer >= len(self._layers):
            raise TraceError(f"llama.cpp's graph has more than {len(self._layers)} layers")
        array = values(address)
        if point == "attention":
            array = array.reshape(-1, self._n_tokens, array.shape[-1])[:, :, : self._n_tokens]
        else:
            array = array.reshape(self._n_tokens, -1)
        self._held[point] = array
        if point == _LAST:
            self._hand_over()

    def require_end(self) -> None:
        """Raise TraceError unless every layer was handed over."""
        if self.layer < len(self._layers):
            raise TraceError(f"llama.cpp's graph ended in layer {self.layer} of {len(self._layers)}")

    def _hand_over(self) -> None:
        layer = self._layers[self.layer]
        _split_fused(self._held, layer)
        expected = set(POINTS) - ({"gate"} if layer.feed_forward.gate is None else set())
        missing = sorted(expected - set(self._held))
        if missing:
            raise TraceError(f"llama.cpp's graph shows no {', '.join(missing)} in layer {self.layer}")
        for point in expected:
            self._recorder.take(self._prompt, self.layer, point, self._held[point])
        self._held.clear()
        self._projected = 0
        self.layer += 1


def ends_layer(address: int) -> bool:
    """Whether a node is the last of a layer."""
    return POINT_OF_NAME.get(_name(address).rpartition("-")[0]) == _LAST


def _name(address: int | None) -> str:
    return node_at(address).name.decode("utf-8", "replace") if address else ""


def _split_fused(held: dict[str, Array], layer: LayerWeights) -> None:
    """Parts of one product that holds queries, keys and values, or gate and up projection."""
    if "qkv" in held:
        attention = layer.attention
        q, k = attention.q.n_rows, attention.k.n_rows
        fused = held.pop("qkv")
        held |= {"q": fused[:, :q], "k": fused[:, q : q + k], "v": fused[:, q + k :]}
    if "gate" not in held and layer.feed_forward.gate is not None and "up" in held:
        size = layer.feed_forward.gate.n_rows
        held["gate"], held["up"] = held["up"][:, :size], held["up"][:, size:]
