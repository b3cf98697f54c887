"""Notes on a profile: whatever of its layers was read in another way than usual."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ...models.stacks import layer_ranges, layers_text
from .layer_rows import holder_of_both, lacks_halves, scale_of
from .tensor_roles import ffn_gain_role, mixers_without_matrices

if TYPE_CHECKING:
    from ...profiles.profile_result import Profile
    from .layer_rows import LayerRows


def profile_notes(profile: Profile, rows: list[LayerRows], roles: set[str], no_gate: bool) -> list[str]:
    """The notes, one sentence each.

    Args:
        profile: the whole.
        rows: of the main stack, layer by layer.
        roles: that occur in it.
        no_gate: whether no layer has a gate of its own.
    """
    notes = mixers_without_matrices(roles)
    differing = sorted({role for row in rows for role in row if np.isnan(scale_of(role, row))})
    if differing:
        notes.append(
            f"scales differ between experts, or are not finite, so that norms are unknown: {', '.join(differing)}"
        )
    if any(map(holder_of_both, rows)):
        apart = "which this profile does not take apart" if lacks_halves(profile) else "and are taken apart by its rows"
        notes.append(f"gate and up share one tensor, {apart}")
    elif no_gate and "ffn_up" in roles:
        notes.append("no gate: W_up stands for W_gate")
    if ffn_gain_role(roles) == "attn_norm":
        notes.append("no norm before the FFN: attention and FFN share attn_norm")
    elif ffn_gain_role(roles) == "post_attention_norm":
        notes.append("post_attention_norm feeds the FFN and stands for ffn_norm")
    notes += _expert_notes(profile)
    return [*notes, *_layer_notes(profile)]


def _layer_notes(profile: Profile) -> list[str]:
    """Layers that are missing or beyond those declared, and those that are not analysed."""
    notes = list(profile.model.notes or [])
    stacks = dict(profile.stacks)
    layers = stacks.pop(None, ())
    if profile.model.notes is None and layers and layers[-1] + 1 != len(layers):
        notes.append(f"the layers are not numbered through: {layer_ranges(layers)}")
    if stacks:
        notes.append(f"not analysed, as they are not of the main stack: {layers_text(stacks)}")
    return notes


def _expert_notes(profile: Profile) -> list[str]:
    """How far the experts of each role differ in size, over all layers."""
    norms: dict[str, list[float]] = defaultdict(list)
    for (role, _), row in profile.experts.items():
        if row.get("rms") is not None and role in {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"}:
            norms[role].append(row.rms)
    return [
        f"{role}: root mean square over {len(sizes)} experts, whose rms runs from {min(sizes):.4g} to {max(sizes):.4g}"
        for role, sizes in norms.items()
    ]
