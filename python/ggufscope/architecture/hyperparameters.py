"""Numbers from the metadata. Anything may stand there: they count only where they are plausible and fit the tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.metadata import as_count, of_layer
from .limits import NotApplicableError

if TYPE_CHECKING:
    from ..models.model import Model
    from .family import Family

_LEAST, _MOST = (float(value) for value in (np.finfo(np.float32).smallest_subnormal, np.finfo(np.float32).max))


class Hyperparameters:
    """The keys `<architecture>.…` of a model."""

    def __init__(self, model: Model, family: Family, width: int) -> None:
        self._metadata = model.metadata
        self._values: dict[str, Any] = {}
        self._architecture = model.architecture
        self.family = family
        self.width = width
        self.block_count = self.count("block_count")
        self._next_token_layers = model.next_token_layers

    def count(self, key: str, layer: int | None = None) -> int | None:
        """A positive integer; None for anything else that stands there. Arrays are by layer."""
        return as_count(self.value(key, layer)) or None

    def needed_count(self, key: str, layer: int | None = None) -> int:
        """A positive integer. Arrays are by layer.

        Raises:
            NotApplicableError: The metadata have none.
        """
        return int(self.needed(self.count(key, layer), key))

    def number(self, key: str, layer: int | None = None) -> float | None:
        """A number above 0 within float32, in which llama.cpp keeps it, so that its powers fit; None for others."""
        value = self.value(key, layer)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            return None
        return float(value) if _LEAST <= value <= _MOST else None

    def unnamed_number(self, key: str, layer: int) -> float:
        """A finite number that stands behind no architecture's name, for all layers or by layer.

        Raises:
            NotApplicableError: There is none.
        """
        value = of_layer(self._read(key), layer)
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
            raise NotApplicableError(f"the metadata have no usable {key}")
        if not math.isfinite(value):
            raise NotApplicableError(f"{key} is {value}")
        return float(value)

    def flag(self, key: str) -> bool:
        return self.value(key, None) is True

    def numbers(self, key: str) -> list[int]:
        """An array of integers; an empty list for anything else."""
        value = self._read(f"{self._architecture}.{key}")
        array = np.asarray(value if isinstance(value, (list, np.ndarray)) else [])
        return [int(each) for each in array] if array.ndim == 1 and array.dtype.kind in "iu" else []

    def value(self, key: str, layer: int | None) -> Any:
        """Whatever stands there; of an array, what stands there for the layer; None for nothing.

        Raises:
            NotApplicableError: An array ends before the layer.
        """
        value = self._read(f"{self._architecture}.{key}")
        if layer is not None and isinstance(value, (list, np.ndarray)) and layer >= len(value):
            raise NotApplicableError(f"{self._architecture}.{key} has {len(value)} values, and none for layer {layer}")
        return of_layer(value, layer)

    def _read(self, key: str) -> Any:
        """The value of a key, None without one; read once, as an array may have millions of entries."""
        if key not in self._values:
            self._values[key] = self._metadata.get(key)
        return self._values[key]

    def flag_of(self, key: str, layer: int) -> bool | None:
        """The flag of a layer in an array by layer, of booleans or of integers that are 0 or not; None without one.

        Raises:
            NotApplicableError: The array ends before the layer.
        """
        if not isinstance(self._read(f"{self._architecture}.{key}"), (list, np.ndarray)):
            return None
        count = as_count(self.value(key, layer))
        return None if count is None else count > 0

    def needed(self, value: float | None, key: str) -> float:
        """`value`, unless it is None.

        Raises:
            NotApplicableError: It is, which `key` is to blame for.
        """
        if value is None:
            raise NotApplicableError(f"the metadata have no usable {self._architecture}.{key}")
        return value

    @property
    def n_layers(self) -> int:
        """Layers of the trunk, without blocks that predict tokens behind the next one.

        Raises:
            NotApplicableError: The metadata do not say how many there are.
        """
        n_blocks = self.needed_count("block_count")
        return n_blocks - sum(layer < n_blocks for layer in self._next_token_layers)

    @property
    def vocabulary_size(self) -> int | None:
        """Tokens, as the metadata count or list them; None where they do neither."""
        key = "tokenizer.ggml.tokens"
        is_list = key in self._metadata and self._metadata.kind(key).startswith("array")
        listed = self._metadata.length(key) if is_list else None
        return self.count("vocab_size") or listed

    @property
    def epsilon(self) -> float:
        """The number that norms add to the mean square.

        Raises:
            NotApplicableError: The metadata do not say it.
        """
        kind = "layer_norm_epsilon" if self.family.layer_norm else "layer_norm_rms_epsilon"
        return self.needed(self.number(f"attention.{kind}"), f"attention.{kind}")

    @property
    def causal(self) -> bool:
        """Whether a token sees the tokens before it alone."""
        return self.family.causal and self.value("attention.causal", None) is not False

    @property
    def embedding_scale(self) -> float:
        """The factor of the rows of token_embd."""
        root = math.sqrt(self.width) if self.family.embedding_root else 1.0
        return root * (self.number("embedding_scale") or self.family.embedding_scale or 1.0)

    @property
    def residual_scale(self) -> float:
        """The factor of what a branch adds to the residual stream."""
        by_depth = self.family.residual_depth_scale
        return self.number("residual_scale") or (1.0 if by_depth is None else by_depth / math.sqrt(self.n_layers))

    @property
    def logit_scale(self) -> float:
        """The factor of the scores of the next token."""
        by_width = self.family.logit_width
        scale = self.number("logit_scale") or (1.0 if by_width is None else by_width / self.width)
        return 1 / scale if self.family.logits_divided else scale

    @property
    def logit_soft_cap(self) -> float:
        """Scores of the next token become cap · tanh(score / cap); 0: they do not."""
        return self.number("final_logit_softcapping") or self.family.logit_soft_cap or 0.0
