"""Mixtures of experts."""

from __future__ import annotations

from ..family import Family, NormRoles, Routing

EXPERTS: dict[str, Family] = {
    "granitemoe": Family("norm", logits_divided=True, rope_switch=True),
    "qwen2moe": Family("neox", routing=Routing(normalized=False)),
    "qwen3moe": Family("neox"),
    "olmoe": Family("neox", head_norms="all heads", routing=Routing(normalized=False)),
    "deepseek": Family("norm", routing=Routing(normalized=False, scaled=True)),
    "dots1": Family("neox", routing=Routing("sigmoid", None, scaled=True)),
    "bailingmoe": Family("norm", routing=Routing("softmax", None, scaled=True)),
    "bailingmoe2": Family("neox", routing=Routing("sigmoid", None, scaled=True)),
    "ernie4_5-moe": Family("norm"),
    "hunyuan-moe": Family("neox", head_norms_behind_rope=True),
    "minimax-m2": Family("neox", head_norms="all heads", routing=Routing("sigmoid")),
    "glm4moe": Family(
        "neox",
        feed_forward_norms=NormRoles("post_attention_norm"),
        routing=Routing("sigmoid", None, scaled=True),
        sections="in rows",
    ),
    "gpt-oss": Family(
        "neox",
        "swiglu_oai",
        feed_forward_norms=NormRoles("post_attention_norm"),
        local_period=2,
        routing=Routing("softmax of chosen", normalized=False),
    ),
    "qwen3vlmoe": Family("neox", sections="by turns"),
    "llada-moe": Family("neox", causal=False, routing=Routing(normalized=False)),
    "rnd1": Family("neox", causal=False),
    "phimoe": Family("neox"),
}
