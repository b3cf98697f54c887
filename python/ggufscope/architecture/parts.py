"""The parts of a layer: data alone; what is computed with them is up to who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .family import Activation, Arrangement, Scoring
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
    """What passes between tokens in a layer: a dataclass of weights for each kind; the mixers in `mixers/`.

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
class DenseFeedForward:
    """The FFN of a dense layer."""

    expert: Expert
    activation: Activation

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
    """

    weights: Matrix
    n_used: int
    scoring: Scoring
    selection_bias: Floats | None
    n_groups: int
    n_used_groups: int
    normalized: bool
    scale: float


@dataclass(frozen=True)
class SharedExpert:
    """An expert of every token; the sigmoid of `gate`, (1, channels), weighs it where there is one."""

    expert: Expert
    gate: Matrix | None


@dataclass(frozen=True)
class Mixture:
    """The FFN of a layer with experts."""

    experts: list[Expert]
    router: Router
    activation: Activation
    shared: SharedExpert | None

    @property
    def matrices(self) -> list[Matrix]:
        shared = [] if self.shared is None else self.shared.expert.matrices
        gate = [] if self.shared is None or self.shared.gate is None else [self.shared.gate]
        routed = [matrix for expert in self.experts for matrix in expert.matrices]
        return [self.router.weights, *routed, *shared, *gate]


FeedForward = DenseFeedForward | Mixture


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        number: from 0.
        mixer: attention, or what stands in its place; None: the layer has nothing like it.
        mixer_norms: around it.
        feed_forward: the FFN; None: the layer has none.
        feed_forward_norms: around it.
        arrangement: of the two.
        residual_scale: of what each of the two adds to the stream.
    """

    number: int
    mixer: Mixer | None
    mixer_norms: BranchNorms
    feed_forward: FeedForward | None
    feed_forward_norms: BranchNorms
    arrangement: Arrangement
    residual_scale: float

    @property
    def matrices(self) -> list[Matrix]:
        """In the order in which they are multiplied."""
        return [matrix for part in (self.mixer, self.feed_forward) if part is not None for matrix in part.matrices]


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
        output: (vocabulary, channels).
        scale: of scores.
        soft_cap: scores become cap · tanh(score / cap); 0: they do not.
    """

    norm: Norm | None
    output: Matrix
    scale: float
    soft_cap: float
