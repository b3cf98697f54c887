"""LayerNorm in place of RMSNorm."""

from __future__ import annotations

from ..family import Family, NormRoles

LAYER_NORMS: dict[str, Family] = {
    "dbrx": Family("neox", layer_norm=True, feed_forward_norms=NormRoles("attn_output_norm")),
    "phi2": Family("neox", "gelu", layer_norm=True, arrangement="one norm"),
    "gpt2": Family(None, "gelu", layer_norm=True),
    "gptneox": Family("neox", "gelu", layer_norm=True),
    "starcoder2": Family("neox", "gelu", layer_norm=True),
    "stablelm": Family("neox", layer_norm=True, optional_feed_forward_norm=True),
    "command-r": Family("norm", layer_norm=True, arrangement="one norm"),
    "cohere2": Family("norm", layer_norm=True, arrangement="one norm", local_period=4, rotated_windows=True),
    "nemotron": Family("neox", "relu2", layer_norm=True),
    "olmo": Family("norm", layer_norm=True, norm_gains=False),
    "falcon": Family("neox", "gelu", layer_norm=True, arrangement="one norm", attention_norm_beside="attn_norm_2"),
    "mpt": Family(None, "gelu", layer_norm=True),
    "bloom": Family(None, "gelu", layer_norm=True, embedding_norm="token_embd_norm", alibi=8.0),
    "orion": Family("neox", layer_norm=True),
    "starcoder": Family(None, "gelu", layer_norm=True),
    "codeshell": Family("neox", "gelu", layer_norm=True),
    "jais": Family(None, layer_norm=True, length_scale=True),
    "jais2": Family("neox", "relu2", layer_norm=True),
}
