"""What the objects of kernel units define: their table and nothing that a linker could share between them.

A weak symbol (an inline function, a template of the standard library) exists in several objects; the linker keeps one
copy, and if that is the one built with AVX-512 flags, a machine without them crashes in code that has nothing to do
with kernels.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads ELF symbol tables"),
    pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm"),
]


class Symbol(NamedTuple):
    kind: str  # as nm spells it: lower case is local, U undefined, V, W and u may be shared between objects
    name: str


@pytest.fixture(scope="session")
def kernel_objects(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Objects of kernel units by "family_isa", from the tree GGUFSCOPE_BUILD_DIR names or else one built for this."""
    named = os.environ.get("GGUFSCOPE_BUILD_DIR")
    if named:
        tree = Path(named)
    else:
        build_target: Callable[[str], Path] = request.getfixturevalue("build_target")
        tree = build_target("ggufscope_core")
    return {
        path.parents[2].name.removesuffix(".dir").removeprefix("kernels_"): path
        for path in tree.glob("CMakeFiles/kernels_*.dir/cpp/kernels/*.o")
    }


def symbols(path: Path) -> list[Symbol]:
    """The symbols of an object, demangled."""
    listing = subprocess.run(["nm", "-C", path], capture_output=True, text=True, check=True).stdout
    return [Symbol(kind=line[17], name=line[19:]) for line in listing.splitlines()]


def wider(objects: dict[str, Path]) -> dict[str, Path]:
    return {unit: path for unit, path in objects.items() if not unit.endswith("_generic")}


def test_every_family_has_an_object_per_instruction_set(kernel_objects: dict[str, Path]) -> None:
    registry = (ROOT / "cpp/formats/all.h").read_text(encoding="utf-8")
    families = {*re.findall(r"^  X\((\w+)\)", registry, flags=re.MULTILINE)}
    families |= {path.name.removesuffix("_unit.cpp") for path in (ROOT / "cpp/kernels").glob("*_unit.cpp")} - {"format"}
    isas = {unit.rpartition("_")[2] for unit in kernel_objects}
    assert "generic" in isas
    assert set(kernel_objects) == {f"{family}_{isa}" for family in families for isa in isas}


def table_of(unit: str) -> str:
    """The statistics unit holds the table of the whole instruction set."""
    family, _, isa = unit.rpartition("_")
    return f"kernels_{isa}" if family == "statistics" else f"{family}_kernels_{isa}"


def test_an_object_exports_its_table_alone(kernel_objects: dict[str, Path]) -> None:
    exported = {
        unit: [symbol.name for symbol in symbols(path) if symbol.kind.isupper() and symbol.kind not in "UVW"]
        for unit, path in wider(kernel_objects).items()
    }
    assert exported == {unit: [f"ggufscope::{table_of(unit)}"] for unit in exported}


def test_no_object_holds_a_symbol_that_others_may_share(kernel_objects: dict[str, Path]) -> None:
    shared = {
        unit: [symbol.name for symbol in symbols(path) if symbol.kind in "VvWwu"]
        for unit, path in wider(kernel_objects).items()
    }
    assert {unit: names for unit, names in shared.items() if names} == {}


def test_a_shared_symbol_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "leak.cpp"
    source.write_text("inline int leak() { return 1; }\nint exported() { return leak(); }\n", encoding="utf-8")
    subprocess.run([os.environ.get("CXX", "c++"), "-c", source, "-o", tmp_path / "leak.o"], check=True)
    assert {(symbol.kind, symbol.name) for symbol in symbols(tmp_path / "leak.o")} >= {
        ("W", "leak()"),
        ("T", "exported()"),
    }
