"""Architectures with one FFN in each layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..changes import OneAdded, PairedRows, Renamed
from ..conversion import Conversion
from ..keys import Key, computed, count, flag, head_size, heads_of, number, sliding_layers, width_of
from .llama import (
    DEFAULTS,
    HEAD_COUNT_KV,
    HEAD_LENGTHS,
    KEYS,
    PAIRED,
    TEXT_MODEL,
    VOCABULARY,
    key_heads,
    scaled_frequencies,
)

if TYPE_CHECKING:
    from ..config import Config

_BARE = Renamed(r"^(?!model\.|lm_head)", "model.")  # of a model without a head: names lack their first word


def _rotated(config: Config) -> int:
    """Rows of a head that RoPE turns, of a share of them."""
    return int(config.rotary_share(1.0) * head_size(config))


def _rotated_of_width(config: Config) -> int:
    return int(config.rotary_share(1.0) * width_of(config)) // heads_of(config)


def _four_widths(config: Config) -> int:
    return 4 * width_of(config)


def _linear_or_none(config: Config) -> str:
    return "none" if (config.number("factor") or config.rope_number("factor")) is None else "linear"


LLAMA = Conversion("llama", (TEXT_MODEL, *PAIRED), (*HEAD_LENGTHS, *KEYS), defaults=DEFAULTS, made=scaled_frequencies)
_WINDOW = count("attention.sliding_window", "sliding_window")
_QWEN_2 = Conversion("qwen2", (_BARE,), (HEAD_COUNT_KV,), defaults=DEFAULTS)
_QWEN_3 = Conversion("qwen3", (_BARE,), (HEAD_COUNT_KV,), defaults={**DEFAULTS, "head_dim": 128})
_OLMO_2 = Conversion("olmo2", (), (HEAD_COUNT_KV,), defaults={**DEFAULTS, "rms_norm_eps": 1e-5})


def _window(config: Config) -> int:
    """0 of Phi 4, by which it is told from the others."""
    return config.count("sliding_window") or 0


def _long_factors(config: Config) -> list[tuple[str, list[float]]]:
    long, short = config.rope_numbers("long_factor"), config.rope_numbers("short_factor")
    if not long or not short:
        return []
    return [("rope_factors_long.weight", long), ("rope_factors_short.weight", short)]


def _original_context(config: Config) -> int | None:
    told = config.rope_number("original_max_position_embeddings")
    return config.count("max_position_embeddings") if told is None else int(told)


_PHI_3 = Conversion(
    "phi3",
    (),
    (
        HEAD_COUNT_KV,
        computed("rope.scaling.original_context_length", _original_context),
        computed("rope.dimension_count", _rotated_of_width),
        computed("attention.sliding_window", _window),
    ),
    without=("attention.key_length", "attention.value_length", "rope.scaling.type", "rope.freq_base_swa"),
    defaults={**DEFAULTS, "rms_norm_eps": 1e-5},
    added_as_they_are=True,
    made=_long_factors,
)
_PHI_2 = Conversion(
    "phi2",
    (),
    (
        computed("feed_forward_length", _four_widths),
        computed("attention.head_count_kv", heads_of),
        computed("rope.dimension_count", _rotated_of_width),
    ),
    without=("rope.freq_base",),
    defaults={"layer_norm_eps": 1e-5, "partial_rotary_factor": 0.5},
    adds_bos=False,
)
_STABLELM = Conversion(
    "stablelm",
    (),
    (
        HEAD_COUNT_KV,
        computed("rope.dimension_count", _rotated),
        flag("use_parallel_residual", "use_parallel_residual", default=True),
    ),
    without=("rope.freq_base",),
    defaults={"layer_norm_eps": 1e-5, "partial_rotary_factor": 0.25},
)
_SCALES = (
    number("attention.scale", "attention_multiplier"),
    number("embedding_scale", "embedding_multiplier"),
    number("residual_scale", "residual_multiplier"),
    number("logit_scale", "logits_scaling"),
)
GRANITE_KEYS: tuple[Key, ...] = (*KEYS, *_SCALES)
GRANITE_WITHOUT = ("attention.key_length", "attention.value_length")
_OLMO = Conversion(
    "olmo",
    (PairedRows(("q_proj.weight",), heads_of), PairedRows(("k_proj.weight",), key_heads)),
    (
        HEAD_COUNT_KV,
        Key("attention.layer_norm_epsilon", "float32", lambda _: 1e-5),
        number("attention.clamp_kqv", "clip_qkv"),
    ),
    defaults={"rope_theta": 10000.0},
)
_COHERE = Conversion(
    "command-r",
    (),
    (
        HEAD_COUNT_KV,
        count("context_length", "model_max_length", "max_position_embeddings"),
        number("logit_scale", "logit_scale"),
        Key("rope.scaling.type", "string", lambda _: "none"),
    ),
    defaults={"layer_norm_eps": 1e-5, "rope_theta": 10000.0},
)
_STARCODER_2 = Conversion("starcoder2", (), (HEAD_COUNT_KV,), defaults={"norm_epsilon": 1e-5, "rope_theta": 10000.0})
_NEMOTRON = Conversion(
    "nemotron",
    (OneAdded(),),
    (
        HEAD_COUNT_KV,
        VOCABULARY,
        number("attention.layer_norm_epsilon", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"),
        computed("rope.dimension_count", _rotated_of_width),
        Key("rope.scaling.type", "string", _linear_or_none),
        Key("rope.scaling.factor", "float32", lambda config: config.number("factor") or config.rope_number("factor")),
    ),
    defaults={"norm_eps": 1e-5, "partial_rotary_factor": 0.5, "rope_theta": 10000.0},
    token_ids={"padding": 0, "unknown": 1},
)
_OLMO_3 = replace(
    _OLMO_2, keys=(HEAD_COUNT_KV, _WINDOW, Key("attention.sliding_window_pattern", "bool", sliding_layers))
)
_COHERE_2 = Conversion(
    "cohere2",
    (Renamed(r"\.bias$", None),),
    (
        HEAD_COUNT_KV,
        number("logit_scale", "logit_scale"),
        _WINDOW,
        VOCABULARY,
        computed("rope.dimension_count", _rotated),
        Key("rope.scaling.type", "string", lambda _: "none"),
    ),
    defaults={"layer_norm_eps": 1e-5, "rope_theta": 10000.0},
)

DENSE: dict[str, Conversion] = {
    "LlamaForCausalLM": LLAMA,
    "LLaMAForCausalLM": LLAMA,
    "MistralForCausalLM": LLAMA,
    "MixtralForCausalLM": replace(LLAMA, keys=KEYS),
    "VLlama3ForCausalLM": LLAMA,
    "LlavaForConditionalGeneration": LLAMA,
    "IQuestCoderForCausalLM": LLAMA,
    "LlamaModel": replace(LLAMA, changes=(_BARE, *PAIRED)),
    "SmolLM3ForCausalLM": replace(LLAMA, architecture="smollm3", keys=KEYS, defaults={**DEFAULTS, "rope_theta": 2e6}),
    "Qwen2ForCausalLM": _QWEN_2,
    "Qwen2Model": _QWEN_2,
    "Qwen3ForCausalLM": _QWEN_3,
    "Qwen3Model": _QWEN_3,
    "PhiForCausalLM": _PHI_2,
    "Phi3ForCausalLM": _PHI_3,
    "OlmoForCausalLM": _OLMO,
    "Olmo2ForCausalLM": _OLMO_2,
    "Starcoder2ForCausalLM": _STARCODER_2,
    "StableLmForCausalLM": _STABLELM,
    "GraniteForCausalLM": replace(LLAMA, architecture="granite", keys=GRANITE_KEYS, without=GRANITE_WITHOUT),
    "CohereForCausalLM": _COHERE,
    "Cohere2ForCausalLM": _COHERE_2,
    "ArceeForCausalLM": replace(LLAMA, architecture="arcee"),
    "SeedOssForCausalLM": Conversion("seed_oss", (), (HEAD_COUNT_KV,), defaults=DEFAULTS),
    "NemotronForCausalLM": _NEMOTRON,
    "Olmo3ForCausalLM": _OLMO_3,
    "InternLM3ForCausalLM": replace(LLAMA, keys=KEYS),
}  # fmt: skip
