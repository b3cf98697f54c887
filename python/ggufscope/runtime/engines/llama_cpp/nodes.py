"""The nodes of llama.cpp's graphs that are the points of a layer.

Most are found by the weights that they multiply, whose names are those of the GGUF file: the product of
`blk.3.attn_q.weight` is queries of layer 3. What is done to a product before it counts (a bias, the scale of NVFP4
files; to what a branch adds to the residual stream also a factor, and the norm behind the branch) follows it in the
graph. What a product reads is a point, too. The last of several candidates counts, which is why a layer is handed over
when it is done. Only probabilities of attention and the end of a layer go by names that `cb(…, name, layer)` of
llama.cpp's sources gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....architecture.mixers.attention import AttentionWeights
from ....architecture.parts import Mixture
from ....errors import TraceError
from ..points import expert_of, points_in_graph
from .library import Node, integers, node_at, operation, values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from ....architecture.layer import Layer
    from ....architecture.parts import Norm
    from ...measuring.capture import Recorder
    from ...shape import Array

# Role of a weight in a layer that is multiplied, or name of a node without its layer → point.
POINT_OF_NAME = {
    "attn_q": "q",
    "attn_q_b": "q",
    "attn_k": "k",
    "attn_v": "v",
    "attn_qkv": "qkv",
    "kq_soft_max": "attention",
    "attn_output": "attention_output",
    "shortconv.out_proj": "attention_output",
    "ssm_out": "attention_output",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_down": "ffn_output",
    "ffn_gate_exps": "gate",
    "ffn_up_exps": "up",
    "ffn_gate_up_exps": "gate_up",
    "ffn_down_exps": "ffn_output",
    "ffn_moe_out": "ffn_output",
    "post_ffw_norm": "ffn_output",
    "ffn_moe_topk": "experts",
    "ffn_moe_weights": "expert_weights",
    "ffn_moe_weights_softmax": "expert_weights",
    "ffn_moe_weights_norm": "expert_weights",
    "ffn_moe_weights_scaled": "expert_weights",
    "l_out": "residual",
    "layer_output_norm": "residual",
}
_DENSE = frozenset({"ffn_gate", "ffn_up", "ffn_down"})
_PRODUCTS = frozenset({"MUL_MAT", "MUL_MAT_ID"})  # the second one of the experts that each token chose
_READ_BY = {  # point → the point that its product reads
    "up": "ffn_norm",
    "gate_up": "ffn_norm",
    "ffn_output": "gated",
}
_ADDED = frozenset({"attention_output", "ffn_output"})  # to the residual stream
_ON_THE_WAY = frozenset({"NORM", "RMS_NORM", "GET_ROWS"})  # which, in the last layer, gets the rows of all tokens
_SHARED_EXPERT = ("ffn_shexp", "ffn_mlp")  # what its output is called, which is added to that of the others
_BETWEEN = "ffn_inp-"  # the stream between the two branches
_LAST = "residual"


class Nodes:
    """Takes the nodes of one prompt's graph, in the order in which they are computed.

    Args:
        layers: of the model.
        recorder: where points go.
        prompt: its number.
        n_tokens: of the prompt.
        names: see `POINT_OF_NAME`.
    """

    def __init__(
        self,
        layers: list[Layer],
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
        self._candidates: dict[int, str] = {}  # address of a node of this layer → the point that it may be
        self._experts: npt.NDArray[np.int32] | None = None  # that each token chose
        self._normed: dict[int, str] = {}  # address of a norm without its gain → the point that it norms
        self.layer = 0  # the one that is being computed

    def point(self, address: int) -> str | None:
        """The point that a node is, unless another follows; None: it is not wanted."""
        node = node_at(address)
        kind = operation(node.op)
        point = self._multiplied(node) if kind in _PRODUCTS else self._named(address) or self._follows(node, kind)
        if point is not None:
            self._candidates[address] = point
        elif kind in _ON_THE_WAY and (branch := self._candidates.get(node.src[0])) in _ADDED:
            (self._candidates if kind == "GET_ROWS" else self._normed)[address] = branch
        return point

    def _multiplied(self, node: Node) -> str | None:
        """The point of a product: a weight is in front, or it is none."""
        role = _role(node.src[0])
        if role in _DENSE and self.layer < len(self._layers):
            beside = isinstance(self._layers[self.layer].feed_forward, Mixture)  # the experts of Gemma 4
            return None if beside else self._names.get(role)
        return self._names.get(role)

    def _named(self, address: int) -> str | None:
        name, _, layer = _name(address).rpartition("-")
        return self._names.get(name) if layer.isdigit() else None

    def _follows(self, node: Node, kind: str) -> str | None:
        """The point of what a node makes of a candidate, which it replaces."""
        if kind not in {"ADD", "ADD_ID", "MUL", "SCALE"}:
            return None
        point = self._candidates.get(node.src[0])
        if kind == "SCALE":
            return point if point in _ADDED else None
        operand = _name(node.src[1])
        if kind == "MUL" and operand.endswith(".weight"):
            return self._names.get(_role(node.src[1])) or self._normed.get(node.src[0])
        if kind == "ADD" and point == "ffn_output" and operand.startswith(_BETWEEN) and self._total is None:
            return _LAST  # the end of a layer that has no name
        if kind == "ADD" and operand.startswith(_SHARED_EXPERT):
            return point
        return point if operand.endswith(".scale" if kind == "MUL" else ".bias") else None

    def take(self, address: int, point: str) -> None:
        """Copy a node that is wanted and was computed, and the one that a product reads.

        Raises:
            TraceError: A layer ends without all its points, or there is one too many.
        """
        if self.layer >= len(self._layers):
            raise TraceError(f"llama.cpp's graph has more than {len(self._layers)} layers")
        if point == "experts":
            self._experts = integers(address)
            return
        array = values(address)
        if point == "attention":
            self._held[point] = array.reshape(-1, self._n_tokens, array.shape[-1])[:, :, : self._n_tokens]
        elif point == _LAST and self._layers[self.layer].streams is not None:
            self._held[point] = array.reshape(-1, self._n_tokens, array.shape[-1])[0]
        else:
            self._held[point] = array.reshape(self._n_tokens, -1)
        node = node_at(address)
        if point in _READ_BY and operation(node.op) in _PRODUCTS:
            self._held[_READ_BY[point]] = values(node.src[1]).reshape(self._n_tokens, -1)
        if point == _LAST and (operation(node.op) == "ADD" or self._total is None or self._total.bias is None):
            self._hand_over()

    @property
    def _total(self) -> Norm | None:
        """The norm of the residual stream that ends the layer which is being computed."""
        return self._layers[self.layer].feed_forward_norms.total if self.layer < len(self._layers) else None

    def require_end(self) -> None:
        """Raise TraceError unless every layer was handed over."""
        if self.layer < len(self._layers):
            raise TraceError(f"llama.cpp's graph ended in layer {self.layer} of {len(self._layers)}")

    def _hand_over(self) -> None:
        layer = self._layers[self.layer]
        _split_fused(self._held, layer)
        expected = points_in_graph(layer)
        missing = sorted(expected - set(self._held))
        if missing:
            raise TraceError(f"llama.cpp's graph shows no {', '.join(missing)} in layer {self.layer}")
        if isinstance(layer.feed_forward, Mixture):
            self._hand_over_experts()
        for point in expected:
            self._recorder.take(self._prompt, self.layer, point, self._held[point])
        self._held.clear()
        self._candidates.clear()
        self._normed.clear()
        self.layer += 1

    def _hand_over_experts(self) -> None:
        weights = self._held.get("expert_weights")
        if self._experts is None or weights is None or weights.shape != self._experts.shape:
            raise TraceError(f"llama.cpp's graph does not show who was chosen in layer {self.layer}")
        self._recorder.take_experts(self._prompt, self.layer, self._experts, weights)
        self._experts = None


def ends_layer(address: int) -> bool:
    """Whether a node is the last of a layer."""
    return POINT_OF_NAME.get(_name(address).rpartition("-")[0]) == _LAST


def _role(address: int | None) -> str:
    """The role of a weight in a layer, "attn_q" of "blk.3.attn_q.weight"; empty where it is none."""
    block, _, rest = _name(address).partition(".")
    return rest.partition(".")[2].removesuffix(".weight") if block == "blk" else ""


def _name(address: int | None) -> str:
    return node_at(address).name.decode("utf-8", "replace") if address else ""


def _split_fused(held: dict[str, Array], layer: Layer) -> None:
    """Parts of one product that holds queries, keys and values, queries and what gates heads, or gate and up."""
    if "qkv" in held and isinstance(layer.mixer, AttentionWeights):
        q, k = layer.mixer.q.n_rows, layer.mixer.k.n_rows
        fused = held.pop("qkv")
        held |= {"q": fused[:, :q], "k": fused[:, q : q + k], "v": fused[:, q + k :]}
    if isinstance(layer.mixer, AttentionWeights) and layer.mixer.gated:
        shape = layer.mixer.shape
        by_head = held["q"].reshape(len(held["q"]), shape.n_heads, 2, shape.key_length)
        held["q"] = by_head[:, :, 0].reshape(len(by_head), -1)
    if isinstance(layer.mixer, AttentionWeights) and layer.mixer.v is layer.mixer.k:
        held["v"] = held["k"]
    expert = expert_of(layer)
    if "gate_up" in held and expert is not None:
        by_expert = held.pop("gate_up").reshape(-1, 2, expert.up.n_rows)
        n_tokens = len(held["residual"])
        held |= {"gate": by_expert[:, 0].reshape(n_tokens, -1), "up": by_expert[:, 1].reshape(n_tokens, -1)}
    if "gate" not in held and "up" in held and expert is not None and expert.gate is not None:
        size = expert.gate.n_rows
        held["gate"], held["up"] = held["up"][:, :size], held["up"][:, size:]
