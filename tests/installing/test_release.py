"""What a release is made by: wheels that cibuildwheel is asked for, and the workflow that builds and publishes them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ["cp311", "cp312", "cp313", "cp314", "cp314t"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def identifiers(platform: str, *archs: str) -> set[str]:
    """The wheels that cibuildwheel makes of this checkout."""
    pytest.importorskip("cibuildwheel", reason="the extra release brings it")
    command = [sys.executable, "-m", "cibuildwheel", "--print-build-identifiers", "--platform", platform]
    command += ["--archs", ",".join(archs)] if archs else []
    return set(subprocess.run([*command, ROOT], capture_output=True, text=True, check=True).stdout.split())


def test_wheels_for_linux() -> None:
    systems = [f"{libc}_{arch}" for libc in ("manylinux", "musllinux") for arch in ("x86_64", "aarch64")]
    assert identifiers("linux") == {f"{python}-{system}" for python in PYTHONS for system in systems}


def test_wheels_for_macos() -> None:
    intel = {f"{python}-macosx_x86_64" for python in PYTHONS if "314" not in python}  # no numba for others
    assert identifiers("macos", "arm64", "x86_64") == intel | {f"{python}-macosx_arm64" for python in PYTHONS}


def test_every_python_with_a_wheel_is_declared() -> None:
    versions = {f"3.{python.removeprefix('cp3').removesuffix('t')}" for python in PYTHONS}
    declared = re.findall(r"Programming Language :: Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert set(declared) == versions
    assert PROJECT["project"]["requires-python"] == f">={min(declared, key=lambda text: int(text[2:]))}"


def test_the_tests_of_wheels_are_there() -> None:
    names = (ROOT / "tests/installing/wheel_tests.txt").read_text().split()
    assert len(names) > 5
    assert [name for name in names if not (ROOT / name).is_file()] == []
    assert "@tests/installing/wheel_tests.txt" in PROJECT["tool"]["cibuildwheel"]["test-command"]


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    path = ROOT / ".github/workflows/release.yml"
    if not path.exists():
        pytest.skip("the source package has no settings of the repository")
    yaml = pytest.importorskip("yaml", reason="comes with the extras remote and docs")
    read: dict[Any, Any] = yaml.safe_load(path.read_text())
    return read


def test_only_a_tag_publishes_and_after_everything_was_built(workflow: dict[Any, Any]) -> None:
    assert workflow[True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}  # YAML's word for true is also `on`
    jobs = workflow["jobs"]
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/')"


def test_only_publishing_may_speak_for_the_repository(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    asked = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert asked == {"publish": {"id-token": "write"}}
    assert "secrets." not in str(workflow)


def test_the_workflow_builds_all_wheels_with_the_tools_of_the_extra(workflow: dict[Any, Any]) -> None:
    built = {(row["runner"].partition("-")[0], row["archs"]) for row in _matrix(workflow)}
    assert built == {("ubuntu", "x86_64"), ("ubuntu", "aarch64"), ("macos", "arm64"), ("macos", "x86_64")}
    commands = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    for tool in ("build", "cibuildwheel", "twine"):
        (bounds,) = (line for line in PROJECT["project"]["optional-dependencies"]["release"] if line.startswith(tool))
        assert f"'{bounds}'" in commands
    kept = [
        step["with"] for job in workflow["jobs"].values() for step in job["steps"] if "upload" in step.get("uses", "")
    ]
    assert len(kept) == 2
    assert all(files["name"].startswith("files-") and files["if-no-files-found"] == "error" for files in kept)


def _matrix(workflow: dict[Any, Any]) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = workflow["jobs"]["wheels"]["strategy"]["matrix"]["include"]
    return rows
