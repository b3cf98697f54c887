"""Compiled functions of an analysis, made ready beside the pass over the weights, which leaves Python alone.

What is compiled is kept (`arrays.compiled`), so that this takes seconds once and a few tenths from then on. As a
program, `python -m ggufscope.analysis.compiling_ahead`, it fills the cache after an installation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..arrays.background import Background
from ..arrays.compiled import compile_ahead

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = str(__package__).partition(".")[0]
KERNELS = tuple(
    f"{_ROOT}.{module}"
    for module in (
        "analysis.inputs.gauge_from_model",
        "runtime.engines.streamed.kernels",
        "runtime.measuring.reductions",
        "runtime.measuring.attended",
        "runtime.measuring.neurons",
        "analysis.index.confound",
        "analysis.index.sensitivity",
        "analysis.presets.propagation.kernels",
        "analysis.standouts.alike",
    )
)


def compiling_beside(threads: int, modules: Sequence[str] = KERNELS) -> Background[None]:
    """A block beside which functions are compiled, if there may be a thread for that; leaving it early gives it up.

    What cannot be compiled is no error here but where it is called.
    """
    background: Background[None] = Background(
        lambda: compile_ahead(modules, background.given_up), "ggufscope-compiling", wanted=threads > 1
    )
    return background


if __name__ == "__main__":
    compile_ahead(KERNELS)
