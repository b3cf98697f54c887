"""Names of scores, components and evidence as people write them; the names of fields stand beside definitions alone."""

from __future__ import annotations

import re

_WORDS = {
    "mean_head_entropy": "mean entropy of attention heads",
    "ffn_attention_ratio": "FFN output / attention output",
    "v_near_zero_share": "near-zero values",
    "near_zero_share": "near-zero products of the FFN",
    "k_norm": "norm of W_k",
    "v_norm": "norm of W_v",
    "q_gate_ratio": "W_q / FFN gate",
    "ffn_mean": "mean product of the FFN",
    "ffn_std": "standard deviation of the FFN's products",
    "q_rms": "rms of queries",
    "k_rms": "rms of keys",
    "v_rms": "rms of values",
    "gate_rms": "rms of the FFN's gate",
    "up_rms": "rms of the FFN's up",
    "ffn_norm_rms": "rms behind the norm of the FFN",
    "residual_rms": "rms of the residual stream",
    "ffn_output_rms": "rms of the FFN's output",
    "attention_output_rms": "rms of attention's output",
    "qk_row_ratio": "W_q / W_k per row",
    "qk_balance": "balance of W_q and W_k per row",
    "qk_norm_ratio": "W_q / W_k",
    "qk_norm_balance": "balance of W_q and W_k",
    "ashman_d": "separation of the clusters (Ashman's D)",
    "layers_low": "layers in the low cluster",
    "layers_high": "layers in the high cluster",
    "q_std": "standard deviation of queries",
    "k_std": "standard deviation of keys",
    "v_std": "standard deviation of values",
    "gate_std": "standard deviation of the FFN's gate",
    "up_std": "standard deviation of the FFN's up",
    "p_first": "probability of being first",
}
_ABBREVIATIONS = {"ffn": "FFN", "attn": "attention", "qk": "QK"}
_OTHERS = frozenset(
    {  # names of scores, components and figures that `score_words` reads word by word
        "attention_entropy",
        "attn_gain",
        "entropy_share",
        "expert_spread",
        "ffn_amplification",
        "ffn_dominance",
        "ffn_dominance_mean",
        "ffn_dominance_rms",
        "ffn_gain",
        "ffn_product",
        "first_token_share",
        "gate_std",
        "gated_near_zero_share",
        "head_entropy",
        "k_std",
        "norm_amplification",
        "norm_amplification_mean",
        "norm_amplification_rms",
        "product_dominance",
        "q_std",
        "qk_product",
        "retention_index",
        "retention_index_mean",
        "retention_index_rms",
        "up_std",
        "v_std",
        "value_amplification",
        "value_output",
        "value_output_mean",
        "value_output_rms",
        "value_sparsity",
        "vo_product",
    }
)
_NAME = re.compile(r"(?<![\w.])[a-z]+(?:_[a-z]+)+(?!\w|\.\w)")  # none that is a part of a tensor's name


def score_words(name: str) -> str:
    """A name as people write it; text that may come from a file, to be escaped.

    >>> score_words("ffn_dominance"), score_words("qk_norm_ratio"), score_words("attn_gain_rms")
    ('FFN dominance', 'W_q / W_k', 'attention gain rms')
    """
    if name in _WORDS:
        return _WORDS[name]
    return re.sub(r"\b(?:ffn|attn|qk)\b", lambda found: _ABBREVIATIONS[found[0]], name.replace("_", " "))


def in_words(sentence: str) -> str:
    """A sentence of an analysis or a validation, with the names of scores as people write them.

    Saved results keep the names of fields, which other programs look for; roles and tensors keep theirs everywhere.

    >>> in_words("value_sparsity, risk follow the quantization types of attn_v, as in blk.0.attn_v.weight")
    'value sparsity, risk follow the quantization types of attn_v, as in blk.0.attn_v.weight'
    """
    return _NAME.sub(lambda found: score_words(found[0]) if _is_score(found[0]) else found[0], sentence)


def _is_score(name: str) -> bool:
    return name in _WORDS or name in _OTHERS
