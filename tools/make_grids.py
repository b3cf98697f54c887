"""Writes cpp/formats/grids/*.h: the codebooks of ggml's IQ types, as the `gguf` package holds them.

The codebooks were found by search, no formula gives them: they are data of ggml (MIT licence, © the ggml authors) and
are copied here as numbers. Run again, and commit, when a release of `gguf` has a codebook that is new:

    python tools/make_grids.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import quants

DIRECTORY = Path(__file__).parent.parent / "cpp" / "formats" / "grids"
NUMBERS_PER_LINE = 14

HEADER = """\
// Made by tools/make_grids.py from the gguf package; do not edit. Codebooks of ggml (MIT licence, © the ggml authors).
//
// A number is a row of {columns} entries of {bits} bits, first entry lowest; an entry is an index into the values.
#pragma once

#include <cstdint>

namespace ggufscope {{
namespace {{

// clang-format off
{tables}// clang-format on

}}  // namespace
}}  // namespace ggufscope
"""

TABLE = """\
inline constexpr {type} k{name}Values[] = {{{values}}};
inline constexpr uint16_t k{name}Rows[{n_rows}] = {{
{rows}
}};
"""


@dataclass(frozen=True)
class Codebook:
    """One grid: `indices` has shape (rows, columns) and points into `values`."""

    name: str
    values: tuple[int, ...]
    indices: np.ndarray


# IQ1_M decodes with the grid of IQ1_S.
FAMILIES = {
    "iq1": {"Iq1": quants.IQ1_S},
    "iq2": {"Iq2xxs": quants.IQ2_XXS, "Iq2xs": quants.IQ2_XS, "Iq2s": quants.IQ2_S},
    "iq3": {"Iq3xxs": quants.IQ3_XXS, "Iq3s": quants.IQ3_S},
}


def read_codebook(name: str, source: type) -> Codebook:
    """Take the codebook out of one of gguf's quantization classes."""
    source.init_grid()
    grid = source.grid.reshape(source.grid_shape)
    values = tuple(int(value) for value in source.grid_map)
    indices = np.searchsorted(values, grid)
    if not np.array_equal(np.array(values)[indices], grid):
        raise ValueError(f"{name}: the grid holds values that its map does not list in ascending order")
    return Codebook(name, values, indices)


def pack_rows(codebook: Codebook) -> list[int]:
    """Make each row of indices one 16-bit number, first entry lowest."""
    columns = codebook.indices.shape[1]
    shifts = np.arange(columns) * (16 // columns)
    return (codebook.indices << shifts).sum(axis=1).tolist()


def render_table(codebook: Codebook) -> str:
    """Write the C++ arrays of one codebook."""
    numbers = [f"0x{row:04x}" for row in pack_rows(codebook)]
    lines = [numbers[at : at + NUMBERS_PER_LINE] for at in range(0, len(numbers), NUMBERS_PER_LINE)]
    return TABLE.format(
        type="int8_t" if min(codebook.values) < 0 else "uint8_t",
        name=codebook.name,
        values=", ".join(map(str, codebook.values)),
        n_rows=len(numbers),
        rows="\n".join("  " + ", ".join(line) + "," for line in lines),
    )


def render_family(family: str) -> str:
    """Write the whole text of cpp/formats/grids/<family>.h."""
    codebooks = [read_codebook(name, source) for name, source in FAMILIES[family].items()]
    columns = codebooks[0].indices.shape[1]
    tables = "\n".join(render_table(codebook) for codebook in codebooks)
    return HEADER.format(columns=columns, bits=16 // columns, tables=tables)


def main() -> None:
    """Write every family's header."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY
    for family in FAMILIES:
        (directory / f"{family}.h").write_text(render_family(family), encoding="utf-8")


if __name__ == "__main__":
    main()
