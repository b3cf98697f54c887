"""The result of a propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ....arrays.floats import Floats

# The scores, as `Limit.score` names them; "preactivation_std.gate" and so on for one role of a dictionary.
SCORES = (
    "preactivation_std",
    "ffn_mean",
    "ffn_std",
    "near_zero_share",
    "ffn_output_rms",
    "attention_output_rms",
    "ffn_attention_ratio",
    "residual_rms",
    "head_entropy",
    "baseline",
)


class Limit(NamedTuple):
    """A score that does not apply, and the reason."""

    score: str
    reason: str


@dataclass(frozen=True)
class Propagation:
    """Scores of every layer, from propagation. Arrays are float64; None where a score does not apply.

    `layers` has L entries, the layers from the first one on that could be propagated: usually all. Undefined single
    values (a ratio to nothing) are NaN; so are entries beyond a layer's own number of heads.

    Attributes:
        layers: (L,) numbers of the layers.
        preactivation_std: role (`"q"`, `"k"`, `"v"`, `"gate"`, `"up"`) → (L,), std over neurons and tokens together of
            what the projection gives, bias included, before q/k norms and rotation.
        ffn_mean: (L,) mean over neurons and tokens of h, the gated product φ(gate) · up, or φ(up) without a gate.
        ffn_std: (L,) std of h over neurons and tokens together.
        near_zero_share: (L,) P(|h| < 0.1 · rms(h)).
        ffn_output_rms: (L,) rms of what the FFN adds to the residual stream.
        attention_output_rms: (L,) rms of what attention adds to it.
        ffn_attention_ratio: (L,) the first over the second.
        residual_rms: (L,) rms of the residual stream behind the layer.
        head_entropy: (L, heads) entropy of attention over n keys, as a share of ln n.
        baseline: (L, heads) −‖W_q g‖ · ‖W_k g‖, g the gains of the norm in front: the plain ranking of heads.
        expert_spread: (L,) std over experts of the rms of their outputs, relative to its mean; None without experts.
        applicability: scores that do not apply, and why.
        assumptions: made for this model beyond docs/propagation.md, one sentence each.
    """

    layers: npt.NDArray[np.int64]
    preactivation_std: dict[str, Floats | None]
    ffn_mean: Floats | None
    ffn_std: Floats | None
    near_zero_share: Floats | None
    ffn_output_rms: Floats | None
    attention_output_rms: Floats | None
    ffn_attention_ratio: Floats | None
    residual_rms: Floats | None
    head_entropy: Floats | None
    baseline: Floats | None
    expert_spread: Floats | None
    applicability: tuple[Limit, ...]
    assumptions: tuple[str, ...]
