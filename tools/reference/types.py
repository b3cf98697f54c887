"""Types of tensors, from the core's registry."""

from __future__ import annotations

from ggufscope import _core

from .markdown import page, paragraph, table

HEAD = (
    "type",
    "id",
    "weights / bytes in a block",
    "bits per weight",
    "scales in a block",
    "integer codes",
    "big-endian",
)


def render() -> str:
    return page(
        "Types",
        paragraph(
            "Every type of tensor that is decoded, bit for bit as ggml does it. Vector kernels for"
            " AVX-512, AVX2 and NEON and portable C++ decode them;"
            " `GGUFSCOPE_ISA=generic|neon|avx2|avx512|avx512icl` forces one (`avx512icl`: with GFNI, VBMI"
            " and VPOPCNTDQ). Big-endian files are read for the types so marked."
        ),
        type_table(),
        paragraph(
            "Types without an id are those that safetensors has and ggml has not: no GGUF file may have"
            " them. Types that ggml removed, and those of forks, are refused by name."
        ),
    )


def type_table() -> str:
    """A row for each type."""
    rows = []
    for row in _core.types():
        elements, size = row["elements_per_block"], row["bytes_per_block"]
        rows.append(
            (
                row["name"],
                row["id"] if row["ggml"] else "",
                f"{elements} / {size}",
                f"{8 * size / elements:g}",
                row["scales_per_block"] or "",
                "yes" if row["code_bits"] else "",
                "yes" if row["big_endian"] and row["ggml"] else "",
            )
        )
    return table(HEAD, rows)
