"""Options of reading and answering, for the commands that run a model."""

from pathlib import Path
from typing import Annotated

import typer

from ..runtime.engines.engine import ENGINES
from ..runtime.reading.templates import CHOICES
from ..runtime.tracing import NEW_TOKENS

USUAL_ENGINE = next(iter(ENGINES))

_ENGINES_HELP = "; ".join(f"{name}: {engine.summary}" for name, engine in ENGINES.items())

PromptsOption = Annotated[
    Path | None, typer.Option("--prompts", metavar="FILE", help="Prompts to read; default: the twenty built in.")
]
TemplateOption = Annotated[
    str, typer.Option("--template", help=f"Form of a turn around each prompt: {', '.join(CHOICES)}.")
]
EngineOption = Annotated[str, typer.Option("--engine", help=f"{_ENGINES_HELP}.")]
MaxNewTokensOption = Annotated[
    int | None,
    typer.Option("--max-new-tokens", metavar="N", help=f"To answer with; default: {NEW_TOKENS}, 0 for texts."),
]
