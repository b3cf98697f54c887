"""The contract that all commands keep: exit codes, one line per error, inputs and files of others untouched.

A new command joins with a row in `support/command_rows.py`, which says how it is called on a small model.
"""

from __future__ import annotations

import json
import os
import re
import string
import sys
from pathlib import Path

import pytest

from ggufscope import extras
from ggufscope.analysis.analysis_result import REPORT_JSON
from ggufscope.commands.app import COMMANDS
from ggufscope.saving.marks import is_ours
from support.command_files import HOSTILE, Run, one_line
from support.command_rows import READING, ROWS, WRITING, Output

NOT_UTF_8 = os.fsdecode(b"out\xff\xfe\x1b[1m\n")
THEIRS = b"this is theirs\n"


def reads(arguments: str, files: dict[str, Path]) -> list[Path]:
    """The files that a call reads: all shards of a model, all files of a directory's analysis."""
    names = {name for _, name, _, _ in string.Formatter().parse(arguments) if name in files}
    found = [files[name] for name in names - {"model", "analysis"}]
    found += sorted(files["model"].parent.glob("*.gguf")) if "model" in names else []
    return found + ([files["analysis"] / REPORT_JSON] if "analysis" in names else [])


def test_every_command_has_a_row() -> None:
    assert ROWS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_wrong_usage_is_2(run_on_files: Run, name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    for arguments in (f"{row.call} {row.wrong}", f"{row.call} --nonsense", f"{row.call} {row.beyond}"):
        code, out, err = run_on_files(name, arguments)
        assert (code, out) == (2, "")
        one_line(err)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


@pytest.mark.parametrize(("name", "which"), READING)
@pytest.mark.parametrize("damage", ["missing", "directory", "pipe", "empty", "text", "cut"])
def test_unusable_input_is_3(
    run_on_files: Run, name: str, which: str, damage: str, command_files: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / f"{damage}-input"
    whole = command_files[which] / REPORT_JSON if which == "analysis" else command_files[which]
    if damage == "directory":
        path.mkdir()
    elif damage == "pipe":
        os.mkfifo(path)  # which nobody writes to: who opens it as a file waits forever
    elif damage != "missing":
        data = whole.read_bytes()
        path.write_bytes({"empty": b"", "text": b"<html>", "cut": data[: len(data) // 2]}[damage])
    code, out, err = run_on_files(name, ROWS[name].call, **{which: path})
    if ROWS[name].judges and path.exists() and not path.is_dir():
        assert (code, err) == (3, "")
        assert path.name in out
        return
    assert (code, out) == (3, "")
    assert path.name in one_line(err)


@pytest.mark.parametrize(("name", "output"), [(n, o) for n, o in WRITING if "{" in o.arguments.replace("{file}", "")])
def test_an_input_is_never_written_over(
    run_on_files: Run, name: str, output: Output, command_files: dict[str, Path], tmp_path: Path
) -> None:
    for number, path in enumerate(reads(output.arguments, command_files)):
        before = path.read_bytes()
        for link in (None, os.symlink, os.link):
            directory = tmp_path / f"out{number}{link and link.__name__}"
            directory.mkdir()
            target = path if link is None else directory / (output.inside or "link")
            if link is not None:
                link(path, target)
            elif output.inside is not None:
                continue  # the names of files in a directory are not the user's choice
            for force in ("", " --force"):
                code, out, err = run_on_files(name, output.arguments + force, file=target, directory=directory)
                assert (code, out) == (2, ""), err
                assert str(target) in one_line(err)
                assert path.name in err
            assert path.read_bytes() == before
            assert list(directory.iterdir()) == ([] if link is None else [target])


@pytest.mark.parametrize(("name", "output"), WRITING)
def test_a_foreign_file_is_never_written_over(run_on_files: Run, name: str, output: Output, tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    target = directory / (output.inside or "file")
    target.write_bytes(THEIRS)
    code, out, err = run_on_files(name, output.arguments, file=target, directory=directory)
    assert (code, out) == (4, "")
    assert one_line(err) == (
        f"ggufscope: {target}: exists and is not from ggufscope (a file of {len(THEIRS)} B); --force replaces it\n"
    )
    assert target.read_bytes() == THEIRS
    assert list(directory.iterdir()) == [target]


@pytest.mark.parametrize(("name", "output"), [(name, row.outputs[0]) for name, row in ROWS.items() if row.outputs])
def test_force_replaces_a_foreign_file_and_its_own_need_none(
    run_on_files: Run, name: str, output: Output, tmp_path: Path
) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    target = directory / (output.inside or "file")
    target.write_bytes(THEIRS)
    for force in (" --force", ""):
        code, _, err = run_on_files(name, output.arguments + force, file=target, directory=directory)
        assert (code, err) == (0, "")
        assert is_ours(target)


@pytest.mark.parametrize(("name", "output"), [(name, output) for name, output in WRITING if output.ends_well])
def test_ctrl_c_is_130_and_leaves_no_partial_file(
    run_on_files: Run, name: str, output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the first file is complete but for its name."""
    sync = os.fsync

    def interrupt(_: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    directory = tmp_path / "out"
    directory.mkdir()
    code, _, err = run_on_files(name, output.arguments, file=directory / "file", directory=directory)
    assert code == 130
    assert one_line(err).startswith("ggufscope: interrupted")
    assert {path.name for path in directory.iterdir()} <= {"study.json"}  # in which a study says how far it came


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row.outputs])
def test_ctrl_c_is_130_where_nothing_is_written(run_on_files: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "write", interrupt)
        code, out, err = run_on_files(name, ROWS[name].call)
    assert (code, out, err) == (130, "", "ggufscope: interrupted\n")


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.prints_json])
def test_json_is_alone_on_standard_output(run_on_files: Run, name: str) -> None:
    code, out, err = run_on_files(name, f"{ROWS[name].call} --json")
    assert (code, err) == (0, "")
    assert isinstance(json.loads(out), dict)


@pytest.mark.parametrize("name", ROWS)
def test_text_from_files_is_no_control_of_the_terminal(
    run_on_files: Run, name: str, hostile_command_files: dict[str, Path]
) -> None:
    code, out, err = run_on_files(name, ROWS[name].call, **hostile_command_files)
    assert code == 0
    assert all(line.isprintable() for line in (out + err).splitlines())
    model = hostile_command_files["model"]
    model = model.with_name(model.name + HOSTILE)
    code, out, err = run_on_files(name, ROWS[name].call, **dict.fromkeys(hostile_command_files, model))
    if "{" in ROWS[name].call.replace("{scratch}", ""):
        assert (code, out) == (3, "")
        one_line(err)


@pytest.mark.parametrize(("name", "output"), WRITING)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_file_names_need_not_be_utf_8(
    run_on_files: Run, name: str, output: Output, as_json: bool, hostile_command_files: dict[str, Path], tmp_path: Path
) -> None:
    """Neither those that are read nor those that are written."""
    if as_json and not ROWS[name].prints_json:
        pytest.skip("no --json")
    directory = tmp_path / NOT_UTF_8
    directory.mkdir()
    arguments = output.arguments + (" --json" if as_json else "")
    code, out, err = run_on_files(
        name, arguments, file=directory / NOT_UTF_8, directory=directory, **hostile_command_files
    )
    assert all(line.isprintable() for line in (out + err).splitlines())
    if not output.ends_well:
        assert code == 3
        one_line(err)
        return
    assert code == 0, err
    written = list(directory.iterdir())
    assert written
    assert all(path.is_dir() or is_ours(path) for path in written)
    if as_json:
        assert isinstance(json.loads(out), dict)


@pytest.mark.parametrize(
    ("name", "arguments", "extra"), [(name, *each) for name, row in ROWS.items() for each in row.extras.items()]
)
def test_a_missing_extra_is_told_before_the_work(
    run_on_files: Run, name: str, arguments: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, hidden = extras.find_spec, {"report": "altair", "runtime": "llama_cpp", "parquet": "pyarrow"}[extra]
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == hidden else find(name))
    code, out, err = run_on_files(name, arguments)
    assert (code, out) == (2, "")
    assert one_line(err).endswith(f": {extras.install_hint(extra)}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


@pytest.mark.parametrize("name", ROWS)
def test_a_narrow_terminal_is_enough(run_on_files: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich: a terminal, within which its tables have to stay
    code, out, _ = run_on_files(name, ROWS[name].call)
    assert code == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
    rows = [line for line in lines if len(line) > 40 and re.search(r"\S {2,}\S", line)]
    assert all(
        re.search(r"\.json( and \d+ more)?$|  ggufscope ", row) for row in rows
    )  # what is to be copied stays whole
