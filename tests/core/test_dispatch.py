"""Which kernels run: the fastest by default, those of GGUFSCOPE_ISA when it is set."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from ggufscope import _core

DECODE = """
import numpy as np
from ggufscope import _core
_core.decode(np.zeros(18, np.uint8), 2, np.empty(32, np.float32))
print(_core.current_isa())
"""


def run_with(isa: str | None, code: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "GGUFSCOPE_ISA"}
    if isa is not None:
        environment["GGUFSCOPE_ISA"] = isa
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("isa", _core.available_isas())
def test_the_variable_chooses(isa: str) -> None:
    done = run_with(isa, DECODE)
    assert (done.stdout.strip(), done.stderr) == (isa, "")


@pytest.mark.parametrize("unset", [None, ""])
def test_the_fastest_runs_by_default(unset: str | None) -> None:
    assert run_with(unset, DECODE).stdout.strip() == _core.available_isas()[-1]


@pytest.mark.parametrize("isa", ["riscv", "AVX2", " generic", "avx2,generic"])
def test_an_unknown_name_is_refused_by_every_call_but_not_by_import(isa: str) -> None:
    code = f"""
from ggufscope import _core
for _ in range(2):
    try:
        _core.current_isa()
    except ValueError as error:
        print(error)
{DECODE}"""
    done = run_with(isa, code)
    expected = (
        f"GGUFSCOPE_ISA={isa}: instruction set '{isa}' is not part of this build; "
        f"available here: {', '.join(_core.available_isas())}"
    )
    assert done.stdout.splitlines() == [expected, expected]
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == f"ValueError: {expected}"


def test_an_instruction_set_of_another_machine_is_refused() -> None:
    foreign = "avx2" if "avx2" not in _core.available_isas() else "neon"
    assert run_with(foreign, DECODE).stderr.splitlines()[-1].startswith(f"ValueError: GGUFSCOPE_ISA={foreign}: ")


def test_a_call_may_name_its_own() -> None:
    blocks, out = np.zeros(18, np.uint8), np.empty(32, np.float32)
    with pytest.raises(
        ValueError, match=r"^instruction set 'riscv' is not part of this build; available here: generic"
    ):
        _core.decode(blocks, 2, out, isa="riscv")


def test_instruction_sets_are_listed_slowest_first() -> None:
    order = ["generic", "neon", "avx2", "avx512", "avx512icl"]
    available = _core.available_isas()
    assert available[0] == "generic"
    assert available == sorted(available, key=order.index)
