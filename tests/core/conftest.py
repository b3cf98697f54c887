"""Builds of the core without Python, for tests that look at compiled code."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def build_target(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that builds one target of the core with the project's own CMake and gives the build tree."""
    for tool in ("cmake", os.environ.get("CXX", "c++")):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    tree = tmp_path_factory.mktemp("core")
    run("cmake", "-S", ROOT, "-B", tree, "-DGGUFSCOPE_PYTHON=OFF", "-DGGUFSCOPE_SELFTEST=ON")

    def build(target: str) -> Path:
        run("cmake", "--build", tree, "--target", target, "--parallel", "2")
        return tree

    return build
