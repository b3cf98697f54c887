"""Nothing but drawing needs the packages of the extra `report`: every public name loads, every result shows itself."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {"altair", "jinja2", "vl_convert", "pandas", "polars", "pyarrow", "IPython"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import ggufscope as gs

for name in gs.__all__:
    getattr(gs, name)
profile = gs.profile(gs.demo_model())
assert profile._repr_html_() and profile.to_columns("heads")
assert gs.check(gs.demo_model())._repr_html_()
"""


def test_every_public_name_loads_without_them() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
