"""What `llama-quantize` does with a tensor, as far as it does not depend on the mix: llama-quant.cpp of llama.cpp.

With `--pure` every tensor gets the type of the label on the command line, unless a pattern says otherwise; which
tensors of a mix get more bits has changed from release to release, and nothing here relies on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arrays.arguments import describe_type

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUT, EMBEDDING, LAYER_EMBEDDING = "output.weight", "token_embd.weight", "per_layer_token_embd.weight"

# Type → the label that stands for it on the command line. The label is also what the file declares itself to be.
LABELS = {
    "Q4_0": "Q4_0",
    "Q4_1": "Q4_1",
    "Q5_0": "Q5_0",
    "Q5_1": "Q5_1",
    "Q8_0": "Q8_0",
    "Q2_K": "Q2_K",
    "Q3_K": "Q3_K_M",
    "Q4_K": "Q4_K_M",
    "Q5_K": "Q5_K_M",
    "Q6_K": "Q6_K",
    "IQ4_NL": "IQ4_NL",
    "IQ4_XS": "IQ4_XS",
    "IQ3_S": "IQ3_S",
    "IQ3_XXS": "IQ3_XXS",
    "IQ2_S": "IQ2_M",
    "IQ2_XS": "IQ2_XS",
    "IQ2_XXS": "IQ2_XXS",
    "IQ1_M": "IQ1_M",
    "IQ1_S": "IQ1_S",
    "TQ1_0": "TQ1_0",
    "TQ2_0": "TQ2_0",
    "Q1_0": "Q1_0",
    "Q2_0": "Q2_0",
}
# Labels that stand for the same type: of these the one that a file declares is kept.
_OTHER_LABELS = {
    "Q3_K_S": "Q3_K",
    "Q3_K_L": "Q3_K",
    "Q4_K_S": "Q4_K",
    "Q5_K_S": "Q5_K",
    "IQ3_XS": "IQ3_S",
    "IQ3_M": "IQ3_S",
    "IQ2_S": "IQ2_XS",
}
# Types without blocks: a label of one of these quantizes nothing, and no pattern is looked at.
PLAIN = ("F32", "F16", "BF16")
# Types that a pattern may name beside those with a label.
_BY_PATTERN_ALONE = ("MXFP4", *PLAIN)
MADE = (*LABELS, *_BY_PATTERN_ALONE)  # by ggml's quantizers, which end the process at any other
# ggml makes some of these without an importance matrix; `llama-quantize` refuses to: the result is said to be garbage.
NEED_IMPORTANCE = frozenset({"IQ3_XXS", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ1_M", "IQ1_S"})

# Type → what takes its place where its blocks do not divide a row (`tensor_type_fallback`); F16 where that does not.
_FALLBACKS = {
    **dict.fromkeys(
        ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_XS"),
        "IQ4_NL",
    ),
    **dict.fromkeys(("Q2_0", "Q2_K", "Q3_K", "TQ1_0", "TQ2_0"), "Q4_0"),
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
}

# Parts of names that are never quantized (`tensor_allows_quantization`).
_NEVER = (
    "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel", "per_layer_model_proj",
    "ssm_conv1d", "shortconv.conv.weight", "indexer.k_proj.weight", "indexer.q_proj.weight", "time_mix_first.weight",
    "time_mix_w0.weight", "time_mix_w1.weight", "time_mix_w2.weight", "time_mix_v0.weight", "time_mix_v1.weight",
    "time_mix_v2.weight", "time_mix_a0.weight", "time_mix_a1.weight", "time_mix_a2.weight", "time_mix_g1.weight",
    "time_mix_g2.weight", "time_mix_decay_w1.weight", "time_mix_decay_w2.weight", "time_mix_lerp_fused.weight",
    "attn_rel_b.weight", ".position_embd", "sam.pos_embd", "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd",
    ".patch_merger", "a.rvq.codebook", "mm.a.code_embd",
)  # fmt: skip
_NEVER_WHOLE = frozenset({"position_embd.weight", "token_types.weight"})
_NEVER_OF = {
    "glm5-next": (
        "hc_", "indexer.attn_q_b", "indexer.attn_k", "indexer.proj", "indexer_compressor_gate",
        "indexer_compressor_ape", "ssm_f_a.weight", "ssm_f_b.weight", "ssm_g_a.weight", "ssm_g_b.weight",
        "ssm_beta.weight", "attn_kv_a_mqa.weight", "attn_k_b.weight", "attn_v_b.weight",
    ),
}  # fmt: skip


def is_quantized_ever(name: str, shape: Sequence[int], architecture: str | None = None) -> bool:
    """Whether the quantizer touches a tensor at all; others keep the type they come with.

    >>> is_quantized_ever("blk.0.attn_q.weight", (64, 64)), is_quantized_ever("blk.0.ffn_gate_inp.weight", (8, 64))
    (True, False)
    """
    # ggml counts dimensions up to the last that is not 1, and NumPy's order is the reverse of its.
    is_matrix = any(extent > 1 for extent in shape[:-1])
    parts = (*_NEVER, *_NEVER_OF.get(architecture or "", ()))
    return (
        is_matrix and name.endswith("weight") and name not in _NEVER_WHOLE and not any(part in name for part in parts)
    )


def fitted(type_name: str, columns: int) -> str:
    """The type that a tensor gets in place of one whose blocks do not divide its rows.

    >>> fitted("Q4_K", 4096), fitted("Q4_K", 640), fitted("Q6_K", 172)
    ('Q4_K', 'Q5_0', 'F16')
    """
    if _divides(type_name, columns):
        return type_name
    other = _FALLBACKS.get(type_name, type_name)
    return other if _divides(other, columns) else "F16"


def _divides(type_name: str, columns: int) -> bool:
    return columns % describe_type(type_name)["elements_per_block"] == 0


def can_make(type_name: str) -> bool:
    """Whether the quantizer makes a type."""
    return type_name in MADE


def base_of(label: str | None) -> str | None:
    """The type that a label stands for; None for a label of something else.

    >>> base_of("Q4_K_S"), base_of("Q4_K_M"), base_of("F16")
    ('Q4_K', 'Q4_K', None)
    """
    if label in _OTHER_LABELS:
        return _OTHER_LABELS[label]
    return next((kind for kind, name in LABELS.items() if name == label), None)


def label_for(type_name: str, declared: str | None) -> str:
    """The label that stands for a type; the one that a file declares, if that does.

    >>> label_for("Q4_K", "Q4_K_S"), label_for("Q6_K", "Q4_K_S")
    ('Q4_K_S', 'Q6_K')
    """
    if declared is not None and _OTHER_LABELS.get(declared) == type_name:
        return declared
    return LABELS.get(type_name, type_name)
