"""Commands and Python of all pages are those of this version, and the Python of the guide runs."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer

import ggufscope as gs
from ggufscope.commands.app import COMMANDS, build_app, with_usual_values
from support.documents import ROOT, document, run_python
from support.shelves import write_shelf

PAGES = ["README.md", "SECURITY.md", "benchmarks/README.md"]
PAGES += sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))
COMMAND = re.compile(r"^ {4}ggufscope (\S.*)$", re.MULTILINE)  # those of sessions, behind `$`: test_sessions.py
PLACEHOLDER = re.compile(r"^(?:…|\[.*\]|.*…)$")


def command_lines(text: str) -> list[list[str]]:
    """Words of the commands that a page shows, without what explains them, behind two spaces."""
    lines = [re.split(r" {2,}| [|>] ", line)[0] for line in COMMAND.findall(text.replace("\\\n", " "))]
    return [words for words in map(shlex.split, lines) if not any(map(PLACEHOLDER.match, words))]


@pytest.mark.parametrize("name", [name for name in PAGES if command_lines(document(name))])
def test_every_command_line_is_one_of_this_version(name: str) -> None:
    for command, *arguments in command_lines(document(name)):
        assert command in COMMANDS, command
        group = typer.main.get_command(build_app(command))
        group.commands[command].make_context(
            command, with_usual_values(command, arguments)
        )  # raises where it cannot be


# Pages of the reference are made from the code, and hold signatures.
WRITTEN = [name for name in PAGES if not name.startswith("docs/reference/")]
PYTHON = {name: re.findall(r"```python\n(.*?)```", document(name), flags=re.DOTALL) for name in WRITTEN}


@pytest.mark.parametrize("name", [name for name in WRITTEN if PYTHON[name]])
def test_python_is_written_with_names_that_exist(name: str) -> None:
    for block in PYTHON[name]:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gs":
                assert hasattr(gs, node.attr), node.attr


def test_a_wrong_command_is_seen() -> None:
    (words,) = command_lines("text\n\n    ggufscope inspect model.gguf --no-such-option   the header\n")
    assert words == ["inspect", "model.gguf", "--no-such-option"]
    assert command_lines("    ggufscope diff REFERENCE MODEL…\n") == []


def test_python_of_the_guide_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    names = run_python("docs/guide/python.md")
    assert names["weights"].shape == (32, 64)
    assert names["profile"].roles["attn_v"].rms == pytest.approx(gs.profile(gs.demo_model()).roles["attn_v"].rms)
    assert names["verdict"].sound


def test_python_of_many_models_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write_shelf(tmp_path / "models", 2)
    gs.fleet("models", "results")
    roles = run_python("docs/guide/many.md")["roles"]
    assert {"model", "role", "kurtosis", "rms"} <= set(roles.columns)
