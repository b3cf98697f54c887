"""The functions that are compiled ahead are those that an analysis calls, for the types that it calls them with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.programs import ENVIRONMENT

ANALYSE = """
import sys
import ggufscope as gs
from ggufscope.analysis.compiling_ahead import KERNELS
from ggufscope.arrays import compiled

compiled.compile_ahead(KERNELS)
ahead = {function: len(function._dispatcher.signatures) for function, _ in compiled._AHEAD}
assert len(ahead) >= 14
assert set(ahead.values()) == {1}
gs.analyze(sys.argv[1], threads=2)
others = [function.__name__ for function in ahead if len(function._dispatcher.signatures) > 1]
assert not others, others
"""


def test_an_analysis_compiles_nothing_that_was_compiled_ahead(tiny_model: Path) -> None:
    subprocess.run([sys.executable, "-c", ANALYSE, str(tiny_model)], check=True, env=ENVIRONMENT)
