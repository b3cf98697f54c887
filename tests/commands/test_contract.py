"""The contract that all commands keep: exit codes, one line per error, inputs and files of others untouched.

A new command joins with a row in ROWS, which says how it is called on a small model.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import string
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope import extras
from ggufscope.analysis.analysis_result import REPORT_JSON
from ggufscope.commands.app import COMMANDS
from ggufscope.report.report import Report
from ggufscope.saving.marks import is_ours
from support.questions import write_questions
from support.small_models import readable

if TYPE_CHECKING:
    from support.command_line import RunCommand

HOSTILE = "x\x1b[2J\u202e\n[bold]y"
NOT_UTF_8 = os.fsdecode(b"out\xff\xfe\x1b[1m\n")
THEIRS = b"this is theirs\n"
Run = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class Output:
    """A call that writes.

    Attributes:
        arguments: of the call; `{file}` or `{directory}` is where it writes, other names are files it reads.
        inside: name of a file that it writes into the directory.
        ends_well: whether the small model has what the call needs. Refusals come first in any case.
    """

    arguments: str
    inside: str | None = None
    ends_well: bool = True


@dataclass(frozen=True)
class Row:
    """How a command is called.

    Attributes:
        call: arguments with which it ends well.
        wrong: arguments behind those that are wrong usage.
        outputs: calls that write; the first one is made in full.
        extras: arguments that need an extra → its name.
        prints_json: whether there is `--json`.
        judges: whether what is wrong with a model is the answer, and no failure to answer.
    """

    call: str
    wrong: str
    outputs: tuple[Output, ...] = ()
    extras: dict[str, str] = field(default_factory=dict)
    prints_json: bool = True
    judges: bool = False


ROWS = {
    "inspect": Row("{model}", "--top 0"),
    "profile": Row(
        "{model}",
        "--threads 0",
        (Output("{model} -o {file}"), Output("{model} --html {file}")),
        {"{model} --html {file}": "report"},
    ),
    "check": Row(
        "{model}",
        "--threads 0",
        (Output("{model} -o {file}"), Output("{model} --sarif {file}"), Output("{model} --manifest {file}")),
        judges=True,
    ),
    "analyze": Row(
        "{model}",
        "--norm max",
        (
            Output("{model} -o {directory}", "report.md"),
            Output("{model} -o {directory} --weights {weights}", REPORT_JSON),
            Output("{profile} -o {directory}", REPORT_JSON),
        ),
    ),
    "trace": Row(
        "{model} --probe 8",
        "--text {text}",
        (
            Output("{model} --probe 8 -o {file}"),
            Output("{model} --probe -o {file}"),
            Output("{model} --probe 8 --keep q -o {directory}/t.json", "t.npz"),
            Output("{model} --prompts {prompts} -o {file}", ends_well=False),
            Output("{model} --text {text} -o {file}", ends_well=False),
        ),
        {"{model} --engine llama.cpp --probe 8": "runtime"},
    ),
    "validate": Row(
        "{analysis} {trace}",
        "--seed -1",
        (
            Output("{analysis} {trace} -o {directory}", "validation.json"),
            Output("{analysis} {trace} --probe {trace} -o {directory}", "weights.toml"),
        ),
    ),
    "study": Row(
        "{model} --no-trace -o {scratch}",
        "--template nonsense",
        (
            Output("{model} --no-trace -o {directory}", "profile.json"),
            Output("{model} --weights {weights} --prompts {prompts} -o {directory}", "weights.toml", ends_well=False),
        ),
        {"{model} --engine llama.cpp -o {scratch}": "runtime"},
    ),
    "report": Row(
        "{profile}",
        "--format html",
        (
            Output("{profile} --format md -o {directory}", "report.md"),
            Output("{analysis} --format csv -o {directory}", "layers.csv"),
        ),
        {
            "{profile} --format parquet -o {scratch}": "parquet",
            "{profile} --format html -o {scratch}": "report",
            "{profile} --format svg -o {scratch}": "report",
            "{profile} --format png -o {scratch}": "report",
        },
        prints_json=False,
    ),
    "bench": Row("{model} --threads 1 --seconds 0.01", "--threads 0"),
    "synth": Row(
        "tiny {scratch}.gguf --layers 1 --type Q4_0",
        "--shards 0",
        (Output("tiny {file} --layers 1 --type Q4_0"),),
    ),
    "demo": Row("-o {scratch}", "--threads 0", (Output("-o {directory}", "profile.json"),), prints_json=False),
}
WRITING = [(name, output) for name, row in ROWS.items() for output in row.outputs]
READING = [(name, each) for name, row in ROWS.items() for each in ("model", "analysis", "profile", "trace")
           if f"{{{each}}}" in row.call]  # fmt: skip


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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("contract")
    make_files(directory, "small", hostile=False)
    return directory


@pytest.fixture
def files(made: Path, tmp_path: Path) -> dict[str, Path]:
    return named_files(Path(shutil.copytree(made, tmp_path / "files")))


@pytest.fixture(scope="module")
def hostile_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("hostile")
    return make_files(directory, os.fsdecode(b"m\xff\x1b[2J\n"), hostile=True)


@pytest.fixture
def run(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand
) -> Iterator[Run]:
    """A function that calls a command; charts, which would take most of the time, are left out."""
    for module in ("commands.analyze", "commands.demo", "studies.choices"):
        monkeypatch.setattr(f"ggufscope.{module}.chosen_formats", lambda: (["md"], None))
    monkeypatch.setattr(Report, "has_charts", False)
    monkeypatch.chdir(tmp_path)

    def call(name: str, arguments: str, **places: Path) -> tuple[int, str, str]:
        known = {**files, "scratch": tmp_path / "scratch", "file": tmp_path / "new", **places}
        return run_command(name, *(argument.format_map(known) for argument in arguments.split(" ")))

    yield call
    assert not list(tmp_path.rglob("*.tmp"))


def reads(arguments: str, files: dict[str, Path]) -> list[Path]:
    """The files that a call reads: all shards of a model, all files of a directory's analysis."""
    names = {name for _, name, _, _ in string.Formatter().parse(arguments) if name in files}
    found = [files[name] for name in names - {"model", "analysis"}]
    found += sorted(files["model"].parent.glob("*.gguf")) if "model" in names else []
    return found + ([files["analysis"] / REPORT_JSON] if "analysis" in names else [])


