"""The committed codebooks are those of the installed `gguf` package, and the script that writes them is repeatable."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gguf import quants

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "make_grids.py"
GRIDS = ROOT / "cpp" / "formats" / "grids"

CODEBOOKS = {
    "Iq1": quants.IQ1_S,
    "Iq2xxs": quants.IQ2_XXS,
    "Iq2xs": quants.IQ2_XS,
    "Iq2s": quants.IQ2_S,
    "Iq3xxs": quants.IQ3_XXS,
    "Iq3s": quants.IQ3_S,
}


def read_array(name: str) -> list[int]:
    """Read the numbers of a C++ array in the committed headers."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(GRIDS.glob("*.h")))
    (body,) = re.findall(rf"\bk{name}\[\d*\] = \{{(.*?)\}};", text, re.DOTALL)
    return [int(number, 0) for number in re.findall(r"-?\w+", body)]


@pytest.mark.parametrize("name", CODEBOOKS)
def test_committed_codebook_is_that_of_gguf(name: str) -> None:
    source = CODEBOOKS[name]
    source.init_grid()
    n_rows, columns = source.grid_shape
    values = np.array(read_array(f"{name}Values"))
    rows = np.array(read_array(f"{name}Rows"))
    bits = 16 // columns
    unpacked = values[rows[:, None] >> bits * np.arange(columns) & (1 << bits) - 1]
    assert unpacked.shape == (n_rows, columns)
    np.testing.assert_array_equal(unpacked, source.grid.reshape(n_rows, columns))


def test_script_writes_exactly_the_committed_headers(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCRIPT, tmp_path], check=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in GRIDS.iterdir()}
    assert written == committed
