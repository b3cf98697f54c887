"""The parts of a layer: data alone; what is computed with them is up to who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .family import Activation, Scoring
    from .heads import HeadShape
    from .matrices import Matrix


@dataclass(frozen=True)
class Norm:
    """RMSNorm, or LayerNorm with `centred`, over the last axis of the gain.

    Attributes:
        gain: (channels,); (heads, channels) where every head has gains of its own.
        bias: as `gain`; None without.
        epsilon: added to the mean square.
        centred: whether the mean is taken away first.
        name: of the tensor with the gains.
    """

    gain: Floats
    bias: Floats | None
    epsilon: float
    centred: bool
    name: str = ""


@dataclass(frozen=True)
class BranchNorms:
    """Norms around a branch, each None without: see `NormRoles`."""

    before: Norm | None
    behind: Norm | None = None
    total: Norm | None = None


class Mixer(Protocol):
    """The part of a layer that passes something between tokens: a dataclass of weights for each kind, in `mixers/`.

    Attributes:
        shape: heads whose attention can be looked at; None where there are none.
        matrices: in the order in which they are multiplied.
    """

    @property
    def shape(self) -> HeadShape | None: ...

    @property
    def matrices(self) -> list[Matrix]: ...


@dataclass(frozen=True)
class Expert:
    """The matrices of one FFN; no gate: φ acts on the up projection."""

    gate: Matrix | None
    up: Matrix
    down: Matrix

    @property
    def matrices(self) -> list[Matrix]:
        return [*([] if self.gate is None else [self.gate]), self.up, self.down]


@dataclass(frozen=True)
class XieluCurve:
    """xIELU: rise · x² + slope · x above 0, fall · (e^min(x, end) − 1 − x) + slope · x below."""

    rise: float
    fall: float
    slope: float
    end: float


@dataclass(frozen=True)
class DenseFeedForward:
    """The FFN of a dense layer.

    Attributes:
        expert: its matrices.
        activation: φ.
        curve: of xIELU; None for another activation.
        inner_norm: of the gated product, in front of the down projection; None without.
        sparsity: z, where gates act above mean + z · deviation of a token's alone; None: all of them act.
    """

    expert: Expert
    activation: Activation
    sparsity: float | None = None
    curve: XieluCurve | None = None
    inner_norm: Norm | None = None

    @property
    def matrices(self) -> list[Matrix]:
        return self.expert.matrices


@dataclass(frozen=True)
class Router:
    """How a mixture chooses experts and weighs them.

    Attributes:
        weights: (experts, channels), their scores before `scoring`.
        n_used: experts of a token.
        scoring: what becomes of the scores.
        selection_bias: (experts,), added for the choice alone; None without.
        n_groups: of neighbouring experts, of which `n_used_groups` with the two best experts are kept; 1: no groups.
        n_used_groups: see `n_groups`.
        normalized: weights of the chosen are divided by their sum.
        scale: of weights, in the end.
        norm: of what the router reads, where that is not what the experts read; None: it is.
    """

    weights: Matrix
    n_used: int
    scoring: Scoring
    selection_bias: Floats | None
    n_groups: int
    n_used_groups: int
    normalized: bool
    scale: float
    norm: Norm | None = None


@dataclass(frozen=True)
class SharedExpert:
    """An expert of every token.

    Attributes:
        expert: its matrices.
        gate: (1, channels), whose sigmoid weighs it; None without.
        norms: around it, see `Mixture.norms`.
    """

    expert: Expert
    gate: Matrix | None
    norms: BranchNorms | None = None


@dataclass(frozen=True)
class Mixture:
    """The FFN of a layer with experts.

    Attributes:
        experts: of which the router chooses.
        router: see there.
        activation: φ.
        shared: expert of every token; None without.
        norms: around the routed experts, where they and the shared one have norms of their own, and read the stream;
            None: they share those of the branch.
    """

    experts: list[Expert]
    router: Router
    activation: Activation
    shared: SharedExpert | None
    norms: BranchNorms | None = None

    @property
    def matrices(self) -> list[Matrix]:
        shared = [] if self.shared is None else self.shared.expert.matrices
        gate = [] if self.shared is None or self.shared.gate is None else [self.shared.gate]
        routed = [matrix for expert in self.experts for matrix in expert.matrices]
        return [self.router.weights, *routed, *shared, *gate]


FeedForward = DenseFeedForward | Mixture


@dataclass(frozen=True)
class Embedding:
    """The start of the residual stream.

    Attributes:
        tokens: (vocabulary, channels).
        scale: of their rows.
        positions: (positions, channels), added; None without.
        types: (types, channels), whose first row is added; None without.
        norm: of the sum; None without.
    """

    tokens: Matrix
    scale: float
    positions: Matrix | None
    types: Matrix | None
    norm: Norm | None


@dataclass(frozen=True)
class Head:
    """From the residual stream to the scores of the next token.

    Attributes:
        norm: in front; None without.
        output: (vocabulary, channels); None: the model gives hidden states, and `scale` and `soft_cap` are nothing.
        scale: of scores.
        soft_cap: scores become cap · tanh(score / cap); 0: they do not.
    """

    norm: Norm | None
    output: Matrix | None
    scale: float
    soft_cap: float
