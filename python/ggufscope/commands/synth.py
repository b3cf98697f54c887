"""`ggufscope synth`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..synth import SHAPES, ModelPlan, make_plan, type_choices, write_plan
from ..terminal.console import show
from ..terminal.progress import progress_bar
from ..terminal.standard_output import print_out
from ..terminal.synth import render_synth
from .completion import choices, loaded_choices
from .options import ForceOption, JsonOption, MarkdownOption, seed_option

_SHAPE_HELP = f"One of {', '.join(SHAPES)}."
_TYPE_HELP = "A file type, as Q4_K_M, or a tensor type for all weights, as Q4_K. An unknown one lists them."


def synth(
    shape: Annotated[str, typer.Argument(metavar="SHAPE", help=_SHAPE_HELP, autocompletion=choices(*SHAPES))],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The GGUF file to write.")],
    *,
    file_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help=_TYPE_HELP, autocompletion=loaded_choices(type_choices))
    ] = "Q4_K_M",
    seed: Annotated[int, seed_option("The same seed gives the same bytes.")] = 0,
    layers: Annotated[int | None, typer.Option("--layers", help="This many layers, not the shape's own.")] = None,
    shards: Annotated[int, typer.Option("--shards", help="Split into this many files.")] = 1,
    pure: Annotated[bool, typer.Option("--pure", help="No mix: every weight matrix in the type itself.")] = False,
    hard: Annotated[
        bool, typer.Option("--hard", help="Random codes and heavy-tailed scales, to measure speed.")
    ] = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    force: ForceOption = False,
) -> None:
    """Write a model of a known shape with valid random blocks, for trials and benchmarks.

    The file has the tensors, types and metadata of the real model, random weights with a few planted trends over
    depth, and says that it is synthetic.
    """
    plan = make_plan(shape, file_type, seed=seed, layers=layers, pure=pure, hard=hard)
    with progress_bar(f"Writing {out.name}") as progress:
        files = write_plan(plan, out, shards=shards, force=force, progress=progress)
    if as_json:
        print_out(json.dumps(to_json(plan, files), indent=1))
    else:
        show(lambda screen: render_synth(screen, plan, files), markdown=as_markdown)


def to_json(plan: ModelPlan, files: list[Path]) -> dict[str, Any]:
    """The model that was written, for machines."""
    replaced = [
        {"wanted": wanted, "given": used, "tensors": tensors} for (wanted, used), tensors in plan.replacements().items()
    ]
    return {
        "synthetic": True,
        "shape": plan.shape.name,
        "type": plan.mix.name,
        "seed": plan.seed,
        "hard": plan.hard,
        "layers": plan.shape.layers,
        "n_tensors": len(plan.tensors),
        "n_parameters": plan.n_parameters,
        "n_bytes": plan.n_bytes,
        "types": plan.type_counts(),
        "replaced": replaced,
        "files": [str(file) for file in files],
    }
