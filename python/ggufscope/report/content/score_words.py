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


def score_words(name: str) -> str:
    """A name as people write it; text that may come from a file, to be escaped.

    >>> score_words("ffn_dominance"), score_words("qk_norm_ratio"), score_words("attn_gain_rms")
    ('FFN dominance', 'W_q / W_k', 'attention gain rms')
    """
    if name in _WORDS:
        return _WORDS[name]
    return re.sub(r"\b(?:ffn|attn|qk)\b", lambda found: _ABBREVIATIONS[found[0]], name.replace("_", " "))
