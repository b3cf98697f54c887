"""Which metadata a GGUF file has of `config.json`, as llama.cpp's converter writes it.

`GENERAL` are the keys that most architectures have. An architecture leaves some out, and has others, or others of the
same name: rows of `known/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .config import LARGEST_COUNT, Config
from .key_values import KeyValue, Kind

MOST_LAYERS = 100_000  # that names of tensors can speak of

Value = Callable[[Config], Any]


@dataclass(frozen=True)
class Key:
    """One key behind the name of the architecture, as `attention.head_count`.

    Attributes:
        name: of it.
        kind: GGUF's type.
        value: reads it from a config; None leaves it out. A list makes an array.
    """

    name: str
    kind: Kind
    value: Value


def count(name: str, *sources: str, default: int | None = None) -> Key:
    """A whole number that the config has under one of some names."""

    def value(config: Config) -> int | None:
        number = config.count(*sources)
        return default if number is None else number

    return Key(name, "uint32", value)


def number(name: str, *sources: str) -> Key:
    """A number that the config has under one of some names."""
    return Key(name, "float32", lambda config: config.number(*sources))


def flag(name: str, *sources: str, default: bool | None = None) -> Key:
    """True or false."""

    def value(config: Config) -> bool | None:
        told = config.flag(*sources)
        return default if told is None else told

    return Key(name, "bool", value)


def computed(name: str, value: Value) -> Key:
    """A whole number that is computed."""
    return Key(name, "uint32", value)


def keys_of(config: Config, architecture: str, without: Sequence[str], own: Sequence[Key]) -> list[KeyValue]:
    """The keys of one model.

    Args:
        config: of it.
        architecture: GGUF's name, with which keys begin.
        without: names of general keys that this architecture has not.
        own: keys of this architecture; one of the name of a general key takes its place.

    Raises:
        GGUFError: The config has values of other types than these keys, or beyond them.
    """
    named = {key.name: key for key in GENERAL if key.name not in without}
    named |= {key.name: key for key in own}
    values = ((key, key.value(config)) for key in named.values())
    told = [(key, value) for key, value in values if value is not None]
    for key, value in told:
        numbers = value if isinstance(value, list) else [value]
        if key.kind == "uint32" and not all(0 <= each <= LARGEST_COUNT for each in numbers):
            raise config.refusal((key.name,), f"comes to a number outside 0 to {LARGEST_COUNT}")
    return [KeyValue(f"{architecture}.{key.name}", key.kind, value) for key, value in told]


def n_layers(config: Config) -> int:
    """Layers of a model.

    Raises:
        GGUFError: The config does not say.
    """
    return config.need_count("num_hidden_layers", "n_layers", "n_layer", "num_layers")


def heads_of(config: Config) -> int:
    """Query heads."""
    return config.need_count("num_attention_heads", "n_head", "n_heads")


def width_of(config: Config) -> int:
    """Channels of the residual stream."""
    return config.need_count("hidden_size", "n_embd", "n_embed", "dim")


def head_size(config: Config) -> int:
    """Rows of one head, which most configs leave to be computed."""
    return config.count("head_dim") or width_of(config) // heads_of(config)


def sliding_layers(config: Config) -> list[bool] | None:
    """Which layers see a window alone: as the config lists them, else all but every fourth; None without a window."""
    if config.count("sliding_window") is None:
        return None
    kinds = config.value("layer_types")
    layers = n_layers(config)
    if kinds is None:
        return [bool((layer + 1) % 4) for layer in range(min(layers, MOST_LAYERS))]
    if not isinstance(kinds, list) or len(kinds) > MOST_LAYERS:
        raise config.refusal(("layer_types",), "must be a list with the kind of each layer")
    return [kind == "sliding_attention" for kind in kinds]


def _causal(config: Config) -> bool | None:
    return False if config.flag("is_causal") is False else None


_GATING = {"softmax": 1, "sigmoid": 2, "sqrtsoftplus": 4}
_GATING_NAMES = (
    "score_function",
    "scoring_func",
    "score_func",
    "moe_router_activation",
    "moe_router_activation_func",
    "expert_selection_fn",
)


def _gating(config: Config) -> int | None:
    name = config.text(*_GATING_NAMES)
    if name is not None and name not in _GATING:
        raise config.refusal(_GATING_NAMES, f"must be one of {', '.join(_GATING)}")
    return None if name is None else _GATING[name]


def _scaling_type(config: Config) -> str | None:
    """The kind of RoPE scaling, where it is one that GGUF has a name for."""
    name = config.rope_text("rope_type")
    if name in {"su", "longrope"}:
        return "longrope"
    return name if name in {"linear", "yarn"} and config.rope_number("factor") is not None else None


def _scaled(name: str, kind: Kind, source: str, *types: str) -> Key:
    """A key of RoPE scaling, there for some types of it."""

    def value(config: Config) -> float | int | None:
        if _scaling_type(config) not in types:
            return None
        told = config.rope_number(source)
        return int(told) if told is not None and kind == "uint32" else told

    return Key(f"rope.scaling.{name}", kind, value)


def _sections(config: Config) -> list[int] | None:
    """The sections of multi-axis RoPE, four of them."""
    sections = config.rope.get("mrope_section")
    if sections is None:
        return None
    if not isinstance(sections, list) or not all(isinstance(each, int) and 0 <= each < 1 << 31 for each in sections):
        raise config.refusal(("mrope_section",), "must be a list of whole numbers")
    return [*sections, 0, 0, 0, 0][:4]


GENERAL: tuple[Key, ...] = (
    computed("block_count", n_layers),
    count("context_length", "max_position_embeddings", "n_ctx", "n_positions", "max_length", "max_sequence_length",
          "model_max_length"),
    count("embedding_length", "hidden_size", "n_embd", "dim"),
    count("feed_forward_length", "prefix_dense_intermediate_size", "dense_intermediate_size", "intermediate_size",
          "n_inner", "hidden_dim"),
    count("attention.head_count", "num_attention_heads", "n_head", "n_heads"),
    count("attention.head_count_kv", "num_key_value_heads", "n_kv_heads"),
    Key("attention.causal", "bool", _causal),
    Key("rope.scaling.type", "string", _scaling_type),
    _scaled("factor", "float32", "factor", "linear", "yarn"),
    _scaled("original_context_length", "uint32", "original_max_position_embeddings", "yarn"),
    _scaled("yarn_ext_factor", "float32", "extrapolation_factor", "yarn"),
    _scaled("yarn_attn_factor", "float32", "attention_factor", "yarn"),
    _scaled("yarn_beta_fast", "float32", "beta_fast", "yarn"),
    _scaled("yarn_beta_slow", "float32", "beta_slow", "yarn"),
    Key("rope.dimension_sections", "int32", _sections),
    Key("rope.freq_base", "float32", lambda config: config.rope_number("rope_theta")),
    Key("rope.freq_base_swa", "float32", lambda config: config.rope_number("rope_theta", "sliding_attention")),
    number("attention.layer_norm_rms_epsilon", "rms_norm_eps", "norm_eps"),
    number("attention.layer_norm_epsilon", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"),
    count("expert_count", "num_local_experts", "num_experts", "n_routed_experts"),
    count("expert_used_count", "num_experts_per_tok", "num_experts_per_token", "top_k_experts"),
    count("expert_group_count", "n_group"),
    count("expert_group_used_count", "topk_group"),
    computed("expert_gating_func", _gating),
    count("attention.key_length", "head_dim"),
    count("attention.value_length", "head_dim"),
)  # fmt: skip
