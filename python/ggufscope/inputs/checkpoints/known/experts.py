"""Architectures whose FFNs are experts; Mixtral is a Llama to llama.cpp, and stands there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...._core import GGUFError
from ..changes import Halved, Named, Renamed, transposed
from ..conversion import Conversion
from ..keys import Key, computed, count, n_layers, number
from .dense import GRANITE_KEYS, GRANITE_WITHOUT
from .llama import DEFAULTS, HEAD_COUNT_KV, PAIRED, VOCABULARY, scaled_frequencies

if TYPE_CHECKING:
    from ..config import Config
    from ..parts import Part

# Experts in one tensor for each layer, as some checkpoints have them: gate and up in one, names without ".weight".
_TOGETHER = (
    Halved("mlp.experts.gate_up_proj", "mlp.experts.gate_proj.weight", "mlp.experts.up_proj.weight"),
    Renamed(r"mlp\.experts\.down_proj$", "mlp.experts.down_proj.weight"),
)
_EXPERT_SIZE = count("expert_feed_forward_length", "moe_intermediate_size")


@dataclass(frozen=True)
class _LatentKeysAndValues:
    """`kv_b_proj` of latent attention: keys, each head of them turned, and values, in tensors of their own."""

    ending: str = "kv_b_proj.weight"

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        if not name.endswith(self.ending):
            return None
        heads = config.need_count("num_key_value_heads")
        keys, values = config.need_count("qk_nope_head_dim"), config.need_count("v_head_dim")
        size = keys + values
        if part.n_rows != heads * size:
            raise GGUFError(f"tensor '{name}': {part.n_rows} rows are no {heads} heads of {size} ({config.name})")
        columns = part.shape[-1]
        of_keys = part.with_rows((heads, keys, columns), tuple((head * size, keys) for head in range(heads)))
        of_values = part.with_rows(
            (heads, values, columns), tuple((head * size + keys, values) for head in range(heads))
        )
        stem = name.removesuffix(self.ending)
        return [(f"{stem}k_b_proj.weight", transposed(name, of_keys)), (f"{stem}v_b_proj.weight", of_values)]


@dataclass(frozen=True)
class _BeyondLayers:
    """Layers behind those that the config counts, which predict further tokens: left out."""

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        match = _IN_LAYER.match(name)
        return [] if match is not None and int(match[1]) >= n_layers(config) else None


_IN_LAYER = re.compile(r"model\.layers\.([0-9]{1,6})\.")


def _latent(config: Config) -> int:
    return config.count("kv_lora_rank") or 512


def _dense_layers(config: Config) -> int:
    told = config.count("first_k_dense_replace")
    if told is not None:
        return told
    return 0 if config.count("n_routed_experts") else n_layers(config)


def _log_multiplier(config: Config) -> float | None:
    told = config.rope_number("mscale_all_dim")
    return None if told is None else 0.1 * told


_DEEPSEEK = Conversion(
    "deepseek2",
    (_BeyondLayers(), _LatentKeysAndValues()),
    (
        computed("attention.head_count_kv", lambda _: 1),
        computed("leading_dense_block_count", _dense_layers),
        VOCABULARY,
        count("attention.q_lora_rank", "q_lora_rank"),
        computed("attention.kv_lora_rank", _latent),
        computed("attention.key_length", lambda config: _latent(config) + config.need_count("qk_rope_head_dim")),
        computed("attention.value_length", _latent),
        computed(
            "attention.key_length_mla",
            lambda config: config.need_count("qk_nope_head_dim") + config.need_count("qk_rope_head_dim"),
        ),
        count("attention.value_length_mla", "v_head_dim"),
        count("expert_feed_forward_length", "moe_intermediate_size", "intermediate_size"),
        count("expert_shared_count", "n_shared_experts", default=0),
        number("expert_weights_scale", "routed_scaling_factor"),
        Key("expert_weights_norm", "bool", lambda config: config.flag("norm_topk_prob") or None),
        count("rope.dimension_count", "qk_rope_head_dim"),
        Key("rope.scaling.yarn_log_multiplier", "float32", _log_multiplier),
    ),
    defaults=DEFAULTS,
)
_GRANITE_MOE = Conversion(
    "granitemoe",
    (
        *PAIRED,
        Halved("block_sparse_moe.input_linear.weight", "mlp.experts.gate_proj.weight", "mlp.experts.up_proj.weight"),
        Halved(
            "shared_mlp.input_linear.weight", "mlp.shared_expert.gate_proj.weight", "mlp.shared_expert.up_proj.weight"
        ),
        Renamed(r"shared_mlp\.output_linear\.weight$", "mlp.shared_expert.down_proj.weight"),
    ),
    (*GRANITE_KEYS, count("expert_shared_feed_forward_length", "shared_intermediate_size")),
    without=GRANITE_WITHOUT,
    defaults=DEFAULTS,
    made=scaled_frequencies,
)
EXPERTS: dict[str, Conversion] = {
    "Qwen2MoeForCausalLM": Conversion(
        "qwen2moe", _TOGETHER,
        (HEAD_COUNT_KV, _EXPERT_SIZE, count("expert_shared_feed_forward_length", "shared_expert_intermediate_size")),
        defaults=DEFAULTS,
    ),
    "Qwen3MoeForCausalLM": Conversion("qwen3moe", _TOGETHER, (HEAD_COUNT_KV, _EXPERT_SIZE), defaults=DEFAULTS),
    "OlmoeForCausalLM": Conversion(
        "olmoe", _TOGETHER,
        (HEAD_COUNT_KV, Key("attention.layer_norm_rms_epsilon", "float32", lambda _: 1e-5)),
        defaults=DEFAULTS,
    ),
    "GraniteMoeForCausalLM": _GRANITE_MOE,
    "GraniteMoeSharedForCausalLM": _GRANITE_MOE,
    "DeepseekV2ForCausalLM": _DEEPSEEK,
    "DeepseekV3ForCausalLM": _DEEPSEEK,
}  # fmt: skip
