"""The layer table: for every layer the few numbers of its matrices and gains that the formulas read.

Every input, whatever its form, becomes one LayerTable; nothing behind this module knows where the numbers came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...arrays.floats import Floats


MATRICES = ("q", "k", "v", "o", "gate", "up", "down")
GAINS = ("attn_norm", "ffn_norm")
TENSOR_NAMES = {
    "q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output",
    "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
    "attn_norm": "attn_norm", "ffn_norm": "ffn_norm",
}  # fmt: skip


@dataclass(frozen=True)
class Applicability:
    """A score that could not be computed, and why.

    Attributes:
        score: its preset and its name.
        reason: why the input does not allow it.
    """

    score: str
    reason: str


@dataclass(frozen=True, eq=False)
class MatrixSeries:
    """One weight matrix over the layers; arrays of shape (L,), NaN where unknown.

    Attributes:
        norm: Frobenius norm; of a mixture of experts the root mean square over its experts.
        rows: output neurons, of one expert.
        sparsity: share of |w| under the profile's threshold.
        zero_fraction: share of w == 0.
        types: ggml's names of the tensors' types, None where there is no tensor or its type is not known.
        elements: number of weights that the shares are of; None where the input does not tell.
    """

    norm: Floats
    rows: Floats
    sparsity: Floats
    zero_fraction: Floats
    types: tuple[str | None, ...]
    elements: Floats | None = None

    @classmethod
    def absent(cls, n_layers: int) -> MatrixSeries:
        unknown = np.full(n_layers, np.nan)
        return cls(unknown, unknown, unknown, unknown, (None,) * n_layers)


@dataclass(frozen=True, eq=False)
class GainSeries:
    """The gain vector of a norm over the layers: its mean and root mean square, (L,), NaN where unknown."""

    mean: Floats
    rms: Floats
    types: tuple[str | None, ...]

    @classmethod
    def absent(cls, n_layers: int) -> GainSeries:
        unknown = np.full(n_layers, np.nan)
        return cls(unknown, unknown, (None,) * n_layers)

    def scale(self, norm: str) -> Floats:
        """The norm scale, (L,): `mean` as the original study had it, or `rms`."""
        return {"mean": self.mean, "rms": self.rms}[norm]


@dataclass(frozen=True, eq=False)
class LayerTable:
    """The main stack of a model's layers, in order.

    Attributes:
        layers: their numbers in the file, int64 (L,).
        matrices: by the keys of MATRICES.
        gains: of the norm before attention and of the one before the FFN, by the keys of GAINS.
        head_norms: Frobenius norms of the heads of q, k, v and o, each (L, heads); empty where not known.
        scale_free: product of section "gauge" → why the sizes of its matrices mean nothing in this architecture.
        notes: on what was read in another way than usual, for the reader.
    """

    layers: npt.NDArray[np.int64]
    matrices: Mapping[str, MatrixSeries]
    gains: Mapping[str, GainSeries]
    head_norms: Mapping[str, Floats] = field(default_factory=dict)
    scale_free: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n_layers(self) -> int:
        return len(self.layers)

    @property
    def depth(self) -> Floats:
        """0 in the first layer, 1 in the last; (L,)."""
        return np.linspace(0.0, 1.0, self.n_layers) if self.n_layers > 1 else np.zeros(self.n_layers)

    def types_of(self, roles: Iterable[str]) -> list[tuple[str | None, ...]]:
        """The types of the tensors that `roles` names, layer by layer."""
        columns = [(self.matrices[role] if role in self.matrices else self.gains[role]).types for role in roles]
        return list(zip(*columns, strict=True)) if columns else [()] * self.n_layers

    def missing(self, roles: Iterable[str]) -> dict[str, list[int]]:
        """Role → the numbers of the layers that have no such number."""
        missing: dict[str, list[int]] = {}
        for role in roles:
            values = self.matrices[role].norm if role in self.matrices else self.gains[role].mean
            layers = self.layers[np.isnan(values)].tolist()
            if layers:
                missing[role] = layers
        return missing
