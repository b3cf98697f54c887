"""Numbers from the metadata. Anything may stand there: they count only where they are plausible and fit the tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .limits import NotApplicableError
from .rotation import Rotation, Yarn

if TYPE_CHECKING:
    from ..models.model import Model
    from .families import Family

_LARGEST_COUNT = 1 << 24
_MOST_HEADS, _LONGEST_HEAD = 4096, 2048  # beyond any model; a file may claim more, at great cost


@dataclass(frozen=True)
class HeadShape:
    """Attention of one layer.

    Attributes:
        n_heads: of queries.
        n_kv_heads: of keys and values; query head h reads head h // (n_heads / n_kv_heads).
        key_length: components of a query or key.
        value_length: components of a value.
        scale: of scores.
        soft_cap: scores become cap · tanh(score / cap); 0: they do not.
        window: keys a query sees at most; None: all.
        rotation: RoPE, None without.
    """

    n_heads: int
    n_kv_heads: int
    key_length: int
    value_length: int
    scale: float
    soft_cap: float
    window: int | None
    rotation: Rotation | None


class Hyperparameters:
    """The keys `<architecture>.…` of a model."""

    def __init__(self, model: Model, family: Family, width: int) -> None:
        self._metadata = model.metadata
        self._architecture = model.architecture
        self._family = family
        self.width = width
        self.block_count = self.count("block_count")

    def count(self, key: str, layer: int | None = None) -> int | None:
        """A positive integer; None for anything else that stands there. Arrays are by layer."""
        value = self._value(key, layer)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            return None
        return int(value) if 0 < value <= _LARGEST_COUNT else None

    def number(self, key: str, layer: int | None = None) -> float | None:
        """A finite number above 0; None for anything else."""
        value = self._value(key, layer)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            return None
        return float(value) if 0 < value < math.inf else None

    def flag(self, key: str) -> bool:
        return self._value(key, None) is True

    def _value(self, key: str, layer: int | None) -> Any:
        value = self._metadata.get(f"{self._architecture}.{key}")
        if isinstance(value, (list, np.ndarray)):
            return value[layer] if layer is not None and layer < len(value) else None
        return value

    def needed(self, value: float | None, key: str) -> float:
        """`value`, unless it is None.

        Raises:
            NotApplicableError: It is, which `key` is to blame for.
        """
        if value is None:
            raise NotApplicableError(f"the metadata have no usable {self._architecture}.{key}")
        return value

    @property
    def epsilon(self) -> float:
        """The number that norms add to the mean square.

        Raises:
            NotApplicableError: The metadata do not say it.
        """
        kind = "layer_norm_epsilon" if self._family.layer_norm else "layer_norm_rms_epsilon"
        return self.needed(self.number(f"attention.{kind}"), f"attention.{kind}")

    @property
    def embedding_scale(self) -> float:
        """The factor of the rows of token_embd."""
        root = math.sqrt(self.width) if self._family.embedding_root else 1.0
        return root * (self.number("embedding_scale") or 1.0)

    @property
    def logit_soft_cap(self) -> float:
        """Scores of the next token become cap · tanh(score / cap); 0: they do not."""
        return self.number("final_logit_softcapping") or self._family.logit_soft_cap or 0.0

    def head_shape(self, layer: int) -> HeadShape:
        """Heads of a layer.

        Raises:
            NotApplicableError: The metadata do not say how many there are, or what they say cannot be.
        """
        n_heads = int(self.needed(self.count("attention.head_count", layer), "attention.head_count"))
        n_kv_heads = self.count("attention.head_count_kv", layer) or n_heads
        share = self.width // n_heads if self.width % n_heads == 0 else None
        key_length = self.count("attention.key_length") or share
        value_length = self.count("attention.value_length") or share
        if n_heads > _MOST_HEADS or (key_length or 0) > _LONGEST_HEAD:
            raise NotApplicableError(f"layer {layer} claims {n_heads} heads of {key_length} components")
        if n_heads % n_kv_heads or key_length is None or value_length is None:
            raise NotApplicableError(
                f"layer {layer}: {n_heads} query heads, {n_kv_heads} key heads and a width of {self.width} do not fit"
            )
        return HeadShape(
            n_heads=n_heads,
            n_kv_heads=n_kv_heads,
            key_length=key_length,
            value_length=value_length,
            scale=self._score_scale(n_heads, key_length),
            soft_cap=self.number("attn_logit_softcapping") or self._family.soft_cap or 0.0,
            window=self._window(layer),
            rotation=self._rotation(layer, key_length),
        )

    def _score_scale(self, n_heads: int, key_length: int) -> float:
        scale = self.number("attention.scale")
        if scale is not None:
            return scale
        wide = self._family.wide_scale_layers is not None and self.block_count == self._family.wide_scale_layers
        return math.sqrt(n_heads / self.width) if wide else 1 / math.sqrt(key_length)

    def _window(self, layer: int) -> int | None:
        """Keys that a query sees in a layer with a sliding window; the last layer of each period has none.

        The metadata may say which layers have one, layer by layer, or another period than the family's.
        """
        if self._family.local_period == 0:
            return None
        pattern = self._value("attention.sliding_window_pattern", layer)
        period = self.count("attention.sliding_window_pattern") or self._family.local_period
        local = bool(pattern) if isinstance(pattern, (bool, np.bool_)) else layer % period < period - 1
        if not local:
            return None
        return self.count("attention.sliding_window") or self._family.local_window

    def _rotation(self, layer: int, key_length: int) -> Rotation | None:
        if self._family.pairs is None:
            return None
        n_dims = self.count("rope.dimension_count") or key_length
        if n_dims > key_length or n_dims % 2:
            raise NotApplicableError(f"RoPE over {n_dims} of {key_length} components of a head")
        base = self.number("rope.freq_base") or 10_000.0
        if self._window(layer) is not None and self._family.local_base is not None:
            local = self.number("rope.freq_base_swa") or self._family.local_base
            return Rotation(self._family.pairs, n_dims, local)
        return self._scaled(Rotation(self._family.pairs, n_dims, base))

    def _scaled(self, plain: Rotation) -> Rotation:
        """RoPE with the stretching of positions that the metadata ask for: llama.cpp's `rope.scaling.*`."""
        kind = self._value("rope.scaling.type", None)
        factor = self.number("rope.scaling.factor") or self.number("rope.scale_linear")
        magnitude = self.number("rope.scaling.attn_factor") or 1.0
        if kind == "none" or (factor is None and magnitude == 1.0):
            return plain
        scale = 1 / factor if factor else 1.0
        yarn = None
        if kind == "yarn":
            key = "rope.scaling.original_context_length"
            original = self.count(key) or self.count("context_length")
            yarn = Yarn(int(self.needed(original, key)))
        return Rotation(plain.pairs, plain.n_dims, plain.base, scale, magnitude, yarn)
