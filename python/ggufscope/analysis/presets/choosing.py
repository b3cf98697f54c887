"""The presets that an analysis runs, by what was asked for and what the input can give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...runtime.reading.probes import OWN
from .heuristic import NAME as HEURISTIC
from .probe import NAME as PROBE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .registry import Preset


@dataclass(frozen=True)
class Probing:
    """The probe of an analysis.

    Attributes:
        kind: `"own"` or `"random"`.
        is_read: whether the model read it already, so that nothing is saved by leaving another preset out.
    """

    kind: str | None
    is_read: bool = False


def chosen_presets(
    presets: Mapping[str, Preset], wanted: str | None, *, has_model: bool, probing: Probing | None
) -> list[Preset]:
    """The presets to run, the leading one first.

    A probe in the model's own words leads: it alone was found to predict on every model that it was tried on. Random
    tokens order the layers of one of three worse than depth does, whether in the shape of prompts or in one piece.

    Args:
        presets: the registered ones.
        wanted: the only one to run; None for all that fit.
        has_model: whether the input is a model, not a profile of one.
        probing: the probe that was asked for, or read already; None without one.

    Raises:
        ValueError: The one asked for needs a model or a probe, and there is none.
    """
    replaced = {preset.name: preset.in_place_of for preset in presets.values() if preset.in_place_of is not None}
    if probing is not None and not has_model:
        raise ValueError("a probe needs the model itself, not a profile of it")
    if wanted is None:
        left_out = set(replaced if probing is None else () if probing.is_read else replaced.values())
        fitting = [preset for preset in presets.values() if has_model or not preset.needs_model]
        kept = [preset for preset in fitting if preset.name not in left_out]
        leading = PROBE if probing is not None and probing.kind == OWN else HEURISTIC
        return sorted(kept, key=lambda preset: (preset.name != leading, preset.name != HEURISTIC))
    if (wanted in replaced) != (probing is not None):
        raise ValueError(f"a probe and the preset {' or '.join(replaced)} go together, neither without the other")
    if presets[wanted].needs_model and not has_model:
        raise ValueError(f"preset {wanted!r} needs the model itself, not a profile of it")
    return [presets[wanted]]
