"""Architectures with queries, keys and values in one matrix, or with matrices that are turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..changes import GroupedQueries, Renamed, Transposed
from ..conversion import Conversion
from ..keys import Key, computed, count, flag, head_size, heads_of, width_of

if TYPE_CHECKING:
    from ..config import Config


def _four_widths(config: Config) -> int:
    return 4 * width_of(config)


def _rotated(config: Config) -> int:
    return int(config.rotary_share(0.25) * head_size(config))


def _falcon_groups(config: Config) -> int:
    return config.count("num_kv_heads", "n_head_kv") or 1


_HEADS = ("attention.key_length", "attention.value_length")
_GPT_2 = Conversion(
    "gpt2",
    (
        Renamed(r"\.attn\.(?:masked_)?bias$", None),
        Transposed((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")),
    ),
    (
        count("context_length", "n_ctx", "n_positions"),
        computed("feed_forward_length", _four_widths),
    ),
    defaults={"layer_norm_epsilon": 1e-5, "n_positions": 1024},
)
_BLOOM = Conversion(
    "bloom",
    (
        Renamed(r"^transformer\.", ""),
        GroupedQueries("self_attention.query_key_value.weight", heads_of, heads_of),
        GroupedQueries("self_attention.query_key_value.bias", heads_of, heads_of),
    ),
    (
        Key("context_length", "uint32", lambda config: config.count("seq_length") or width_of(config)),
        computed("embedding_length", width_of),
        computed("feed_forward_length", _four_widths),
        computed("attention.head_count_kv", heads_of),
    ),
    defaults={"layer_norm_epsilon": 1e-5},
)
_NEOX = Conversion(
    "gptneox",
    (
        GroupedQueries(".attention.query_key_value.weight", heads_of, heads_of),
        GroupedQueries(".attention.query_key_value.bias", heads_of, heads_of),
    ),
    (
        computed("rope.dimension_count", _rotated),
        flag("use_parallel_residual", "use_parallel_residual", default=True),
    ),
    without=("rope.freq_base", "attention.head_count_kv", *_HEADS),
    defaults={"layer_norm_eps": 1e-5},
)
_FALCON = Conversion(
    "falcon",
    (
        GroupedQueries("query_key_value.weight", _falcon_groups, heads_of),
        GroupedQueries("query_key_value.bias", _falcon_groups, heads_of),
    ),
    (
        Key("context_length", "uint32", lambda _: 2048),
        Key("tensor_data_layout", "string", lambda _: "jploski"),
        computed("feed_forward_length", _four_widths),
        computed("attention.head_count_kv", _falcon_groups),
    ),
    without=("rope.freq_base", *_HEADS),
    defaults={"layer_norm_epsilon": 1e-5},
)
FUSED: dict[str, Conversion] = {
    "GPT2LMHeadModel": _GPT_2,
    "BloomForCausalLM": _BLOOM,
    "BloomModel": _BLOOM,
    "GPTNeoXForCausalLM": _NEOX,
    "FalconForCausalLM": _FALCON,
    "RWForCausalLM": _FALCON,
}
