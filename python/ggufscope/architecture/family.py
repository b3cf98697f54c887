"""The form of a family of models: the facts about an architecture that a file does not state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pairs = Literal["norm", "neox"]
# `gelu` is the tanh form that ggml calls so; `swiglu_oai` is gpt-oss's gated product, which clamps both factors;
# `relu2` is relu(x)²; `xielu` has numbers of its own in every layer (`XieluCurve`).
Activation = Literal["silu", "gelu", "relu", "relu2", "swiglu_oai", "xielu"]
SWIGLU_OAI_LIMIT = 7.0  # that both factors are clamped to
# `one norm`: both branches read the one normed stream; `two norms`: both read the stream, each through its own norm.
Arrangement = Literal["sequential", "one norm", "two norms"]
# Scores of experts: softmax over all, sigmoid of each, or softmax over the chosen ones alone.
Scoring = Literal["softmax", "sigmoid", "softmax of chosen"]


@dataclass(frozen=True)
class NormRoles:
    """The roles of the tensors that norm a branch; None: no norm in this place.

    Attributes:
        before: what the branch reads.
        behind: what it gives, before that is added to the stream.
        total: the stream with it added (BERT).
    """

    before: str | None = None
    behind: str | None = None
    total: str | None = None


@dataclass(frozen=True)
class Routing:
    """How a mixture weighs its experts, where the metadata do not say it.

    Attributes:
        scoring: of experts, where there is no `expert_gating_func`.
        normalized: weights of the chosen experts are divided by their sum; None: as `expert_weights_norm` says.
        scaled: weights are multiplied with `expert_weights_scale`.
        sigmoid_sizes: (layers, vocabulary) of models that score by sigmoid where the metadata do not say it: their
            files are older than the key, and llama.cpp tells them by these numbers.
    """

    scoring: Scoring = "softmax"
    normalized: bool | None = True
    scaled: bool = False
    sigmoid_sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Family:
    """One architecture.

    Attributes:
        pairs: which components of a head RoPE turns together: `"norm"` 2i and 2i + 1, `"neox"` i and i + n/2; None
            without RoPE.
        activation: φ of the FFN.
        activation_named: metadata may name another (`hidden_activation`).
        layer_norm: LayerNorm instead of RMSNorm.
        attention_norms: norms around attention, or what stands in its place.
        feed_forward_norms: norms around the FFN.
        norm_gains: norms have gains; False: they have no weights at all.
        embeds: what the model gives is its last hidden state; it has no output for a next token.
        causal: a token sees none behind it; True: unless the metadata say otherwise.
        output_norm: role of the norm behind the last layer; None: there is none.
        embedding_norm: role of the norm of embeddings; None: there is none.
        arrangement: of the two branches of a layer.
        attention_norm_beside: role of the norm in front of attention in files where each branch has its own; the other
            one is then that of the FFN alone, and the arrangement `"two norms"`.
        optional_attention_norm: layers without the norm in front of attention read the stream as it is.
        optional_feed_forward_norm: files without the norm in front of the FFN are arranged as `"one norm"`.
        embedding_root: embeddings are multiplied with √width.
        embedding_scale: factor of embeddings, where the metadata do not say it.
        residual_depth_scale: over √layers, the factor of what a branch adds, where the metadata do not say it.
        logit_width: its share of the width divides the scores of the next token, where the metadata do not say it.
        logits_divided: scores of the next token are divided by `logit_scale`, not multiplied with it.
        gated_attention: behind the queries of a head `attn_q` has as many rows again, whose sigmoid gates what the
            head gives.
        tiled_key_heads: value head h of the gated delta rule reads key head h modulo their number; else neighbouring
            value heads share one.
        normed_values: values are divided by their rms, head by head.
        values_of_keys: a layer without `attn_v` has keys as values, as projected.
        first_shared_layer: from this layer on keys and values are those of an earlier layer; None: as
            `attention.shared_kv_layers` says, or nowhere.
        expert_norms: a layer with experts has a dense FFN beside them, each with norms of its own around it.
        sparse_layers: so many first layers have gates that act above mean + z · deviation alone.
        sparsity: z.
        global_factors: divisors of RoPE's frequencies count in layers without a window alone.
        sections: where the metadata have `rope.dimension_sections`, RoPE turns pairs that lie half a head apart after
            time, height and width, `"by turns"` or `"in rows"`; these are one and the same position in a text.
        head_norms: q/k norms are over a head each (`"head"`), or over all of them together (`"all heads"`).
        head_norms_behind_rope: q/k norms come after RoPE.
        local_period: the last of every so many layers sees everything, the others a sliding window, where the metadata
            do not say how many; 0: no windows.
        local_first: the first of a period sees everything, not the last.
        local_window: keys that windowed layers see, where the metadata do not say it; None: then there are no windows.
        local_base: RoPE base of the windowed layers where the metadata do not say it; None: that of all layers.
        local_unscaled: positions of windowed layers are not stretched, whatever the metadata say of the others.
        unrotated_period: the last of every so many layers has no RoPE; 0: all have it.
        rotated_windows: where some layers have a window, these alone have RoPE.
        rope_switch: `rope.scaling.finetuned` false means that there is no RoPE.
        alibi: attention scores fall with distance (ALiBi), by slopes 2^(−alibi · (h + 1) / heads), where the metadata
            do not say it; 0: they do not.
        alibi_depth: with so many layers ALiBi, 8, stands in place of RoPE.
        length_scale: scores are divided by the length of a head, not by its root.
        soft_cap: of attention scores, where the metadata do not say it.
        logit_soft_cap: of the scores of the next token, where the metadata do not say it.
        score_scale: of attention scores, whatever the metadata say; None: they say it, or the head's size does.
        latent_yarn: how YaRN scales scores of latent attention, see `mixers.latent_attention`; None: not at all.
        wide_scale_layers: with this many layers, scores are scaled by √(heads / width), not by the head's size.
        routing: of experts.
    """

    pairs: Pairs | None
    activation: Activation = "silu"
    activation_named: bool = False
    layer_norm: bool = False
    attention_norms: NormRoles = NormRoles("attn_norm")
    feed_forward_norms: NormRoles = NormRoles("ffn_norm")
    norm_gains: bool = True
    embeds: bool = False
    causal: bool = True
    output_norm: str | None = "output_norm"
    embedding_norm: str | None = None
    arrangement: Arrangement = "sequential"
    attention_norm_beside: str | None = None
    optional_attention_norm: bool = False
    optional_feed_forward_norm: bool = False
    embedding_root: bool = False
    embedding_scale: float | None = None
    residual_depth_scale: float | None = None
    logit_width: int | None = None
    logits_divided: bool = False
    gated_attention: bool = False
    tiled_key_heads: bool = False
    normed_values: bool = False
    values_of_keys: bool = False
    first_shared_layer: int | None = None
    expert_norms: bool = False
    sparse_layers: int = 0
    sparsity: float = 0.0
    global_factors: bool = False
    sections: Literal["by turns", "in rows"] | None = None
    head_norms: Literal["head", "all heads"] = "head"
    head_norms_behind_rope: bool = False
    local_period: int = 0
    local_first: bool = False
    local_window: int | None = None
    local_base: float | None = None
    local_unscaled: bool = False
    unrotated_period: int = 0
    rotated_windows: bool = False
    rope_switch: bool = False
    alibi: float = 0.0
    alibi_depth: int | None = None
    length_scale: bool = False
    soft_cap: float | None = None
    logit_soft_cap: float | None = None
    score_scale: float | None = None
    latent_yarn: Literal["one term", "two terms"] | None = None
    wide_scale_layers: int | None = None
    routing: Routing = Routing()


# Norms in front of both branches and behind them, as in Gemma 2.
AROUND_ATTENTION = NormRoles("attn_norm", "post_attention_norm")
AROUND_FEED_FORWARD = NormRoles("ffn_norm", "post_ffw_norm")
EVERY_LAYER = 1 << 24  # as a period of windows: no layer is without one
