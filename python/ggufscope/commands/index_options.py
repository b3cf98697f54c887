"""Options of the risk index, for the commands that make an analysis."""

from typing import Annotated

import typer

from ..analysis.presets.registry import NORMS, SCALES
from ..analysis.settings import WEIGHT_NAMES
from .completion import choices

_WEIGHTS_HELP = (
    f"Of the index: {','.join(f'{name}=1' for name in WEIGHT_NAMES)}, or a TOML file of such keys. What is not named"
    " weighs nothing."
)

WeightsOption = Annotated[str | None, typer.Option("--weights", metavar="W", help=_WEIGHTS_HELP)]
NormOption = Annotated[
    str, typer.Option("--norm", help=f"Scale of a gain vector: {' or '.join(NORMS)}.", autocompletion=choices(*NORMS))
]
ScaleOption = Annotated[
    str, typer.Option("--scale", help=f"Of a component: {' or '.join(SCALES)}.", autocompletion=choices(*SCALES))
]
