"""Arguments and options that several commands share, declared once.

What an option of one command means beyond that stands with the command: `output_file` and its like take the help.
"""

import logging
from typing import Annotated, Any

import typer

from ..arrays.arguments import thread_count
from ..runtime.reading.probes import OWN, RANDOM, USUAL_SEQUENCES
from ..spectral.choice import ALL, LAYERS
from ..text.numbers import bytes_in
from .completion import (
    choices,
    complete_columns,
    complete_model,
    complete_role,
    complete_sort,
    complete_tensor,
)

_LOGGER = logging.getLogger("ggufscope")
_PROBE_KINDS = (
    f"KIND: {OWN}, the model writes {USUAL_SEQUENCES} sequences itself; {RANDOM}, as many of random tokens; {OWN}:N,"
    f" {RANDOM}:N, so many; N, so many random tokens in one piece."
)

MODEL_HELP = (
    "A GGUF or safetensors file, any file of a split model, a directory with one model, hf://ORG/NAME/PATH, https://…,"
    " s3://…, ollama:NAME or hf-cache:ORG/NAME."
)
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, autocompletion=complete_model)]


def _use_window(text: str | None) -> str | None:
    """Let models that lie elsewhere be read through a window of the size asked for."""
    if text is not None:
        from ..inputs.remote.window import set_default_window  # noqa: PLC0415  of no use to most calls

        size = bytes_in(text)
        try:
            if size is None:
                raise ValueError(f"--window takes a size, as 256MB or 1GiB, not {text!r}")
            set_default_window(size)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return text


WindowOption = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="SIZE",
        callback=_use_window,
        help="Memory for what is fetched of a model that lies elsewhere; default: 256MB.",
    ),
]


def threads_to_use(threads: int | None) -> int | None:
    """As many as were asked for, or the cores at hand and a line that says so.

    Raises:
        ValueError: It is no positive number.
    """
    if threads is None:
        return None
    used = thread_count(threads)
    if used < threads:
        _LOGGER.warning("%d of %d threads used: one for each core at hand", used, threads)
    return used


ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", callback=threads_to_use, help="At most so many; default, and most: the cores at hand."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
MarkdownOption = Annotated[bool, typer.Option("--md", help="Print Markdown, as for a pull request, instead of text.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace files, too, that ggufscope did not write; never one that is read.")
]

FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Remove what an earlier study left in DIR, also of another model.")
]

TensorsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tensors",
        metavar="GLOB",
        help="Only tensors of this name, as 'blk.*.attn_v*'.",
        autocompletion=complete_tensor,
    ),
]
LayersOption = Annotated[str | None, typer.Option("--layers", metavar="LIST", help="Only these layers, as 0-3,8,30-.")]
RoleOption = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="ROLE", help="Only this role, as attn_v or 'ffn_*'.", autocompletion=complete_role),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="COLUMN",
        help="Largest first, names from A, layers from 0; COLUMN:asc or COLUMN:desc to choose.",
        autocompletion=complete_sort,
    ),
]
TopOption = Annotated[int | None, typer.Option("--top", metavar="N", help="Only the first N rows.")]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="LIST",
        help="Columns to show, as name,type,shape.",
        autocompletion=complete_columns,
    ),
]


def output_file(about: str) -> Any:
    """`--output` for a file; `about` is its help."""
    return typer.Option("--output", "-o", metavar="FILE", help=about)


def output_directory(about: str) -> Any:
    """`--output` for a directory; `about` is its help."""
    return typer.Option("--output", "-o", metavar="DIR", help=about)


def seed_option(about: str) -> Any:
    """`--seed`; `about` says of what."""
    return typer.Option("--seed", metavar="N", help=about)


OpeningOption = Annotated[
    int,
    typer.Option(
        "--opening",
        metavar="N",
        help="Tokens of exact openings that the model writes, for propagation; 0: none, all tokens are Gaussian.",
    ),
]


SpectraOption = Annotated[
    str | None,
    typer.Option(
        "--spectra",
        metavar=f"[{ALL}]",
        help="Singular values of the matrices of the layers, too; all: of embeddings and output as well.",
        autocompletion=choices(LAYERS, ALL),
    ),
]


def probe_option(about: str) -> Any:
    """`--probe`: a kind of probe, OWN where none is named (`app.main` sees to that); `about` says what for."""
    return typer.Option(
        "--probe", metavar="[KIND]", help=f"{about} {_PROBE_KINDS}", autocompletion=choices(OWN, RANDOM)
    )
