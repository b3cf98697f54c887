"""How tests build the core without Python, and read what its self-tests print."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# CMake and Ninja come with the test extra, next to this interpreter.
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
CXX = shlex.split(os.environ.get("CXX", "c++"))

Build = Callable[[str], Path]
LanesHashes = dict[str, str]
CoreHashes = dict[str, dict[str, str]]


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": PATH})
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout


def builder(tree: Path, *options: str) -> Build:
    """A function that builds one target of the core with the project's own CMake and gives the build tree."""

    @functools.cache
    def build(target: str) -> Path:
        run("cmake", "--build", tree, "--target", target, "--parallel", "2")
        return tree

    options = ("-G", "Ninja", "-DGGUFSCOPE_PYTHON=OFF", "-DGGUFSCOPE_SELFTEST=ON", *options)
    run("cmake", "-S", ROOT, "-B", tree, *options)
    return build


def read_lanes_hashes(*command: str | Path) -> LanesHashes:
    """What lanes_selftest_<isa> prints: word → hash of its results."""
    return dict(line.split("\t") for line in run(*command).splitlines())


def read_core_hashes(*command: str | Path) -> CoreHashes:
    """What core_selftest prints: instruction set → type, content, shape and mode → hashes of weights and fields."""
    hashes: CoreHashes = {}
    for line in run(*command).splitlines():
        isa, *case, weights, fields = line.split("\t")
        hashes.setdefault(isa, {})[" ".join(case)] = f"{weights} {fields}"
    return hashes
