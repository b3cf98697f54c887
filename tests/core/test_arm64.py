"""The core built for arm64, run under an emulator, gives the bits of this machine: both self-tests, line by line.

Skipped without cross compiler or emulator, unless GGUFSCOPE_REQUIRE_ARM64 is set: continuous integration installs
them, and must not pass over the tests because they are not found.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from typing import NoReturn

import pytest

from support.building import PATH, ROOT, Build, CoreHashes, LanesHashes, builder, read_core_hashes, read_lanes_hashes

COMPILER = "aarch64-linux-gnu-g++"
EMULATORS = ("qemu-aarch64", "qemu-aarch64-static")
ISAS = ("generic", "neon")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]  # they compile, and run in an emulator


def leave_out(reason: str) -> NoReturn:
    if os.environ.get("GGUFSCOPE_REQUIRE_ARM64"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def find(names: Iterable[str], package: str) -> str:
    for name in names:
        found = shutil.which(name, path=PATH)
        if found:
            return found
    leave_out(f"needs {' or '.join(names)} (Debian: apt-get install {package})")


@pytest.fixture(scope="module")
def emulator() -> str:
    return find(EMULATORS, "qemu-user")


@pytest.fixture(scope="module")
def build_arm64(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    find([COMPILER], "g++-aarch64-linux-gnu")
    for tool in ("cmake", "ninja"):
        find([tool], tool)
    return builder(
        tmp_path_factory.mktemp("arm64"),
        f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'tools/arm64.cmake'}",
        "-DGGUFSCOPE_WERROR=ON",
    )


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    return sorted(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key))


def test_words(build_arm64: Build, emulator: str, lanes_hashes: Callable[[str], LanesHashes]) -> None:
    tree = build_arm64("lanes_selftests")
    found = {isa: read_lanes_hashes(emulator, tree / f"lanes_selftest_{isa}") for isa in ISAS}
    expected = lanes_hashes("generic")
    assert {isa: differences(found[isa], expected) for isa in ISAS} == {isa: [] for isa in ISAS}


def test_types_and_statistics(build_arm64: Build, emulator: str, core_hashes: CoreHashes) -> None:
    found = read_core_hashes(emulator, build_arm64("core_selftest") / "core_selftest")
    assert tuple(found) == ISAS
    expected = core_hashes["generic"]
    assert {isa: differences(found[isa], expected) for isa in ISAS} == {isa: [] for isa in ISAS}
