"""The parts of a layer, gathered from the tensors of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .limits import NotApplicableError
from .parts import AttentionWeights, Expert, FeedForwardWeights, Norm

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .catalog import Catalog
    from .families import Family
    from .hyperparameters import HeadShape, Hyperparameters
    from .matrices import Matrix

_MOST_EXPERTS = 4096  # beyond any model; a file may claim more, and each costs time


class Layers:
    """Builds layers of one model; every method raises NotApplicableError for what is missing or does not fit."""

    def __init__(self, catalog: Catalog, family: Family, hyperparameters: Hyperparameters) -> None:
        self._catalog = catalog
        self._family = family
        self._hyperparameters = hyperparameters
        self._width = hyperparameters.width

    def norm(self, layer: int | None, role: str) -> Norm:
        """A norm over the residual stream."""
        self._catalog.need(layer, role)
        gain = self._catalog.vector(layer, role, self._width)
        bias = self._catalog.vector(layer, f"{role}.bias", self._width)
        assert gain is not None  # noqa: S101
        return Norm(gain, bias, self._hyperparameters.epsilon, centred=self._family.layer_norm)

    def attention(self, layer: int) -> AttentionWeights:
        shape = self._hyperparameters.head_shape(layer)
        q, k, v = self._projections(layer, shape)
        output = self._catalog.matrix(layer, "attn_output", self._width, shape.n_heads * shape.value_length)
        return AttentionWeights(
            shape,
            q,
            k,
            v,
            output,
            self._head_norm(layer, "attn_q_norm", shape),
            self._head_norm(layer, "attn_k_norm", shape),
        )

    def feed_forward(self, layer: int) -> FeedForwardWeights:
        if self._catalog.find(layer, "ffn_up_shexp") is not None:
            raise NotApplicableError(f"blk.{layer} has a shared expert")
        mixture = self._catalog.find(layer, "ffn_down_exps") is not None
        experts = self._experts(layer) if mixture else [self._dense(layer)]
        used = self._used_experts(layer, len(experts)) if mixture else 1
        return FeedForwardWeights(experts, used, self._family.activation)

    def rope_factors(self, positions: int) -> Floats | None:
        """Divisors of RoPE's frequencies: of Llama 3, or of Phi 3 for so many positions; None without."""
        original = self._hyperparameters.count("rope.scaling.original_context_length")
        long = original is not None and positions > original
        for role in ("rope_freqs", "rope_factors_long" if long else "rope_factors_short"):
            tensor = self._catalog.find(None, role)
            if tensor is not None:
                return self._catalog.vector(None, role, tensor.n_elements)
        return None

    def _projections(self, layer: int, shape: HeadShape) -> tuple[Matrix, Matrix, Matrix]:
        """The projections of queries, keys and values, each by itself or all in one tensor, in this order."""
        q_rows = shape.n_heads * shape.key_length
        k_rows = shape.n_kv_heads * shape.key_length
        v_rows = shape.n_kv_heads * shape.value_length
        if self._catalog.find(layer, "attn_qkv") is not None:
            fused = self._catalog.matrix(layer, "attn_qkv", q_rows + k_rows + v_rows, self._width)
            return fused.part(0, q_rows), fused.part(q_rows, k_rows), fused.part(q_rows + k_rows, v_rows)
        rows = {"attn_q": q_rows, "attn_k": k_rows, "attn_v": v_rows}
        q, k, v = (self._catalog.matrix(layer, role, n, self._width) for role, n in rows.items())
        return q, k, v

    def _head_norm(self, layer: int, role: str, shape: HeadShape) -> Norm | None:
        """The norm of single queries or keys."""
        gain = self._catalog.vector(layer, role, shape.key_length)
        return None if gain is None else Norm(gain, None, self._hyperparameters.epsilon, centred=False)

    def _dense(self, layer: int) -> Expert:
        """The FFN; gate and up projection may be the two halves of one tensor (Phi 3)."""
        size = self._catalog.columns(layer, "ffn_down")
        down = self._catalog.matrix(layer, "ffn_down", self._width, size)
        if self._catalog.find(layer, "ffn_gate") is not None:
            gate, up = (self._catalog.matrix(layer, role, size, self._width) for role in ("ffn_gate", "ffn_up"))
            return Expert(gate, up, down)
        n_rows = self._catalog.need(layer, "ffn_up").n_rows
        if n_rows == 2 * size:
            fused = self._catalog.matrix(layer, "ffn_up", n_rows, self._width)
            return Expert(fused.part(0, size), fused.part(size, size), down)
        return Expert(None, self._catalog.matrix(layer, "ffn_up", size, self._width), down)

    def _experts(self, layer: int) -> list[Expert]:
        count = self._hyperparameters.count("expert_count")
        n = int(self._hyperparameters.needed(count, "expert_count"))
        if n > _MOST_EXPERTS:
            raise NotApplicableError(f"blk.{layer} claims {n} experts")
        size = self._catalog.columns(layer, "ffn_down_exps")
        shapes = {
            "ffn_gate_exps": (size, self._width),
            "ffn_up_exps": (size, self._width),
            "ffn_down_exps": (self._width, size),
        }
        gate, up, down = (self._catalog.experts(layer, role, n, *shape) for role, shape in shapes.items())
        return [Expert(*matrices) for matrices in zip(gate, up, down, strict=True)]

    def _used_experts(self, layer: int, n_experts: int) -> int:
        count = self._hyperparameters.count("expert_used_count", layer)
        used = int(self._hyperparameters.needed(count, "expert_used_count"))
        if used > n_experts:
            raise NotApplicableError(f"{used} of {n_experts} experts at a time")
        return used
