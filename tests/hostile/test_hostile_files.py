"""Every hostile file, by every command that reads models: an answer, or one line that says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggufscope as gs
from support.hostile_files import GROUPS, HOSTILE_FILES, write_all, write_file
from support.hostile_files.headers import HEADERS

if TYPE_CHECKING:
    from support.command_line import RunCommand

OPTIONS = {"inspect": (), "profile": (), "analyze": (), "trace": ("--probe", "3")}


@pytest.fixture(params=HOSTILE_FILES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path, name: str) -> Path:
    try:
        return write_file(tmp_path / f"{name}.gguf", HOSTILE_FILES[name])
    except OSError:
        pytest.skip("the file system has no sparse files of this size")


def test_every_command_answers_or_says_what_is_wrong(name: str, path: Path, run_command: RunCommand) -> None:
    refusal = HOSTILE_FILES[name].refusal
    for command, options in OPTIONS.items():
        code, output, message = run_command(command, path, *options)
        assert code in ({0, 3} if refusal is None else {3}), f"{command}: {message}"
        assert all(line.isprintable() for line in output.splitlines())
        if code == 3:
            assert output == ""
            assert message.count("\n") == 1
            assert message[:-1].isprintable()
            assert path.name in message or refusal is None
            assert (refusal or "") in message or (command == "analyze" and "not a saved profile" in message)
    code, output, message = run_command("check", path)
    assert (code in {0, 1, 3}) if refusal is None else (code == 3), output
    assert message == ""
    assert all(line.isprintable() for line in output.splitlines())


def test_the_library_refuses_with_its_own_error(name: str, path: Path) -> None:
    file = HOSTILE_FILES[name]
    if file.refusal is None:
        with gs.open(path) as model:
            assert model.files == [str(path)]
        return
    with pytest.raises(gs.GGUFError) as caught:
        gs.open(path)
    assert file.refusal in str(caught.value)


def test_names_are_names_of_files_and_stand_once() -> None:
    names = [name for files in GROUPS.values() for name in files]
    assert len(names) == len(set(names)) == len(HOSTILE_FILES)
    assert all(name.isidentifier() and name == name.lower() for name in names)


def test_all_are_written_but_the_largest(tmp_path: Path) -> None:
    written = write_all(tmp_path / "new", largest=1000)
    assert all(path.stat().st_size <= 1000 for path in written)
    assert {path.stem for path in written} > set(HEADERS)
    for name in HEADERS:
        assert (tmp_path / "new" / f"{name}.gguf").read_bytes() == HEADERS[name].build()
