"""The FFN of a layer, gathered from its tensors: dense, or a mixture of experts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .family import NormRoles
from .limits import NotApplicableError
from .parts import DenseFeedForward, Expert, Mixture, Norm, Router, SharedExpert, XieluCurve

if TYPE_CHECKING:
    from .family import Activation, Scoring
    from .matrices import Matrix
    from .parts import FeedForward
    from .sources import Sources

_SOFTPLUS_END = 20.0  # from which on it is x itself, as in ggml
_MOST_EXPERTS = 4096  # beyond any model; a file may claim more, and each costs time
_AROUND_SHARED = NormRoles("ffn_norm", "post_ffw_norm_1")  # of Gemma 4, as the next
_AROUND_EXPERTS = NormRoles("pre_ffw_norm_2", "post_ffw_norm_2")
_SCORINGS: dict[int, Scoring] = {1: "softmax", 2: "sigmoid", 3: "softmax of chosen"}  # llama.cpp's expert_gating_func

# Names of `hidden_activation`, those of gated products with their gates' φ.
_ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "geglu": "gelu",
    "silu": "silu",
    "swish": "silu",
    "swiglu": "silu",
}


def feed_forward(sources: Sources, layer: int) -> FeedForward:
    """The FFN of a layer.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    activation = _activation(sources)
    if not sources.catalog.has(layer, "ffn_down_exps"):
        sparsity = sources.family.sparsity if layer < sources.family.sparse_layers else None
        curve = _xielu(sources, layer) if activation == "xielu" else None
        expert = _dense(sources, layer, "")
        if curve is not None and expert.gate is not None:
            raise NotApplicableError(f"blk.{layer} has xIELU and a gate")
        inner_norm = sources.optional_norm(layer, "ffn_sub_norm", (expert.down.n_columns,), centred=False)
        return DenseFeedForward(expert, activation, sparsity, curve, inner_norm)
    experts = _experts(sources, layer)
    router = _router(sources, layer, len(experts))
    if not sources.family.expert_norms:
        return Mixture(experts, router, activation, _shared(sources, layer))
    around_shared, around_experts = (sources.branch_norms(layer, roles) for roles in (_AROUND_SHARED, _AROUND_EXPERTS))
    shared = SharedExpert(_dense(sources, layer, ""), None, around_shared)
    return Mixture(experts, router, activation, shared, around_experts)


def _xielu(sources: Sources, layer: int) -> XieluCurve:
    names = ("alpha_p", "alpha_n", "beta", "eps")
    rise, fall, slope, end = (sources.hyperparameters.unnamed_number(f"xielu.{name}", layer) for name in names)
    return XieluCurve(rise=_softplus(rise), fall=slope + _softplus(fall), slope=slope, end=end)


def _softplus(x: float) -> float:
    return x if x > _SOFTPLUS_END else math.log1p(math.exp(x))


def _activation(sources: Sources) -> Activation:
    named = sources.hyperparameters.value("hidden_activation", None) if sources.family.activation_named else None
    if named is None:
        return sources.family.activation
    if named not in _ACTIVATIONS:
        raise NotApplicableError(f"the FFNs have an activation {named!r} that ggufscope does not know")
    return _ACTIVATIONS[named]


def _dense(sources: Sources, layer: int, kind: str) -> Expert:
    """The FFN, or the shared expert by its ending; gate and up projection may be two halves of one tensor (Phi 3)."""
    catalog, width = sources.catalog, sources.width
    gate_role, up_role, down_role = (f"ffn_{role}{kind}" for role in ("gate", "up", "down"))
    size = catalog.columns(layer, down_role)
    down = catalog.matrix(layer, down_role, width, size)
    if catalog.has(layer, gate_role):
        gate, up = (catalog.matrix(layer, role, size, width) for role in (gate_role, up_role))
        return Expert(gate, up, down)
    n_rows = catalog.need(layer, up_role).n_rows
    if n_rows == 2 * size:
        fused = catalog.matrix(layer, up_role, n_rows, width)
        return Expert(fused.part(0, size), fused.part(size, size), down)
    return Expert(None, catalog.matrix(layer, up_role, size, width), down)