def one_line(err: str) -> str:
    assert err.count("\n") == 1
    assert err.startswith("ggufscope: ")
    assert err[:-1].isprintable()
    return err


def test_every_command_has_a_row() -> None:
    assert ROWS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_wrong_usage_is_2(run: Run, name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    beyond = "--explain one" if row.judges else "one two three"
    for arguments in (f"{row.call} {row.wrong}", f"{row.call} --nonsense", f"{row.call} {beyond}"):
        code, out, err = run(name, arguments)
        assert (code, out) == (2, "")
        one_line(err)
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


@pytest.mark.parametrize(("name", "which"), READING)
@pytest.mark.parametrize("damage", ["missing", "directory", "empty", "text", "cut"])
def test_unusable_input_is_3(
    run: Run, name: str, which: str, damage: str, files: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / f"{damage}-input"
    whole = files[which] / REPORT_JSON if which == "analysis" else files[which]
    if damage == "directory":
        path.mkdir()
    elif damage != "missing":
        data = whole.read_bytes()
        path.write_bytes({"empty": b"", "text": b"<html>", "cut": data[: len(data) // 2]}[damage])
    code, out, err = run(name, ROWS[name].call, **{which: path})
    if ROWS[name].judges and path.is_file():
        assert (code, err) == (3, "")
        assert path.name in out
        return
    assert (code, out) == (3, "")
    assert path.name in one_line(err)


@pytest.mark.parametrize(("name", "output"), [(n, o) for n, o in WRITING if "{" in o.arguments.replace("{file}", "")])
def test_an_input_is_never_written_over(
    run: Run, name: str, output: Output, files: dict[str, Path], tmp_path: Path
) -> None:
    for number, path in enumerate(reads(output.arguments, files)):
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
                code, out, err = run(name, output.arguments + force, file=target, directory=directory)
                assert (code, out) == (2, ""), err
                assert str(target) in one_line(err)
                assert path.name in err
            assert path.read_bytes() == before
            assert list(directory.iterdir()) == ([] if link is None else [target])


@pytest.mark.parametrize(("name", "output"), WRITING)
def test_a_foreign_file_is_never_written_over(run: Run, name: str, output: Output, tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    target = directory / (output.inside or "file")
    target.write_bytes(THEIRS)
    code, out, err = run(name, output.arguments, file=target, directory=directory)
    assert (code, out) == (4, "")
    assert one_line(err) == (
        f"ggufscope: {target}: exists and is not from ggufscope (a file of {len(THEIRS)} B); --force replaces it\n"
    )
    assert target.read_bytes() == THEIRS
    assert list(directory.iterdir()) == [target]


@pytest.mark.parametrize(("name", "output"), [(name, row.outputs[0]) for name, row in ROWS.items() if row.outputs])
def test_force_replaces_a_foreign_file_and_its_own_need_none(
    run: Run, name: str, output: Output, tmp_path: Path
) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    target = directory / (output.inside or "file")
    target.write_bytes(THEIRS)
    for force in (" --force", ""):
        code, _, err = run(name, output.arguments + force, file=target, directory=directory)
        assert (code, err) == (0, "")
        assert is_ours(target)


@pytest.mark.parametrize(("name", "output"), [(name, output) for name, output in WRITING if output.ends_well])
def test_ctrl_c_is_130_and_leaves_no_partial_file(
    run: Run, name: str, output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the first file is complete but for its name."""
    sync = os.fsync

    def interrupt(_: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    directory = tmp_path / "out"
    directory.mkdir()
    code, _, err = run(name, output.arguments, file=directory / "file", directory=directory)
    assert code == 130
    assert one_line(err).startswith("ggufscope: interrupted")
    assert {path.name for path in directory.iterdir()} <= {"study.json"}  # in which a study says how far it came


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row.outputs])
def test_ctrl_c_is_130_where_nothing_is_written(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "write", interrupt)
        code, out, err = run(name, ROWS[name].call)
    assert (code, out, err) == (130, "", "ggufscope: interrupted\n")


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.prints_json])
def test_json_is_alone_on_standard_output(run: Run, name: str) -> None:
    code, out, err = run(name, f"{ROWS[name].call} --json")
    assert (code, err) == (0, "")
    assert isinstance(json.loads(out), dict)


@pytest.mark.parametrize("name", ROWS)
def test_text_from_files_is_no_control_of_the_terminal(run: Run, name: str, hostile_files: dict[str, Path]) -> None:
    code, out, err = run(name, ROWS[name].call, **hostile_files)
    assert code == 0
    assert all(line.isprintable() for line in (out + err).splitlines())
    model = hostile_files["model"]
    model = model.with_name(model.name + HOSTILE)
    code, out, err = run(name, ROWS[name].call, **dict.fromkeys(hostile_files, model))
    if "{" in ROWS[name].call.replace("{scratch}", ""):
        assert (code, out) == (3, "")
        one_line(err)


@pytest.mark.parametrize(("name", "output"), WRITING)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_file_names_need_not_be_utf_8(
    run: Run, name: str, output: Output, as_json: bool, hostile_files: dict[str, Path], tmp_path: Path
) -> None:
    """Neither those that are read nor those that are written."""
    if as_json and not ROWS[name].prints_json:
        pytest.skip("no --json")
    directory = tmp_path / NOT_UTF_8
    directory.mkdir()
    arguments = output.arguments + (" --json" if as_json else "")
    code, out, err = run(name, arguments, file=directory / NOT_UTF_8, directory=directory, **hostile_files)
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
    run: Run, name: str, arguments: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, hidden = extras.find_spec, {"report": "altair", "runtime": "llama_cpp", "parquet": "pyarrow"}[extra]
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == hidden else find(name))
    code, out, err = run(name, arguments)
    assert (code, out) == (2, "")
    assert one_line(err).endswith(f"pip install 'ggufscope[{extra}]'\n")
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


@pytest.mark.parametrize("name", ROWS)
def test_a_narrow_terminal_is_enough(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich: a terminal, within which its tables have to stay
    code, out, _ = run(name, ROWS[name].call)
    assert code == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
    rows = [line for line in lines if len(line) > 40 and re.search(r"\S {2,}\S", line)]
    assert all(
        re.search(r"\.json( and \d+ more)?$|  ggufscope ", row) for row in rows
    )  # what is to be copied stays whole
