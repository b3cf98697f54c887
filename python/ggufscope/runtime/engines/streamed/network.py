"""A model as the streamed engine reads it: every layer's parts found and checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.catalog import Catalog
from ....architecture.families import FAMILIES, Family, family_of
from ....architecture.hyperparameters import Hyperparameters
from ....architecture.layers import Layers
from ....architecture.limits import NotApplicableError
from ...shape import ModelShape

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....architecture.families import Activation
    from ....architecture.matrices import Matrix
    from ....architecture.parts import AttentionWeights, Expert, Norm
    from ....models.model import Model
    from ...shape import Array

ARCHITECTURES = tuple(name for name, family in FAMILIES.items() if family.traced)

# Roles in a layer that the engine reads, or that hold nothing it needs.
_READ = {"attn_norm", "attn_q_norm", "attn_k_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"}
_PROJECTIONS = {"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}
_KNOWN_ROLES = _READ | {f"{role}{kind}" for role in _PROJECTIONS for kind in ("", ".bias", ".scale")}
_KNOWN_ROLES |= {"rope_freqs", "rope_factors_long", "rope_factors_short", "attn_rot_embd"}


@dataclass(frozen=True)
class LayerWeights:
    """One layer; norms behind the branches are None where the architecture has none."""

    attention_norm: Norm
    attention: AttentionWeights
    post_attention_norm: Norm | None
    feed_forward_norm: Norm
    feed_forward: Expert
    activation: Activation
    post_feed_forward_norm: Norm | None

    @property
    def matrices(self) -> list[Matrix]:
        """In the order in which they are multiplied."""
        attention, ffn = self.attention, self.feed_forward
        gate = [] if ffn.gate is None else [ffn.gate]
        return [attention.q, attention.k, attention.v, attention.output, *gate, ffn.up, ffn.down]


class Network:
    """The layers, the embedding and the output of a model.

    Raises:
        NotApplicableError: The architecture, or something in the file, is beyond the engine; the message says what.
    """

    def __init__(self, model: Model) -> None:
        if model.architecture not in ARCHITECTURES and model.architecture in FAMILIES:
            raise NotApplicableError(
                f"the streamed engine does not run the architecture {model.architecture!r}, only"
                f" {', '.join(ARCHITECTURES)}"
            )
        self.family: Family = family_of(model)
        catalog = Catalog(model)
        width = catalog.columns(None, "token_embd")
        n_vocabulary = catalog.need(None, "token_embd").n_rows
        self.embedding = catalog.matrix(None, "token_embd", n_vocabulary, width)
        hyperparameters = Hyperparameters(model, self.family, width)
        n_layers = int(hyperparameters.needed(hyperparameters.block_count, "block_count"))
        _check_roles(model, n_layers)
        self._parts = Layers(catalog, self.family, hyperparameters)
        self.layers = [self._layer(layer) for layer in range(n_layers)]
        self.output_norm = self._norm(None, "output_norm")
        tied = catalog.find(None, "output") is None
        self.output = self.embedding if tied else catalog.matrix(None, "output", n_vocabulary, width)
        self.embedding_scale = hyperparameters.embedding_scale
        self.logit_soft_cap = hyperparameters.logit_soft_cap
        heads = [layer.attention.shape for layer in self.layers]
        self.shape = ModelShape(
            n_layers=n_layers,
            n_heads=tuple(shape.n_heads for shape in heads),
            n_kv_heads=tuple(shape.n_kv_heads for shape in heads),
            windows=tuple(shape.window for shape in heads),
            width=width,
            n_vocabulary=n_vocabulary,
            context_length=hyperparameters.count("context_length"),
        )

    @property
    def matrices(self) -> list[Matrix]:
        """The matrices that one pass over the weights multiplies: those of all layers, and the output."""
        return [*(matrix for layer in self.layers for matrix in layer.matrices), self.output]

    def rope_factors(self, positions: int) -> npt.NDArray[np.float64] | None:
        """See `Layers.rope_factors`."""
        return self._parts.rope_factors(positions)

    def embed(self, tokens: npt.NDArray[np.int32]) -> Array:
        """The rows of the embedding of some tokens, scaled: float32 (tokens, width)."""
        rows = np.empty((len(tokens), self.shape.width), np.float32)
        for row, token in zip(rows, tokens, strict=True):
            self.embedding.tensor.dequantize(rows=slice(int(token), int(token) + 1), out=row[None], threads=1)
        if self.embedding_scale != 1.0:
            rows *= np.float32(self.embedding_scale)
        return rows

    def _layer(self, layer: int) -> LayerWeights:
        ffn = self._parts.feed_forward(layer)
        if len(ffn.experts) > 1 or ffn.n_used > 1:
            raise NotApplicableError(f"blk.{layer} is a mixture of experts, which the streamed engine does not run")
        norm = self._norm
        post = self.family.post_norms
        return LayerWeights(
            attention_norm=norm(layer, "attn_norm"),
            attention=self._parts.attention(layer),
            post_attention_norm=norm(layer, "post_attention_norm") if post else None,
            feed_forward_norm=norm(layer, "ffn_norm"),
            feed_forward=ffn.experts[0],
            activation=ffn.activation,
            post_feed_forward_norm=norm(layer, "post_ffw_norm") if post else None,
        )

    def _norm(self, layer: int | None, role: str) -> Norm:
        norm = self._parts.norm(layer, role)
        if not np.isfinite(norm.gain).all():
            name = role if layer is None else f"blk.{layer}.{role}"
            raise NotApplicableError(f"{name}.weight has a weight that is not finite")
        return norm


def _check_roles(model: Model, n_layers: int) -> None:
    """Raise NotApplicableError for a tensor in a layer that the engine would pass over."""
    for tensor in model.tensors.values():
        if tensor.layer is None or tensor.stack is not None or tensor.layer >= n_layers:
            continue
        role = tensor.role or ""
        if role.endswith("_exps") or role.startswith("ffn_gate_inp"):
            raise NotApplicableError(
                f"{tensor.name} belongs to a mixture of experts, which the streamed engine does not run"
            )
        if role not in _KNOWN_ROLES:
            raise NotApplicableError(f"the streamed engine does not know what {tensor.name} is for")
