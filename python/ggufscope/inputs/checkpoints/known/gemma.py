"""Gemma: gains without their 1, an output that is always the embedding, sizes that configs leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..changes import OneAdded, Renamed
from ..conversion import Conversion
from ..keys import count, number
from .llama import HEAD_COUNT_KV

if TYPE_CHECKING:
    from ..config import Config

_NO_HEAD = Renamed(r"^lm_head\.weight$", None)
_WITHOUT = ("rope.freq_base", "rope.freq_base_swa")
_SOFTCAPS = (
    number("attn_logit_softcapping", "attn_logit_softcapping"),
    number("final_logit_softcapping", "final_logit_softcapping"),
)
_WINDOW = count("attention.sliding_window", "sliding_window")


def _window_of_3(config: Config) -> int | None:
    return None if config.count("sliding_window_pattern") == 1 else config.count("sliding_window")


GEMMA: dict[str, Conversion] = {
    "GemmaForCausalLM": Conversion(
        "gemma", (_NO_HEAD, OneAdded()), (HEAD_COUNT_KV,), _WITHOUT, {"rms_norm_eps": 1e-6, "head_dim": 256},
        adds_space_prefix=False, token_ids={"eot": 107},
    ),
    "Gemma2ForCausalLM": Conversion(
        "gemma2", (_NO_HEAD, OneAdded()), (HEAD_COUNT_KV, *_SOFTCAPS, _WINDOW), _WITHOUT,
        {"rms_norm_eps": 1e-6, "head_dim": 256, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
         "sliding_window": 4096},
        adds_space_prefix=False,
    ),
}  # fmt: skip
_GEMMA_3 = Conversion(
    "gemma3",
    (OneAdded(),),
    (number("final_logit_softcapping", "final_logit_softcapping"), _WINDOW),
    defaults={
        "max_position_embeddings": 131072,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "rope_local_base_freq": 10000.0,
    },
    adds_space_prefix=False,
)
GEMMA |= {"Gemma3ForCausalLM": _GEMMA_3, "Gemma3ForConditionalGeneration": _GEMMA_3}
