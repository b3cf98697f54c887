"""The presets that an analysis runs, by what was asked for and what the input can give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .heuristic import NAME as HEURISTIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .registry import Preset


def chosen_presets(
    presets: Mapping[str, Preset], wanted: str | None, *, has_model: bool, probing: bool
) -> list[Preset]:
    """The presets to run, the leading one first.

    Args:
        presets: the registered ones.
        wanted: the only one to run; None for all that fit.
        has_model: whether the input is a model, not a profile of one.
        probing: whether a probe was asked for.

    Raises:
        ValueError: The one asked for needs a model or a probe, and there is none.
    """
    replaced = {preset.name: preset.in_place_of for preset in presets.values() if preset.in_place_of is not None}
    if probing and not has_model:
        raise ValueError("a probe needs the model itself, not a profile of it")
    if wanted is None:
        left_out = set(replaced.values() if probing else replaced)
        fitting = [preset for preset in presets.values() if has_model or not preset.needs_model]
        kept = [preset for preset in fitting if preset.name not in left_out]
        return sorted(kept, key=lambda preset: preset.name != HEURISTIC)
    if (wanted in replaced) != probing:
        raise ValueError(f"a probe and the preset {' or '.join(replaced)} go together, neither without the other")
    if presets[wanted].needs_model and not has_model:
        raise ValueError(f"preset {wanted!r} needs the model itself, not a profile of it")
    return [presets[wanted]]
