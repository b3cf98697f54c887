"""Options that several commands share, declared once."""

from typing import Annotated

import typer

TensorsOption = Annotated[
    list[str] | None, typer.Option("--tensors", metavar="GLOB", help="Only tensors of this name, as 'blk.*.attn_v*'.")
]
LayersOption = Annotated[str | None, typer.Option("--layers", metavar="LIST", help="Only these layers, as 0-3,8,30-.")]
RoleOption = Annotated[
    list[str] | None, typer.Option("--role", metavar="ROLE", help="Only this role, as attn_v or 'ffn_*'.")
]
SortOption = Annotated[
    str | None,
    typer.Option("--sort", metavar="COLUMN", help="Largest first, text from A; COLUMN:asc or COLUMN:desc to choose."),
]
TopOption = Annotated[int | None, typer.Option("--top", metavar="N", help="Only the first N rows.")]
ColumnsOption = Annotated[
    str | None, typer.Option("--columns", metavar="LIST", help="Columns to show, as name,type,shape.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace files, too, that ggufscope did not write; never one that is read.")
]
