"""The rows of a profile by layer and role, with the facts that need several of them: scales, and gate and up in one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ...models.halves import half_rows

if TYPE_CHECKING:
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
    """The factor that the statistics of a role still lack (NVFP4 files); NaN if not known.

    It is 1 where the profile is of the weights times their factors. One of the blocks as stored, as all were that do
    not tell factors, knows no single elements: the factors of experts must be the same for all of them.
    """
    if any(row.factor is not None for row in layer.get(role, [])):
        return 1.0
    ends = {row.get(end) for row in layer.get(f"{role}.scale", []) for end in ("min", "max")}
    if not ends:
        return 1.0
    scale = ends.pop()
    return float("nan") if ends or scale is None else abs(scale)


def holder_of_both(layer: LayerRows) -> str | None:
    """The role of a tensor that holds gate and up, one over the other; None without one."""
    shapes = {f"{role}.weight": rows[0].shape or () for role, rows in layer.items()}
    return next((name.removesuffix(".weight") for name in half_rows(shapes) if "_shexp" not in name), None)


def halves_by_layer(profile: Profile) -> dict[int, dict[str, Row]]:
    """Layer → role → the statistics of gate and up where one tensor of the main stack holds both."""
    by_layer: dict[int, dict[str, Row]] = defaultdict(dict)
    for (layer, role), row in profile.halves.items():
        if isinstance(layer, int):
            by_layer[layer][role] = row
    return by_layer


def lacks_halves(profile: Profile) -> bool:
    """Whether gate and up share a tensor and are not taken apart, as in profiles from before that was done."""
    halves = halves_by_layer(profile)
    return any(holder_of_both(layer) and number not in halves for number, layer in rows_by_layer(profile).items())
