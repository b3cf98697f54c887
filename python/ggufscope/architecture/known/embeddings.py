"""Models that give hidden states; the attention of most goes both ways."""

from __future__ import annotations

from dataclasses import replace

from ..family import AROUND_ATTENTION, AROUND_FEED_FORWARD, Family, NormRoles, Routing

_BERT = Family(
    None,
    "gelu",
    layer_norm=True,
    attention_norms=NormRoles(total="attn_output_norm"),
    feed_forward_norms=NormRoles(total="layer_output_norm"),
    embeds=True,
    output_norm=None,
    embedding_norm="token_embd_norm",
)

EMBEDDINGS: dict[str, Family] = {
    "bert": _BERT,
    "nomic-bert": replace(_BERT, pairs="neox", activation="silu"),
    "nomic-bert-moe": replace(_BERT, pairs="neox", routing=Routing(normalized=False)),
    "jina-bert-v2": replace(_BERT, alibi=8.0, head_norms="all heads"),
    "jina-bert-v3": replace(_BERT, pairs="neox"),
    "eurobert": Family("neox", embeds=True),
    "llama-embed": Family("norm", embeds=True),
    "gemma-embedding": Family(
        "neox",
        "gelu",
        embeds=True,
        causal=False,
        embedding_root=True,
        attention_norms=AROUND_ATTENTION,
        feed_forward_norms=AROUND_FEED_FORWARD,
        local_period=6,
        local_base=1e4,
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
    ),
}
