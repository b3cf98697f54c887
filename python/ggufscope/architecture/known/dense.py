"""One FFN a layer, RMSNorm: Llama, Qwen, and those that differ from them by a few parts."""

from __future__ import annotations

from ..family import AROUND_ATTENTION, AROUND_FEED_FORWARD, Family, NormRoles

DENSE: dict[str, Family] = {
    "llama": Family("norm"),  # Mistral and Mixtral, too
    "internlm2": Family("norm"),
    "exaone": Family("neox"),
    "ernie4_5": Family("norm"),
    "arcee": Family("norm", "relu2"),
    "mistral3": Family("norm"),
    "smollm3": Family("norm", unrotated_period=4),
    "granite": Family("norm", logits_divided=True, rope_switch=True),
    "minicpm": Family(
        "norm",
        embedding_scale=12.0,
        residual_depth_scale=1.4,
        logit_width=256,
        logits_divided=True,
    ),
    "qwen2": Family("neox"),
    "qwen3": Family("neox"),
    "seed_oss": Family("neox", feed_forward_norms=NormRoles("post_attention_norm")),
    "hunyuan-dense": Family("neox", head_norms_behind_rope=True),
    "olmo2": Family(
        "neox",
        attention_norms=NormRoles(behind="post_attention_norm"),
        feed_forward_norms=NormRoles(behind="post_ffw_norm"),
        head_norms="all heads",
        local_period=4,
        local_unscaled=True,
    ),
    "exaone4": Family(
        "neox",
        attention_norms=NormRoles(behind="post_attention_norm"),
        feed_forward_norms=NormRoles(behind="post_ffw_norm"),
        local_period=4,
        rotated_windows=True,
    ),
    "glm4": Family(
        "norm",
        attention_norms=AROUND_ATTENTION,
        feed_forward_norms=AROUND_FEED_FORWARD,
        sections="in rows",
    ),
    "phi3": Family("neox"),
    "xverse": Family("norm"),
    "chatglm": Family("norm"),
    "maincoder": Family("norm", head_norms_behind_rope=True),
    "baichuan": Family("norm", alibi_depth=40),
    "refact": Family(None, alibi=8.0),
    "qwen": Family("neox"),
    "qwen2vl": Family("neox", sections="in rows"),
    "qwen3vl": Family("neox", sections="by turns"),
    "paddleocr": Family("neox", sections="in rows"),
    "hunyuan_vl": Family("neox", head_norms_behind_rope=True, sections="in rows"),
    "pangu-embedded": Family("neox"),
    "plamo": Family("neox", arrangement="one norm"),
    "dream": Family("neox", causal=False),
    "llada": Family("norm", causal=False),
    "apertus": Family("neox", "xielu"),
    "bitnet": Family("neox"),
    "deci": Family("norm"),
    "openelm": Family("neox"),
}
