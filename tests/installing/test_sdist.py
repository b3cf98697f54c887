"""The source package: all that is in the repository but its own settings, and nothing that only lies around."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

import ggufscope as gs

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".ci/", ".github/", ".git")  # settings of the repository; .git, .gitignore and their kin
TRASH = (
    "build/cp311/CMakeCache.txt",
    "dist/ggufscope-0.0.1.tar.gz",
    "models/model.gguf",
    "study/report.html",
    "python/ggufscope/_core.cpython-311-x86_64-linux-gnu.so",
    "python/ggufscope/__pycache__/errors.cpython-311.pyc",
    "tests/.pytest_cache/README.md",
    ".venv/pyvenv.cfg",
)
BUILD = "import scikit_build_core.build as backend; backend.build_sdist('out')"


def tracked() -> list[str]:
    """The files of the repository; the test is skipped where this is none."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout of the repository")
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"]
    names = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is in a source package that is made where somebody worked."""
    pytest.importorskip("scikit_build_core", reason="tools/install.sh brings it")
    names = tracked()
    checkout = tmp_path_factory.mktemp("checkout")
    for name in names:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    for name in TRASH:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("lies around")
    subprocess.run([sys.executable, "-c", BUILD], cwd=checkout, check=True, capture_output=True)
    (package,) = (checkout / "out").iterdir()
    assert package.name == f"ggufscope-{gs.__version__}.tar.gz"
    with tarfile.open(package) as archive:
        return [member.name.partition("/")[2] for member in archive if member.isfile()]


def test_it_has_every_file_of_the_repository_and_no_other(members: list[str]) -> None:
    expected = {name for name in tracked() if not name.startswith(LEFT_OUT)}
    assert expected ^ set(members) == {"PKG-INFO"}
    assert len(members) == len(set(members)) == len(expected) + 1


def test_it_has_what_its_own_settings_name(members: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"CMakeLists.txt", "pyproject.toml", project["readme"], *project["license-files"]} <= set(members)
