"""The files that the rows of commands read, and a function that calls a command on them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.report.report import Report
from support.questions import write_questions
from support.small_models import readable

if TYPE_CHECKING:
    from support.command_line import RunCommand

HOSTILE = "x\x1b[2J\u202e\n[bold]y"
Run = Callable[..., tuple[int, str, str]]


def make_files(directory: Path, name: str, hostile: bool) -> dict[str, Path]:
    """A split model and all that commands read beside it, made by the library."""
    described = readable(**({"general.name": HOSTILE} if hostile else {}))
    if hostile:
        described["tensors"] |= {HOSTILE: np.ones((2, 32), np.float32)}
    writer = gguf.GGUFWriter(directory / f"{name}.gguf", "llama", split_max_tensors=12)
    for key, value in described["metadata"].items():
        add = {int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}[type(value)]
        add(key, value)
    for tensor, data in described["tensors"].items():
        writer.add_tensor(tensor, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    shards = sorted(directory.glob("*.gguf"))
    analysis = gs.analyze(shards[0])
    analysis.save(directory / "analysis")
    gs.profile(shards[0]).save(directory / "profile.json")
    gs.trace(shards[0], probe=8).save(directory / "trace.json")
    write_questions(directory / "prompts.json", "One", "Two")
    (directory / "text.txt").write_text("One day")
    (directory / "weights.toml").write_text("[weights]\nentropy = 1\n")
    return named_files(directory)


def named_files(directory: Path) -> dict[str, Path]:
    model, *others = sorted(directory.glob("*.gguf"))
    assert others
    names = ("profile.json", "trace.json", "prompts.json", "text.txt", "weights.toml", "analysis")
    return {"model": model} | {Path(name).stem: directory / name for name in names}


@pytest.fixture(scope="session")
def made_command_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("contract")
    make_files(directory, "small", hostile=False)
    return directory


@pytest.fixture
def command_files(made_command_files: Path, tmp_path: Path) -> dict[str, Path]:
    return named_files(Path(shutil.copytree(made_command_files, tmp_path / "files")))


@pytest.fixture(scope="session")
def hostile_command_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("hostile")
    return make_files(directory, os.fsdecode(b"m\xff\x1b[2J\n"), hostile=True)


@pytest.fixture
def run_on_files(
    command_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand
) -> Iterator[Run]:
    """A function that calls a command; charts, which would take most of the time, are left out."""
    for module in ("commands.analyze", "commands.demo", "studies.choices"):
        monkeypatch.setattr(f"ggufscope.{module}.chosen_formats", lambda: (["md"], None))
    monkeypatch.setattr(Report, "has_charts", False)
    monkeypatch.chdir(tmp_path)

    def call(name: str, arguments: str, **places: Path) -> tuple[int, str, str]:
        known = {**command_files, "scratch": tmp_path / "scratch", "file": tmp_path / "new", **places}
        return run_command(name, *(argument.format_map(known) for argument in arguments.split(" ")))

    yield call
    assert not list(tmp_path.rglob("*.tmp"))


def one_line(err: str) -> str:
    assert err.count("\n") == 1
    assert err.startswith("ggufscope: ")
    assert err[:-1].isprintable()
    return err
