"""How active every neuron was at most while a model read: one number per neuron, whatever is read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled
from .reductions import squares_by_token

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array, ModelShape


@ahead("float32[:, ::1], float64[::1], float32[::1]")
@compiled
def _raise_peaks(gated: Array, squares: Floats, peaks: Array) -> int:
    """Raise peaks, float32 (neurons,), to |h| / rms(h) of each token of `gated`, (tokens, neurons); tokens counted.

    A token whose products are not finite does not count. One whose products are all zero does, and raises nothing.
    `squares` has Σ h² of each token.
    """
    n_tokens, n_neurons = gated.shape
    count = 0
    for token in range(n_tokens):
        if not np.isfinite(squares[token]):
            continue
        count += 1
        if squares[token] > 0.0:
            scale = np.float32(1.0 / np.sqrt(squares[token] / n_neurons))
            for neuron in range(n_neurons):
                share = abs(gated[token, neuron]) * scale
                peak = peaks[neuron]
                peaks[neuron] = share if share > peak else peak
    return count


class NeuronPeaks:
    """The largest |gated product| of every neuron over all tokens, as a share of the token's rms.

    In a mixture each expert has its own neurons: a token counts for those that it chose, each with the rms over the
    neurons of that expert.

    Args:
        shape: of the model.
    """

    def __init__(self, shape: ModelShape) -> None:
        self._n_experts = shape.n_experts or (0,) * shape.n_layers
        self._peaks: list[Array | None] = [None] * shape.n_layers
        self._tokens = [np.zeros(max(1, n_experts), np.int64) for n_experts in self._n_experts]
        self._chosen: dict[tuple[int, int], npt.NDArray[np.int64]] = {}
        self._alone = threading.Lock()

    def take_experts(self, prompt: int, layer: int, experts: npt.NDArray[np.integer]) -> None:
        """Keep the experts that the tokens of a prompt chose, (tokens, used), until their gated products come."""
        with self._alone:
            self._chosen[prompt, layer] = experts.astype(np.int64)

    def take(self, layer: int, gated: Array, squares: Floats) -> None:
        """Count gated products of a dense layer, float32 (tokens, neurons), C-contiguous, and Σ h² of each token."""
        self._merge(layer, 0, gated, squares)

    def take_mixture(self, prompt: int, layer: int, gated: Array) -> None:
        """Count gated products of a prompt in a mixture, (tokens, used · neurons)."""
        with self._alone:
            chosen = self._chosen.pop((prompt, layer))
        by_slot = gated.reshape(*chosen.shape, -1)
        for expert in np.unique(chosen):
            products = np.ascontiguousarray(by_slot[chosen == expert])
            self._merge(layer, int(expert), products, squares_by_token(products))

    def _merge(self, layer: int, expert: int, gated: Array, squares: Floats) -> None:
        peaks = np.zeros(gated.shape[1], np.float32)
        count = _raise_peaks(gated, squares, peaks)
        with self._alone:
            held = self._peaks[layer]
            if held is None:
                held = self._peaks[layer] = np.zeros((len(self._tokens[layer]), gated.shape[1]), np.float32)
            np.maximum(held[expert], peaks, out=held[expert])
            self._tokens[layer][expert] += count

    def merge(self, other: NeuronPeaks) -> None:
        """Count what another recorder of the same model saw, too."""
        with self._alone:
            for layer, peaks in enumerate(other._peaks):
                if peaks is not None:
                    held = self._peaks[layer]
                    self._peaks[layer] = peaks.copy() if held is None else np.maximum(held, peaks)
                self._tokens[layer] += other._tokens[layer]

    def peaks(self, layer: int) -> Array | None:
        """float32 (experts, neurons), a dense layer being one expert; None where no gated product was taken."""
        return self._peaks[layer]

    def n_tokens(self, layer: int) -> npt.NDArray[np.int64]:
        """The tokens that counted for each expert, int64 (experts,), a dense layer being one."""
        return self._tokens[layer]
