"""The command line as a program: exit codes, one line per error, nothing where it does not belong."""

from __future__ import annotations

import ast
import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer

import ggufscope
from ggufscope.commands import app as cli
from ggufscope.commands.app import COMMANDS, main
from support.programs import ENVIRONMENT, PROGRAM, on_a_terminal

if TYPE_CHECKING:
    from support.command_line import RunCommand, RunInto

PACKAGE = Path(ggufscope.__file__).parent


@pytest.fixture
def model(write_gguf: Any) -> Path:
    return write_gguf({"blk.0.attn_q.weight": np.zeros((4, 8), np.float32)})


def test_version_stands_in_one_place(run_command: RunCommand) -> None:
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    (source,) = project["tool"]["dynamic-metadata"]
    assert (source["field"], source["input"]) == ("version", "python/ggufscope/_version.py")
    assert run_command("--version") == (0, f"ggufscope {ggufscope.__version__}\n", "")


def test_help_lists_every_command(run_command: RunCommand) -> None:
    code, out, _ = run_command("--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)
    assert run_command() == (2, out, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_module_and_describes_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    tree = ast.parse((PACKAGE / "commands" / f"{name}.py").read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    assert (ast.get_docstring(function) or "").splitlines()[0] == COMMANDS[name]
    assert main([name, "--help"]) == 0
    assert COMMANDS[name].split()[0] in capsys.readouterr().out


def test_using_the_library_loads_numpy_only(model: Path) -> None:
    code = (
        "import sys, ggufscope as gs; m = gs.open(sys.argv[1]); t = m.tensors[0]; t.role; t.dequantize(); "
        "print([m for m in ('rich', 'typer', 'gguf', 'pydantic', 'numba', 'scipy') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(model)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert done.stdout == "[]\n"


def test_only_public_names_are_listed() -> None:
    assert dir(ggufscope) == sorted(ggufscope.__all__)
    assert all(hasattr(ggufscope, name) for name in ggufscope.__all__)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_breaks_paragraphs_where_the_terminal_ends(name: str) -> None:
    for paragraph in cli._unwrapped(cli.load_command(name)).split("\n\n"):
        assert paragraph
        assert "\n" not in paragraph


def test_warnings_of_the_library_are_lines_of_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warn(_model: str) -> None:
        logging.getLogger("ggufscope").warning("%s: waiting %.0f s", "m.gguf", 7)

    monkeypatch.setattr(cli, "load_command", lambda _name: warn)
    for _ in range(2):  # nothing of a call is left behind
        assert main(["inspect", "m.gguf"]) == 0
        assert capsys.readouterr().err == "ggufscope: m.gguf: waiting 7 s\n"


STARTED = """
import sys
from ggufscope.commands.app import main
assert main(sys.argv[1:]) == 0
print([name for name in ("gguf", "numba", "numpy", "pydantic", "scipy") if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", ["--help", "--version", "inspect {model}", "inspect {model} --table --columns name,type --tensors *"]
)
def test_what_shows_a_header_starts_without_numpy_and_pydantic(words: str, model: Path) -> None:
    command = [sys.executable, "-c", STARTED, *words.format(model=model).split(" ")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert done.stdout
    assert done.stderr == "[]\n"


def test_commands_load_no_extra_and_no_numba() -> None:
    packages = (
        "altair",
        "vl_convert",
        "jinja2",
        "pyarrow",
        "llama_cpp",
        "tokenizers",
        "distributed",
        "fsspec",
        "numba",
    )
    code = (
        "import sys; from ggufscope.commands.app import COMMANDS, load_command; "
        "any(load_command(name) is None for name in COMMANDS); "
        f"print([m for m in {packages} if m in sys.modules], 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert done.stdout == "[] True\n"


@pytest.mark.parametrize("module", ["ggufscope._core", "rich.console", "typer", "ggufscope.models.inspection"])
def test_ctrl_c_while_modules_are_loaded_is_130(module: str) -> None:
    code = (
        "import runpy, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "sys.argv = ['ggufscope', 'inspect', 'model.gguf']\n"
        "runpy.run_module('ggufscope', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "ggufscope: interrupted\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["inspekt"], "Did you mean 'inspect'?"),
    ],
)
def test_an_unknown_command_is_2(run_command: RunCommand, arguments: list[str], message: str) -> None:
    code, out, err = run_command(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("ggufscope: ")
    assert message in err


@pytest.mark.parametrize("command", ["inspect", "profile", "analyze"])
def test_unreadable_input_is_3(command: str, model: Path, as_nobody: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cli.load_command(command)  # nobody may not read the package either
    model.chmod(0)
    with as_nobody():
        assert main([command, str(model)]) == 3
    assert capsys.readouterr() == ("", f"ggufscope: {model}: Permission denied\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_full_standard_output_is_4(run_into: RunInto, model: Path) -> None:
    line = "ggufscope: standard output: No space left on device\n"
    for words in (["inspect", model], ["inspect", model, "--json"], ["--version"], ["--help"]):
        with open("/dev/full", "w") as full:
            assert run_into(full, *words) == (4, line), words
    with open("/dev/full", "w") as full:  # the interpreter has nothing to add when it ends
        done = subprocess.run([*PROGRAM, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                              env=ENVIRONMENT)  # fmt: skip
    assert (done.returncode, done.stderr) == (4, line)


def test_a_reader_that_goes_away_is_no_error_message(run_into: RunInto, model: Path) -> None:
    for words in (["inspect", model], ["--help"], ["--version"]):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as output:
            assert run_into(output, *words) == (141, ""), words
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, "--version"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
                          env=ENVIRONMENT)  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_debug_prints_the_traceback_anywhere_on_the_line(run_command: RunCommand, tmp_path: Path) -> None:
    for words in (["--debug", "inspect", tmp_path], ["inspect", tmp_path, "--debug"]):
        code, _, err = run_command(*words)
        assert code == 3
        assert "Traceback" in err
        assert err.splitlines()[-1].startswith("ggufscope: ")
    assert "Traceback" not in run_command("inspect", tmp_path)[2]


def with_command(monkeypatch: pytest.MonkeyPatch, body: Any) -> int:
    """The exit code of a command that runs `body`."""

    def command() -> object:
        return body()

    monkeypatch.setattr(cli, "load_command", lambda _: command)
    return main(["inspect"])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ggufscope.GGUFError("a.gguf: tensor 'x', byte 7: bad\x1b"), 3, r"a.gguf: tensor 'x', byte 7: bad\x1b"),
        (ggufscope.UnsupportedTypeError("type 4 (Q4_2)"), 3, "type 4 (Q4_2)"),
        (MemoryError(), 3, "not enough memory"),
        (PermissionError(13, "Permission denied", "in"), 3, "in: Permission denied"),
        (ValueError("two\nlines"), 2, "two lines"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ggufscope.errors.OutputError(28, "No space left on device", "out"), 4, "out: No space left on device"),
        (
            KeyError("x"),
            70,
            "internal error: KeyError: 'x' (run again with --debug for the traceback)",
        ),
    ],
)
def test_what_a_command_raises(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    def fail() -> None:
        raise error

    assert with_command(monkeypatch, fail) == code
    assert capsys.readouterr() == ("", f"ggufscope: {line}\n")


@pytest.mark.parametrize(("verdict", "code"), [(None, 0), (0, 0), (1, 1)])
def test_a_command_returns_its_verdict(monkeypatch: pytest.MonkeyPatch, verdict: int | None, code: int) -> None:
    assert with_command(monkeypatch, lambda: verdict) == code


def test_typer_exits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave() -> None:
        raise typer.Exit(1)

    assert with_command(monkeypatch, leave) == 1


# A command that has begun to write a file, says so, and waits.
WAITING = """
import sys, time
from ggufscope.commands import app as cli
from ggufscope.saving.files import atomic_write
def wait():
    with atomic_write(sys.argv[1]) as file:
        file.write("half")
        print("ready", flush=True)
        time.sleep(60)
cli.load_command = lambda name: wait
sys.exit(cli.main(["inspect"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it_at_once_without_a_partial_file(tmp_path: Path, number: int, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path / "out.json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(timeout=10) == code
        assert process.stderr is not None
        assert len(process.stderr.read().splitlines()) <= 1
    assert list(tmp_path.iterdir()) == []


def test_colour_only_on_a_terminal_that_wants_it(run_command: RunCommand, write_gguf: Any) -> None:
    model = write_gguf({"x": np.zeros(8, np.float32)}, {"ggufscope.synthetic": True})
    assert "\x1b[1;33m" in on_a_terminal("inspect", model)[0]
    assert "\x1b[1;33m" not in on_a_terminal("inspect", model, NO_COLOR="1")[0]
    assert "\x1b" not in run_command("inspect", model)[1]


def ascii_output(run_into: RunInto, path: Path, *words: object) -> bytes:
    """The bytes that a call which ends well writes to a standard output of ASCII."""
    with path.open("w", encoding="ascii") as output:
        assert run_into(output, *words) == (0, "")
    return path.read_bytes()


def test_output_survives_a_poor_encoding(run_into: RunInto, write_gguf: Any, tmp_path: Path) -> None:
    model = write_gguf({"x": np.zeros((2, 8), np.float32)}, {"general.name": "模型"})
    assert rb"\u6a21\u578b" in ascii_output(run_into, tmp_path / "out", "inspect", model)


@pytest.mark.parametrize("command", ["inspect", "profile", "analyze"])
def test_ascii_is_enough(run_into: RunInto, write_gguf: Any, tmp_path: Path, command: str) -> None:
    tensors = {f"blk.{i}.attn_q.weight": np.ones((2, 8), np.float32) for i in range(3)}
    model = write_gguf(
        {**tensors, "token_embd.weight": np.ones((2, 8), np.float32)},
        {"tokenizer.ggml.tokens": ["a"] * 100, "general.description": "long " * 100},
    )
    options = ["--table"] if command == "inspect" else []
    out = ascii_output(run_into, tmp_path / "out", command, model, *options)
    assert b"\\" not in out
    if command == "inspect":
        assert b"llama | 64 parameters | 32.00 bits per weight" in out
        assert b"2 x 8" in out
        assert b"100 x string" in out


def test_markdown_into_a_stream_of_texts(stories260k: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["inspect", str(stories260k), "--md"]) == 0
    assert out.getvalue().startswith("## stories260K.gguf ·")
