"""Pairs of tiny random models for `diffs.readings`: a reference, and the same with noise on its matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from support import networks, tiny_models

if TYPE_CHECKING:
    from support.forward import Network

Floats = npt.NDArray[np.float32]
DENSE = ("llama-biases", "qwen3", "gemma2", "phi3-4k")
MIXTURES = ("mixtral", "mixtral-2023", "qwen2moe")


@dataclass(frozen=True)
class Damaged:
    """A pair.

    Attributes:
        reference: as arguments of `write_gguf`.
        model: likewise.
        networks: of both.
        heads, kv_heads, key_length: of every layer.
        fused: queries, keys and values are rows of one tensor, gates and ups of another.
        experts: whether layers have some.
    """

    reference: dict[str, Any]
    model: dict[str, Any]
    networks: tuple[Network, Network]
    heads: int
    kv_heads: int
    key_length: int
    fused: bool
    experts: bool


def damaged(name: str) -> Damaged:
    """A pair of a kind in DENSE or MIXTURES; the noise has a hundredth of the size of what it is added to."""
    of_experts = name in MIXTURES
    reference = _with_head(networks.sample(name)) if of_experts else tiny_models.sample(name)
    kind: Any = (networks if of_experts else tiny_models).KINDS[name]
    tensors = _with_noise(reference.tensors)
    make: Any = (networks if of_experts else tiny_models).network
    return Damaged(
        reference.file(),
        reference.file() | {"tensors": tensors},
        (make(kind, reference.tensors), make(kind, tensors)),
        networks.HEADS if of_experts else tiny_models.HEADS,
        networks.KV_HEADS if of_experts else tiny_models.KV_HEADS,
        networks.KEY_LENGTH if of_experts else kind.key_length,
        not of_experts and kind.fused,
        of_experts,
    )


def _with_noise(tensors: dict[str, Floats]) -> dict[str, Floats]:
    chance = np.random.default_rng(6)

    def noisy(weights: Floats) -> Floats:
        noise = chance.standard_normal(weights.shape) * weights.std()
        return np.asarray(weights + 0.01 * noise, np.float32) if weights.ndim >= 2 else weights

    return {name: noisy(weights) for name, weights in tensors.items()}


def _with_head(sample: networks.Sample) -> networks.Sample:
    chance = np.random.default_rng(8)
    head = {
        "output_norm.weight": 1 + 0.3 * chance.standard_normal(networks.WIDTH),
        "output.weight": chance.standard_normal((networks.VOCABULARY, networks.WIDTH)) / networks.WIDTH**0.5,
    }
    return replace(sample, tensors=sample.tensors | {name: value.astype(np.float32) for name, value in head.items()})
