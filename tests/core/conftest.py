"""Builds of the core for this machine, for tests that look at compiled code, and what its self-tests print."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.building import (
    CXX,
    PATH,
    ROOT,
    Build,
    CoreHashes,
    LanesHashes,
    builder,
    read_core_hashes,
    read_lanes_hashes,
    run,
)


@pytest.fixture(scope="session")
def build_target(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds for this machine."""
    for tool in ("cmake", "ninja", CXX[0]):
        if shutil.which(tool, path=PATH) is None:
            pytest.skip(f"needs {tool}: tools/install.sh test brings cmake and ninja")
    return builder(tmp_path_factory.mktemp("core"))


@pytest.fixture(scope="session")
def lanes_hashes(build_target: Build) -> Callable[[str], LanesHashes]:
    """A function from an instruction set of this machine to the hash of each word's results there."""

    @functools.cache
    def hashes(isa: str) -> LanesHashes:
        program = f"lanes_selftest_{isa}"
        return read_lanes_hashes(build_target(program) / program)

    return hashes


@pytest.fixture(scope="session")
def core_hashes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CoreHashes:
    """Of all instruction sets of this machine; the core is that of GGUFSCOPE_BUILD_DIR or else one built for this."""
    named = os.environ.get("GGUFSCOPE_BUILD_DIR")
    if not named:
        build_target: Build = request.getfixturevalue("build_target")
        return read_core_hashes(build_target("core_selftest") / "core_selftest")
    program = tmp_path_factory.mktemp("selftest") / "core_selftest"
    source = ROOT / "tests/core/core_selftest.cpp"
    library = Path(named) / "libggufscope_core.a"
    options = ("-std=c++20", "-ffp-contract=off", "-pthread", f"-I{ROOT / 'cpp'}")  # as CMakeLists.txt has it
    run(*CXX, *options, source, library, "-o", program)
    return read_core_hashes(program)
