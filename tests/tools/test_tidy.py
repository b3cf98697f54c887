"""Which units of a build clang-tidy checks: each source once, the statistics for every instruction set."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TIDY = Path(__file__).parents[2] / "tools/tidy.py"
CORE = "CMakeFiles/ggufscope_core.dir/cpp/engine.cpp.o"
ISAS = ("generic", "avx2", "avx512", "avx512icl", "rvv")


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tidy", TIDY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def database(isas: tuple[str, ...]) -> list[dict[str, str]]:
    kernels = [f"kernels_{unit}_{isa}" for isa in isas for unit in ("statistics", "products", "k_quants")]
    targets = [*kernels, *(f"lanes_selftest_{isa}" for isa in isas)]
    return [{"output": CORE}, *({"output": f"CMakeFiles/{target}.dir/cpp/a.cpp.o"} for target in targets)]


def checked(isas: tuple[str, ...], wanted: str = "") -> list[str]:
    units: list[dict[str, str]] = load_tool().select(database(isas), wanted)
    return [unit["output"].split("/")[1].removesuffix(".dir") for unit in units]


@pytest.mark.parametrize("isas", [ISAS, ("generic", "neon")], ids=["many", "arm64"])
def test_only_statistics_are_checked_for_every_instruction_set(isas: tuple[str, ...]) -> None:
    found = checked(isas)
    assert [name for name in found if name.startswith("kernels_statistics")] == [
        f"kernels_statistics_{isa}" for isa in isas
    ]
    others = [name for name in found if not name.startswith("kernels_statistics")]
    assert others == [
        "ggufscope_core",
        "kernels_products_generic",
        "kernels_k_quants_generic",
        "lanes_selftest_generic",
    ]


def test_a_build_without_other_instruction_sets_is_checked_whole() -> None:
    assert len(checked(("generic",))) == len(database(("generic",)))


def test_an_expression_chooses_objects() -> None:
    assert checked(("generic", "neon"), "kernels_statistics_neon") == ["kernels_statistics_neon"]
