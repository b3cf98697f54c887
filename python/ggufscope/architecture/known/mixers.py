"""Something else than plain softmax attention between tokens, in all layers or in some."""

from __future__ import annotations

from dataclasses import replace

from ..family import EVERY_LAYER, Family, NormRoles, Routing

_QWEN3_NEXT = Family("neox", feed_forward_norms=NormRoles("post_attention_norm"), gated_attention=True)

MIXERS: dict[str, Family] = {
    "minicpm3": Family("neox", embedding_scale=12.0, residual_depth_scale=1.4, logit_width=256),
    "plm": Family("norm", "relu2"),
    "deepseek2": Family(
        "norm",
        latent_yarn="one term",
        routing=Routing(normalized=None, scaled=True, sigmoid_sizes=((47, 154880), (48, 154880))),  # GLM 4.7 Flash
    ),
    "mistral4": Family("norm", latent_yarn="two terms", routing=Routing(normalized=None, scaled=True)),
    "lfm2": Family("neox", output_norm="token_embd_norm", local_period=EVERY_LAYER),
    "lfm2moe": Family("neox", output_norm="token_embd_norm"),
    "qwen35": replace(_QWEN3_NEXT, tiled_key_heads=True, sections="by turns"),
    "qwen35moe": replace(_QWEN3_NEXT, tiled_key_heads=True, sections="by turns"),
    "qwen3next": _QWEN3_NEXT,
}
