"""The rows of a profile by layer and role, with the facts that need several of them: fused gates and scales."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row

LayerRows = dict[str, list["Row"]]  # role → its tensors in one layer, several where each expert has its own


def rows_by_layer(profile: Profile) -> dict[int, LayerRows]:
    """The tensors of the main stack, layer by layer and role by role."""
    by_layer: dict[int, LayerRows] = defaultdict(lambda: defaultdict(list))
    for row in profile.tensors.values():
        if row.layer is not None and row.stack is None and row.role is not None:
            by_layer[row.layer][row.role].append(row)
    return {layer: dict(roles) for layer, roles in by_layer.items()}


def scale_of(role: str, layer: LayerRows) -> float:
    """The factor of a decoded matrix that a tensor beside it holds (NVFP4 files); NaN if not known.

    A profile knows no single elements: the scales of experts must be the same for all of them.
    """
    ends = {row.get(end) for row in layer.get(f"{role}.scale", []) for end in ("min", "max")}
    if not ends:
        return 1.0
    scale = ends.pop()
    return float("nan") if ends or scale is None else abs(scale)


def is_fused_gate(layer: LayerRows) -> bool:
    """Whether `ffn_up` holds gate and up, one over the other (Phi-3): twice the rows that `ffn_down` has columns."""
    if "ffn_gate" in layer or not {"ffn_up", "ffn_down"} <= set(layer):
        return False
    up, down = (layer[role][0].shape or () for role in ("ffn_up", "ffn_down"))
    return len(up) == len(down) == 2 and up[0] == 2 * down[1]


def has_fused_gate(layers: Iterable[LayerRows]) -> bool:
    """Whether any of the layers has gate and up in one tensor."""
    return any(map(is_fused_gate, layers))
