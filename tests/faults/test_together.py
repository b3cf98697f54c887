"""Two runs of one command on one directory at once: each file is that of one of them, whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import ggufscope as gs
from support.programs import ENVIRONMENT, PROGRAM


def both(*words: object) -> list[tuple[int, str]]:
    """Exit codes and messages of two runs."""
    command = [*PROGRAM, *map(str, words)]
    runs = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        for _ in range(2)
    ]
    messages = [run.communicate()[1] for run in runs]
    return [(run.returncode, message) for run, message in zip(runs, messages, strict=True)]


def test_two_profiles_in_one_file(stories260k: Path, tmp_path: Path) -> None:
    assert both("profile", stories260k, "-o", tmp_path / "p.json") == [(0, "")] * 2
    assert len(gs.Profile.load(tmp_path / "p.json").tensors) == 48
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_two_analyses_in_one_directory(stories260k: Path, tmp_path: Path) -> None:
    gs.profile(stories260k).save(tmp_path / "p.json")
    assert both("analyze", tmp_path / "p.json", "-o", tmp_path / "out") == [(0, "")] * 2
    assert len(gs.Analysis.load(tmp_path / "out").layers["risk"]) == 5
    assert not list(tmp_path.rglob("*.tmp"))