def _experts(sources: Sources, layer: int) -> list[Expert]:
    catalog, width = sources.catalog, sources.width
    n = sources.hyperparameters.needed_count("expert_count")
    if n > _MOST_EXPERTS:
        raise NotApplicableError(f"blk.{layer} claims {n} experts")
    size = catalog.columns(layer, "ffn_down_exps")
    gates: list[Matrix | None]
    if catalog.has(layer, "ffn_gate_up_exps"):
        fused = catalog.experts(layer, "ffn_gate_up_exps", n, 2 * size, width)
        gates, ups = [each.part(0, size) for each in fused], [each.part(size, size) for each in fused]
    else:
        gated = catalog.has(layer, "ffn_gate_exps")
        gates = [*catalog.experts(layer, "ffn_gate_exps", n, size, width)] if gated else [None] * n
        ups = catalog.experts(layer, "ffn_up_exps", n, size, width)
    downs = catalog.experts(layer, "ffn_down_exps", n, width, size)
    return [Expert(*matrices) for matrices in zip(gates, ups, downs, strict=True)]


def _router(sources: Sources, layer: int, n_experts: int) -> Router:
    numbers, routing = sources.hyperparameters, sources.family.routing
    used = numbers.needed_count("expert_used_count", layer)
    if used > n_experts:
        raise NotApplicableError(f"{used} of {n_experts} experts at a time")
    n_groups = numbers.count("expert_group_count") or 1
    n_used_groups = numbers.count("expert_group_used_count") or n_groups
    if n_experts % n_groups or n_used_groups > n_groups:
        raise NotApplicableError(f"{n_experts} experts in {n_groups} groups, {n_used_groups} at a time, do not fit")
    normalized = routing.normalized
    norm = _router_norm(sources, layer) if sources.family.expert_norms else None
    matrix = sources.catalog.matrix if norm is None else sources.catalog.plain_matrix
    return Router(
        weights=matrix(layer, "ffn_gate_inp", n_experts, sources.width),
        n_used=used,
        scoring=_scoring(sources),
        selection_bias=sources.catalog.vector(layer, "exp_probs_b.bias", n_experts),
        n_groups=n_groups,
        n_used_groups=n_used_groups,
        normalized=numbers.flag("expert_weights_norm") if normalized is None else normalized,
        scale=(numbers.number("expert_weights_scale") or 1.0) if routing.scaled else 1.0,
        norm=norm,
    )


def _scoring(sources: Sources) -> Scoring:
    numbers, routing = sources.hyperparameters, sources.family.routing
    named = numbers.count("expert_gating_func")
    if named is None:
        sizes = (numbers.n_layers, numbers.vocabulary_size)
        return "sigmoid" if sizes in routing.sigmoid_sizes else routing.scoring
    if named not in _SCORINGS:
        raise NotApplicableError(f"experts are scored by a function {named} that ggufscope does not know")
    return _SCORINGS[named]


def _router_norm(sources: Sources, layer: int) -> Norm:
    """The norm in front of a router that reads the stream itself: its gains are `ffn_gate_inp.scale` / √width."""
    role = "ffn_gate_inp.scale"
    name = sources.catalog.need(layer, role).name
    gain = sources.catalog.needed_vector(layer, role, sources.width)
    return Norm(gain / sources.width**0.5, None, sources.hyperparameters.epsilon, centred=False, name=name)


def _shared(sources: Sources, layer: int) -> SharedExpert | None:
    if not sources.catalog.has(layer, "ffn_down_shexp"):
        return None
    gated = sources.catalog.has(layer, "ffn_gate_inp_shexp")
    gate = sources.catalog.row(layer, "ffn_gate_inp_shexp", sources.width) if gated else None
    return SharedExpert(_dense(sources, layer, "_shexp"), gate)
