"""The terminal view of a model that was made up: what it is, its types, and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text.names import base_name
from ..text.numbers import bytes_text, counted
from ..text.phrases import SYNTHETIC_LINE
from .headline import dotted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..synth import ModelPlan
    from .screen import Screen


def render_synth(screen: Screen, plan: ModelPlan, files: Sequence[Path]) -> None:
    """The plan that was followed, and the files."""
    n_bytes = sum(file.stat().st_size for file in files)
    more = [counted(len(files), "file")] if len(files) > 1 else []
    screen.headline(dotted([base_name(files[0]), *more, bytes_text(n_bytes)], screen.glyphs))
    size = counted(plan.n_parameters, "parameter")
    screen.line(dotted([plan.shape.title, plan.mix.name, size, f"seed {plan.seed}"], screen.glyphs))
    types = ", ".join(f"{count} {name}" for name, count in plan.type_counts().items())
    screen.line(f"{counted(len(plan.tensors), 'tensor')}: {types}")
    if plan.hard:
        screen.line("Codes are random, and scales have heavy tails")
    for (wanted, used), tensors in plan.replacements().items():
        screen.line(f"{tensors} of them {used} instead of {wanted}, whose blocks do not divide their rows")
    screen.line(SYNTHETIC_LINE, "bold yellow")
    for file in files:
        screen.whole(str(file))
