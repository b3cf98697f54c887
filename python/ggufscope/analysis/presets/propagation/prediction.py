"""The result of a propagation."""

from __future__ import annotations

from dataclasses import dataclass, field
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

    Behind exact openings, sizes, ratio and near-zero share are medians over the tokens t ≥ 1 of each token's own, and
    means over openings. Where all tokens are alike they are over all tokens at once.

    Attributes:
        layers: (L,) numbers of the layers.
        preactivation_std: role (`"q"`, `"k"`, `"v"`, `"gate"`, `"up"`) → (L,), std over neurons and tokens together of
            what the projection gives, bias included, before q/k norms and rotation; None behind exact openings.
        ffn_mean: (L,) mean over neurons and tokens of h, the gated product φ(gate) · up, or φ(up) without a gate.
        ffn_std: (L,) std of h over neurons and tokens together; mean and std behind exact openings over tokens t ≥ 1.
        near_zero_share: (L,) P(|h| < 0.1 · rms(h)).
        ffn_output_rms: (L,) rms of what the FFN adds to the residual stream.
        attention_output_rms: (L,) rms of what attention adds to it.
        ffn_attention_ratio: (L,) the first over the second.
        residual_rms: (L,) rms of the residual stream behind the layer.
        head_entropy: (L, heads) entropy of attention over n keys, as a share of ln n; behind exact openings as a share
            of ln(keys seen), the mean over positions t ≥ 1.
        baseline: (L, heads) −‖W_q g‖ · ‖W_k g‖, g the gains of the norm in front: the plain ranking of heads.
        expert_spread: (L,) std over experts of the rms of their outputs, relative to its mean; None without experts.
        applicability: scores that do not apply, and why.
        assumptions: made for this model beyond docs/propagation.md, one sentence each.
        preactivation_rms: role → (L,), rms of what the projection gives.
        ffn_norm_rms: (L,) rms of what the FFN reads.
        first_token_share: (L, heads) attention on the first token, the mean over positions t ≥ 1; None without
            openings.
        entropy_bands: band of positions (`"1_3"`, `"4_7"`, …) → (L, heads), `head_entropy` there.
        overall_rms: point of a layer, as engines capture them → (L,), rms over all tokens, the first among them.
        first_rms: point of a layer → (L,), rms of the first token, which is exact.
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
    preactivation_rms: dict[str, Floats | None] = field(default_factory=dict)
    ffn_norm_rms: Floats | None = None
    first_token_share: Floats | None = None
    entropy_bands: dict[str, Floats] = field(default_factory=dict)
    overall_rms: dict[str, Floats] = field(default_factory=dict)
    first_rms: dict[str, Floats] = field(default_factory=dict)
