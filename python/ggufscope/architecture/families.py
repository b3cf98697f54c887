"""Architectures that ggufscope can compute, a row of data each.

Names are those of `general.architecture`. Sources: llama.cpp's `llama-model.cpp`, `llama_model_rope_type` for the pairs
of RoPE, and the graph of each architecture for norms, activation and residual structure. Whether there is a gate,
q/k norms, biases or experts is read from the tensors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .family import Family, NormRoles, Routing
from .limits import NotApplicableError

if TYPE_CHECKING:
    from ..models.model import Model

_EVERY_LAYER = 1 << 24  # as a period of windows: no layer is without one
_AROUND_ATTENTION = NormRoles("attn_norm", "post_attention_norm")
_AROUND_FEED_FORWARD = NormRoles("ffn_norm", "post_ffw_norm")

_BERT = Family(
    None,
    "gelu",
    layer_norm=True,
    attention_norms=NormRoles(total="attn_output_norm"),
    feed_forward_norms=NormRoles(total="layer_output_norm"),
    embeds=True,
    output_norm=None,
    embedding_norm="token_embd_norm",
    traced=True,
)

FAMILIES = {
    "llama": Family("norm", traced=True),  # Mistral and Mixtral too
    "internlm2": Family("norm", traced=True),
    "exaone": Family("neox", traced=True),
    "ernie4_5": Family("norm", traced=True),
    "arcee": Family("norm", "relu2", traced=True),
    "mistral3": Family("norm", traced=True),
    "smollm3": Family("norm", unrotated_period=4, traced=True),
    "granite": Family("norm", logits_divided=True, rope_switch=True, traced=True),
    "granitemoe": Family("norm", logits_divided=True, rope_switch=True, traced=True),
    "minicpm": Family(
        "norm",
        embedding_scale=12.0,
        residual_depth_scale=1.4,
        logit_width=256,
        logits_divided=True,
        traced=True,
    ),
    "qwen2": Family("neox", traced=True),
    "qwen3": Family("neox", traced=True),
    "qwen2moe": Family("neox", routing=Routing(normalized=False), traced=True),
    "qwen3moe": Family("neox", traced=True),
    "olmoe": Family("neox", head_norms="all heads", routing=Routing(normalized=False), traced=True),
    "deepseek": Family("norm", routing=Routing(normalized=False, scaled=True), traced=True),
    "dots1": Family("neox", routing=Routing("sigmoid", None, scaled=True), traced=True),
    "bailingmoe": Family("norm", routing=Routing("softmax", None, scaled=True), traced=True),
    "bailingmoe2": Family("neox", routing=Routing("sigmoid", None, scaled=True), traced=True),
    "ernie4_5-moe": Family("norm", traced=True),
    "hunyuan-moe": Family("neox", head_norms_behind_rope=True, traced=True),
    "minimax-m2": Family("neox", head_norms="all heads", routing=Routing("sigmoid"), traced=True),
    "glm4moe": Family(
        "neox",
        feed_forward_norms=NormRoles("post_attention_norm"),
        routing=Routing("sigmoid", None, scaled=True),
        sections="in rows",
        traced=True,
    ),
    "dbrx": Family("neox", layer_norm=True, feed_forward_norms=NormRoles("attn_output_norm"), traced=True),
    "seed_oss": Family("neox", feed_forward_norms=NormRoles("post_attention_norm"), traced=True),
    "hunyuan-dense": Family("neox", head_norms_behind_rope=True, traced=True),
    "olmo2": Family(
        "neox",
        attention_norms=NormRoles(behind="post_attention_norm"),
        feed_forward_norms=NormRoles(behind="post_ffw_norm"),
        head_norms="all heads",
        local_period=4,
        local_unscaled=True,
        traced=True,
    ),
    "exaone4": Family(
        "neox",
        attention_norms=NormRoles(behind="post_attention_norm"),
        feed_forward_norms=NormRoles(behind="post_ffw_norm"),
        local_period=4,
        rotated_windows=True,
        traced=True,
    ),
    "glm4": Family(
        "norm",
        attention_norms=_AROUND_ATTENTION,
        feed_forward_norms=_AROUND_FEED_FORWARD,
        sections="in rows",
        traced=True,
    ),
    "gemma": Family("neox", "gelu", embedding_root=True, traced=True),
    "gemma2": Family(
        "neox",
        "gelu",
        embedding_root=True,
        attention_norms=_AROUND_ATTENTION,
        feed_forward_norms=_AROUND_FEED_FORWARD,
        local_period=2,
        local_window=4096,
        soft_cap=50.0,
        logit_soft_cap=30.0,
        wide_scale_layers=46,
        traced=True,
    ),
    "gemma3": Family(
        "neox",
        "gelu",
        embedding_root=True,
        attention_norms=_AROUND_ATTENTION,
        feed_forward_norms=_AROUND_FEED_FORWARD,
        local_period=6,
        local_base=1e4,
        wide_scale_layers=62,
        traced=True,
    ),
    "gemma3n": Family(
        "neox",
        "gelu",
        embedding_root=True,
        attention_norms=_AROUND_ATTENTION,
        feed_forward_norms=_AROUND_FEED_FORWARD,
        local_period=5,
        local_base=1e4,
        score_scale=1.0,
        logit_soft_cap=30.0,
        normed_values=True,
        first_shared_layer=20,
        sparse_layers=10,
        sparsity=1.6448533535003662,  # above which 5 % of normally distributed values are
        traced=True,
    ),
    "gemma4": Family(
        "neox",
        "gelu",
        embedding_root=True,
        attention_norms=_AROUND_ATTENTION,
        feed_forward_norms=_AROUND_FEED_FORWARD,
        local_period=6,
        local_base=1e4,
        score_scale=1.0,
        logit_soft_cap=30.0,
        normed_values=True,
        values_of_keys=True,
        global_factors=True,
        expert_norms=True,
        traced=True,
    ),
    "phi3": Family("neox", traced=True),
    "minicpm3": Family("neox", embedding_scale=12.0, residual_depth_scale=1.4, logit_width=256, traced=True),
    "plm": Family("norm", "relu2", traced=True),
    "deepseek2": Family("norm", latent_yarn="one term", routing=Routing(normalized=None, scaled=True), traced=True),
    "mistral4": Family("norm", latent_yarn="two terms", routing=Routing(normalized=None, scaled=True), traced=True),
    "lfm2": Family("neox", output_norm="token_embd_norm", local_period=_EVERY_LAYER, traced=True),
    "lfm2moe": Family("neox", output_norm="token_embd_norm", traced=True),
    "qwen35": Family(
        "neox",
        feed_forward_norms=NormRoles("post_attention_norm"),
        gated_attention=True,
        tiled_key_heads=True,
        sections="by turns",
        traced=True,
    ),
    "qwen35moe": Family(
        "neox",
        feed_forward_norms=NormRoles("post_attention_norm"),
        gated_attention=True,
        tiled_key_heads=True,
        sections="by turns",
        traced=True,
    ),
    "qwen3next": Family("neox", feed_forward_norms=NormRoles("post_attention_norm"), gated_attention=True, traced=True),
    "gpt-oss": Family(
        "neox",
        "swiglu_oai",
        feed_forward_norms=NormRoles("post_attention_norm"),
        local_period=2,
        routing=Routing("softmax of chosen", normalized=False),
        traced=True,
    ),
    "phi2": Family("neox", "gelu", layer_norm=True, arrangement="one norm", traced=True),
    "gpt2": Family(None, "gelu", layer_norm=True, traced=True),
    "gptneox": Family("neox", "gelu", layer_norm=True, traced=True),
    "starcoder2": Family("neox", "gelu", layer_norm=True, traced=True),
    "stablelm": Family("neox", layer_norm=True, optional_feed_forward_norm=True, traced=True),
    "command-r": Family("norm", layer_norm=True, arrangement="one norm", traced=True),
    "cohere2": Family(
        "norm", layer_norm=True, arrangement="one norm", local_period=4, rotated_windows=True, traced=True
    ),
    "nemotron": Family("neox", "relu2", layer_norm=True, traced=True),
    "olmo": Family("norm", layer_norm=True, norm_gains=False, traced=True),
    "falcon": Family(
        "neox", "gelu", layer_norm=True, arrangement="one norm", attention_norm_beside="attn_norm_2", traced=True
    ),
    "mpt": Family(None, "gelu", layer_norm=True, traced=True),
    "bloom": Family(None, "gelu", layer_norm=True, embedding_norm="token_embd_norm", alibi=8.0, traced=True),
    "xverse": Family("norm", traced=True),
    "chatglm": Family("norm", traced=True),
    "maincoder": Family("norm", head_norms_behind_rope=True, traced=True),
    "baichuan": Family("norm", alibi_depth=40, traced=True),
    "refact": Family(None, alibi=8.0, traced=True),
    "qwen": Family("neox", traced=True),
    "qwen2vl": Family("neox", sections="in rows", traced=True),
    "qwen3vl": Family("neox", sections="by turns", traced=True),
    "qwen3vlmoe": Family("neox", sections="by turns", traced=True),
    "paddleocr": Family("neox", sections="in rows", traced=True),
    "hunyuan_vl": Family("neox", head_norms_behind_rope=True, sections="in rows", traced=True),
    "pangu-embedded": Family("neox", traced=True),
    "plamo": Family("neox", arrangement="one norm", traced=True),
    "orion": Family("neox", layer_norm=True, traced=True),
    "starcoder": Family(None, "gelu", layer_norm=True, traced=True),
    "codeshell": Family("neox", "gelu", layer_norm=True, traced=True),
    "jais": Family(None, layer_norm=True, length_scale=True, traced=True),
    "jais2": Family("neox", "relu2", layer_norm=True, traced=True),
    "dream": Family("neox", causal=False, traced=True),
    "llada-moe": Family("neox", causal=False, routing=Routing(normalized=False), traced=True),
    "rnd1": Family("neox", causal=False, traced=True),
    "llada": Family("norm", causal=False, traced=True),
    "apertus": Family("neox", "xielu", traced=True),
    "bitnet": Family("neox", traced=True),
    "deci": Family("norm", traced=True),
    "openelm": Family("neox", traced=True),
    "phimoe": Family("neox", traced=True),
    "bert": _BERT,
    "nomic-bert": replace(_BERT, pairs="neox", activation="silu"),
    "nomic-bert-moe": replace(_BERT, pairs="neox", routing=Routing(normalized=False)),
    "jina-bert-v2": replace(_BERT, alibi=8.0, head_norms="all heads"),
    "jina-bert-v3": replace(_BERT, pairs="neox"),
    "eurobert": Family("neox", embeds=True, traced=True),
    "llama-embed": Family("norm", embeds=True, traced=True),
    "gemma-embedding": Family(
        "neox",
        "gelu",
        embeds=True,
        causal=False,
        embedding_root=True,
        attention_norms=_AROUND_ATTENTION,
        feed_forward_norms=_AROUND_FEED_FORWARD,
        local_period=6,
        local_base=1e4,
        traced=True,
    ),
    "modern-bert": Family(
        "neox",
        "gelu",
        activation_named=True,
        layer_norm=True,
        embeds=True,
        embedding_norm="token_embd_norm",
        optional_attention_norm=True,
        local_period=3,
        local_first=True,
        local_base=1e4,
        traced=True,
    ),
}


def family_of(model: Model) -> Family:
    """The family of a language model.

    Raises:
        NotApplicableError: It is none, or has an architecture that is not known.
    """
    if model.general_type not in {None, "model"}:
        raise NotApplicableError(f"the file is no language model: its general.type is {model.general_type!r}")
    if model.architecture is None:
        raise NotApplicableError("the file names no architecture")
    family = FAMILIES.get(model.architecture)
    if family is None:
        raise NotApplicableError(
            f"ggufscope does not know the architecture {model.architecture!r}: its activation, norms and RoPE pairs are"
            f" not in the file; {len(FAMILIES)} others are known, docs/architectures.md names them"
        )
    return family
