"""The command line: parse, call the library, render.

Each command is one function in the module of its name under `ggufscope.commands`, listed in COMMANDS. Only the module
of the command that is called gets imported, which keeps `--help` and `--version` quick. A command raises what the
library raises; `ggufscope.errors` says which exit code and which line on standard error that is.
"""

import functools
import importlib
import inspect
import logging
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from .._version import __version__
from ..errors import ExitCode, exit_code, one_line
from ..terminal.standard_output import drop_standard_output, guard_standard_output
from .completion import PROGRAM, typed_words
from .plain_values import sparing_command, sparing_group

# Command → the line that describes it in `ggufscope --help`; it is also the first line of its docstring.
COMMANDS: dict[str, str] = {
    "inspect": "Show what a model file holds: types by role, metadata, tensors.",
    "profile": "Statistics of every parameter: soundness, then layers and roles, or the tensors selected.",
    "check": "Whether model files are what they claim and sound, and if not, exactly where.",
    "diff": "What a model lost against the one it was made from: errors of all tensors, layers and roles.",
    "bits": "Which type each tensor should have, so that a model of a size costs the least, as llama-quantize options.",
    "analyze": "Static analysis: a risk index per layer, six hypotheses, and what each finding is worth.",
    "trace": "Activations while the model reads prompts, and its answers, scored.",
    "validate": "Predicted against measured, beside plain baselines, and the index's weights fitted to answers.",
    "study": "All of it in one directory: profile, check, analyze, trace, validate, report; what is finished is kept.",
    "fleet": "Many models into one directory: statistics and verdicts as Parquet, resumable, in shards.",
    "report": "Render saved results again: page, Markdown, charts, tables, or a summary here.",
    "bench": "Throughput here, against reading the same bytes: of types in memory, or of profiling a file.",
    "synth": "Write a model of a known shape with valid random blocks, for trials and benchmarks.",
    "demo": "A study of the small trained model that comes along, from its weights to what it does when it reads.",
}

# Commands with options that may stand without a value: `optional_values` says what they then mean.
_WITH_OPTIONAL_VALUES = frozenset({"analyze", "profile", "trace", "study"})

# Base of typer's own exceptions about the command line; which click it comes from depends on the version of typer.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]

_ROOM_FOR_BOXES = 80  # columns of a terminal; in less, help in boxes cuts words, and plain help does not

_EPILOG = "With --debug, anywhere on the line, an error prints its traceback."


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ggufscope {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print a traceback for an error.")] = False,
) -> None:
    """What is in the weights of a GGUF model, are they healthy, and what do they say."""


def _report(error: BaseException, debug: bool) -> ExitCode:
    """Print `error` on standard error and return the exit code it stands for."""
    code = exit_code(error)
    drop_standard_output()
    if code == ExitCode.CLOSED_PIPE:
        return code
    if debug and code != ExitCode.INTERRUPTED:
        traceback.print_exception(error)
    print(f"ggufscope: {one_line(error)}", file=sys.stderr)
    return code


def _guarded(command: Callable[..., object], debug: bool) -> Callable[..., None]:
    """`command`, ending with the exit code of what it raises or returns."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            if options.get("as_json") and options.get("as_markdown"):
                raise ValueError("--json and --md exclude each other: choose one")
            verdict = command(*arguments, **options)
            sys.stdout.flush()
        except (typer.Exit, _USAGE_ERROR):
            raise
        except (Exception, KeyboardInterrupt) as error:
            raise SystemExit(_report(error, debug)) from None
        raise SystemExit(verdict if isinstance(verdict, int) else ExitCode.FINE)

    return run


def load_command(name: str) -> Callable[..., object]:
    """The function of a command, from the module of its name."""
    command: Callable[..., object] = getattr(importlib.import_module(f".{name}", __package__), name)
    return command


def _listed_only() -> NoReturn:
    raise AssertionError("only the help text asks for commands that are not called")


def build_app(called: str | None = None, debug: bool = False) -> typer.Typer:
    """The typer app, complete for the command `called`; of the others (all, if None) it knows name and summary."""
    width = shutil.get_terminal_size().columns
    plain = {} if width >= _ROOM_FOR_BOXES else {"terminal_width": width}
    app = typer.Typer(
        cls=sparing_group(_root),
        callback=_root,
        epilog=_EPILOG,
        rich_markup_mode="rich" if width >= _ROOM_FOR_BOXES else None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], **plain},
    )
    for name, summary in COMMANDS.items():
        if name == called:
            command = load_command(name)
            kind = sparing_command(command)
            declare = app.command(name, cls=kind, help=_unwrapped(command), short_help=summary, epilog=_EPILOG)
            declare(_guarded(command, debug))
        else:
            app.command(name, help=summary, short_help=summary)(_listed_only)
    return app


def _unwrapped(command: Callable[..., object]) -> str:
    """The docstring of a command with each paragraph in one line, for the help to break where the terminal ends."""
    return "\n\n".join(
        " ".join(paragraph.split()) for paragraph in inspect.cleandoc(command.__doc__ or "").split("\n\n")
    )


@contextmanager
def _shown_warnings() -> Iterator[None]:
    """Print warnings of the library, as of servers that ask to wait, as all other lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("ggufscope: %(message)s"))
    logger = logging.getLogger("ggufscope")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _usage_line(error: Any) -> str:
    """One line for an error of the command line itself, from typer's own exception."""
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    return f"ggufscope: {' '.join(error.format_message().split())}{hint}"


def _end_by_signal(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # unwinds, so that temporary files go


def with_usual_values(called: str | None, words: Sequence[str]) -> list[str]:
    """The words with the usual value behind every option that may lack one: options of typer always take a value."""
    if called not in _WITH_OPTIONAL_VALUES:
        return list(words)
    from .optional_values import OPTIONAL_VALUES  # noqa: PLC0415 - only where it is needed

    completed: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        completed.append(word)
        option = OPTIONAL_VALUES.get(word)
        if option is not None and called in option.commands and not option.is_value(following):
            completed.append(option.usual)
    return completed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        arguments: as in `sys.argv[1:]`, which is the default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [argument for argument in words if argument != "--debug"]
    typed = typed_words(os.environ)
    called = next((word for word in (words if typed is None else typed) if not word.startswith("-")), None)
    if typed is None:
        words = with_usual_values(called, words)
    guard_standard_output()
    try:
        signal.signal(signal.SIGTERM, _end_by_signal)
        app = build_app(called, debug)
        with _shown_warnings():
            result = app(words or ["--help"], prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as ending:
        return int(ending.code or 0)
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, _USAGE_ERROR):
            print(_usage_line(error), file=sys.stderr)
            return ExitCode.USAGE
        return _report(error, debug)
    return (result or ExitCode.FINE) if words else ExitCode.USAGE
