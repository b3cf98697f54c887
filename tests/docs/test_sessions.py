"""Sessions of the documents: every command is one of this version, and every file in it comes from a command before."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from types import ModuleType

import pytest
import typer

from ggufscope.commands.app import COMMANDS, build_app
from support.documents import ROOT, document
from support.real_models import FILES


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sessions", ROOT / "tools" / "make_sessions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()


def commands(name: str) -> list[list[str]]:
    words = [shlex.split(call.command.partition(" > ")[0]) for call in TOOL.calls(document(name).splitlines())]
    return [call[1:] if call[0] == "python" else call for call in words]


def made_by(words: list[str]) -> list[str]:
    """Files and directories that a command leaves."""
    if words[0] == "tools/real_models.sh":
        return [f"{words[1]}/{file}" for file in FILES.values()]
    if words[0] == "tools/quantize.py":
        return [words[2]]
    outputs = [words[place + 1] for place, word in enumerate(words) if word in {"-o", "--output", "--html"}]
    return [*outputs, words[3]] if words[1] == "synth" else outputs


@pytest.mark.parametrize("name", TOOL.DOCUMENTS)
def test_commands_are_those_of_this_version(name: str) -> None:
    for words in commands(name):
        if words[0] != "ggufscope":
            assert (ROOT / words[0]).is_file()
            continue
        group = typer.main.get_command(build_app(words[1]))
        assert words[1] in COMMANDS
        group.commands[words[1]].make_context(words[1], words[2:])  # raises where it cannot be


@pytest.mark.parametrize("name", TOOL.DOCUMENTS)
def test_files_come_from_a_command_before(name: str) -> None:
    known: set[str] = set()
    for words in commands(name):
        made = made_by(words)
        read = [word for word in words[1:] if Path(word).suffix in {".gguf", ".json"} or "/" in word]
        for path in set(read) - set(made):
            assert path in known or str(Path(path).parent) in known, (words, path)
        known.update(made)


SESSION = """\
text

    $ one
    a

    b
    $ two
    $ three
    1
      …
    9

    no more
text
    indented
"""


def test_a_session_is_commands_and_their_outputs() -> None:
    one, two, three = TOOL.calls(SESSION.splitlines())
    assert (one.command, one.first, one.output) == ("one", 3, ["a", "", "b"])
    assert (two.command, two.output) == ("two", [])
    assert three.output == ["1", "  …", "9", "", "no more"]


@pytest.mark.parametrize(
    ("new", "old", "cut"),
    [
        ("12345", "1…5", "1…5"),
        ("abcdefg", "12…", "ab…"),
        ("abcd", "1…23", "a…cd"),
        ("abc", "1…23", "abc"),
        ("ab", "123", "ab"),
    ],
)
def test_outputs_are_cut_as_before(new: str, old: str, cut: str) -> None:
    assert TOOL.cut_like(list(new), list(old)) == list(cut)
