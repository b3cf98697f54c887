"""The command that a missing extra is told with: it names this interpreter and what pyproject.toml lists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest

from ggufscope import extras
from ggufscope.errors import MissingExtraError

REQUIREMENTS = [
    "numpy>=1.26",
    "altair>=6.3; extra == 'report'",
    'jinja2!=3.1.5,>=3.1.6; extra == "report"',
    "tokenizers>=0.22; extra == 'trace'",
    "ggufscope[trace,report]; extra == 'runtime'",
    "llama-cpp-python<0.3.37,>=0.3.36; sys_platform != 'win32' and extra == 'runtime'",
    "jinja2>=3.1; extra == 'runtime-docs'",
]
REPORT = ["altair>=6.3", "jinja2!=3.1.5,>=3.1.6"]


@pytest.fixture
def with_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.requires", lambda _: REQUIREMENTS)


@pytest.mark.parametrize(
    ("extra", "packages"),
    [
        ("report", REPORT),
        (
            "runtime",
            ["tokenizers>=0.22", *REPORT, "llama-cpp-python<0.3.37,>=0.3.36; sys_platform != 'win32'"],
        ),
    ],
)
def test_the_hint_names_packages_with_their_bounds(with_requirements: None, extra: str, packages: list[str]) -> None:
    assert shlex.split(extras.install_hint(extra)) == [sys.executable, "-m", "pip", "install", *packages]


def test_a_shell_takes_the_hint_as_it_stands(
    with_requirements: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "Ann's $HOME" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(MissingExtraError) as caught:
        extras.need("no_such_package", "report")
    line = str(caught.value)
    assert line.startswith("this needs the package no_such_package: ")
    command = line.partition(": ")[2]
    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S602
    assert said.stdout.splitlines() == ["-m", "pip", "install", *REPORT]
    assert list(tmp_path.iterdir()) == [python.parent]  # `>` redirected nothing


def test_a_source_tree_on_the_path_says_where_extras_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.requires", none)
    assert extras.install_hint("report").endswith("its pyproject.toml lists the extra report")


def test_every_extra_of_pyproject_is_told_as_installed() -> None:
    try:
        requires("ggufscope")
    except PackageNotFoundError:
        pytest.skip("ggufscope is on the path alone, without metadata")
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    listed = tomllib.loads(pyproject.read_text())["project"]["optional-dependencies"]
    for extra, requirements in listed.items():
        told = shlex.split(extras.install_hint(extra))
        assert told[:4] == [sys.executable, "-m", "pip", "install"]
        names = {_name(package) for package in told[4:]}
        assert {_name(line) for line in requirements if not line.startswith("ggufscope[")} <= names
        assert "ggufscope" not in names


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!;\s]", requirement)[0].lower().replace("_", "-")
