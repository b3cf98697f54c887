"""Exceptions of the package, and the exit code and the one line that each gives at the command line."""

import re
from enum import IntEnum
from typing import Self

from ._core import GGUFError
from .text.escape import escape


class ExitCode(IntEnum):
    """Exit codes of every command.

    Attributes:
        meaning: for the reader.
        FINE: 0.
        NEGATIVE: 1: `check` found an error, `diff` passed a limit.
        USAGE: 2: wrong usage.
        INPUT: 3: an input that cannot be read or used.
        OUTPUT: 4: an output that cannot be written.
        INTERNAL: 70: a defect of ggufscope.
        INTERRUPTED: 130: Ctrl-C.
        CLOSED_PIPE: 141: the reader of standard output went away.
    """

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    FINE = 0, "done; what was asked about is sound or within its limits"
    NEGATIVE = 1, "a verdict: `check` found an error, `diff` passed a limit, a model of a fleet has errors"
    USAGE = 2, "wrong usage, or a package that is missing"
    INPUT = 3, "a file or a model that cannot be used: not found, malformed, of another kind"
    OUTPUT = 4, "a file, or standard output, could not be written, or something stands there that is not ours"
    INTERNAL = 70, "a defect of ggufscope; EX_SOFTWARE of sysexits.h"
    INTERRUPTED = 130, "interrupted by Ctrl-C; what was finished is kept"
    CLOSED_PIPE = 141, "the reader of standard output went away, as after SIGPIPE"


class OutputError(OSError):
    """An output file, or standard output, could not be written."""


class ReaderGoneError(Exception):
    """Whoever read standard output, as `head`, needs no more of it."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C after part of the work was done.

    A subclass is made from the results that there were by then, and pickles and copies with them.

    Args:
        results: the arguments that the subclass is made from.
        message: for the reader; empty for none.
    """

    def __init__(self, *results: object, message: str = "") -> None:
        super().__init__(*filter(None, [message]))
        self._results = results

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...], dict[str, object]]:
        return type(self), self._results, vars(self)


class ProfileError(ValueError):
    """A file that should be a saved profile is not, or is malformed; one line naming the place."""


class PromptsError(ValueError):
    """A file that should be a set of prompts is not, or is malformed; one line naming the place."""


class MissingExtraError(ImportError):
    """A package that this installation lacks; one line saying which extra of ggufscope brings it."""


class ClusterError(OSError):
    """A cluster cannot be reached, was lost, or has workers that cannot do the work; one line naming the place."""


class TaskLostError(ClusterError):
    """One worker of a cluster after another was lost at the same task, while the cluster goes on."""


class AnalysisError(ValueError):
    """A file that should be a saved analysis is not, or is malformed; one line naming the place."""


class BitsError(ValueError):
    """There is nothing to choose types from, or a file that should be a saved recommendation is none; one line."""


class CheckError(ValueError):
    """A file that should be a saved check is not, or is malformed; one line naming the place."""


class DiffError(ValueError):
    """Two models cannot be compared, or a file that should be a saved diff is not one; one line with the reason."""


class SwappedError(DiffError):
    """The reference of a diff has so many bits fewer than a model that the two may have been swapped."""


class FleetError(ValueError):
    """There is no model to measure, or a directory holds no fleet, or what it keeps there is malformed; one line."""


class ImportanceError(ValueError):
    """A file that should be an importance matrix is not, or is malformed, or is of another model; one line."""


class SpectraError(ValueError):
    """A file that should hold saved spectra does not, or is malformed, or is of another model; one line."""


class TraceError(ValueError):
    """A model cannot be traced, or a file that should be a saved trace is not one; one line with the reason."""


class ValidationError(ValueError):
    """An analysis and a trace cannot be compared, or a file that should be a saved validation is not one; one line."""


class StudyError(ValueError):
    """A directory cannot hold a study, or the state that it keeps there is malformed; one line with the reason."""


_INPUT_ERRORS = (
    AnalysisError,
    BitsError,
    CheckError,
    DiffError,
    FleetError,
    GGUFError,
    ImportanceError,
    MemoryError,
    OSError,
    ProfileError,
    PromptsError,
    SpectraError,
    StudyError,
    TraceError,
    ValidationError,
)


def exit_code(error: BaseException) -> ExitCode:
    """The exit code that `error` ends a command with."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, ReaderGoneError):
        return ExitCode.CLOSED_PIPE
    if isinstance(error, OutputError):
        return ExitCode.OUTPUT
    if isinstance(error, _INPUT_ERRORS):
        return ExitCode.INPUT
    if isinstance(error, (MissingExtraError, ValueError)):
        return ExitCode.USAGE
    return ExitCode.INTERNAL


def one_line(error: BaseException) -> str:
    """The line that tells of `error`, safe for a terminal; arguments that it names are called as the options are."""
    code = exit_code(error)
    if code == ExitCode.INTERRUPTED:
        return escape(f"interrupted: {error}" if str(error) else "interrupted")
    if isinstance(error, OSError) and error.strerror:
        named = f"{error.filename}: " if error.filename is not None else ""
        return escape(f"{named}{_as_options(error.strerror)}")
    if isinstance(error, MemoryError):
        return escape(f"not enough memory: {error}" if str(error) else "not enough memory")
    text = " ".join(str(error).splitlines())
    if isinstance(error, StudyError):
        text = _as_options(text)
    if code == ExitCode.INTERNAL:
        text = f"internal error: {type(error).__name__}: {text} (run again with --debug for the traceback)"
    return escape(text)


def _as_options(text: str) -> str:
    """A sentence for callers of the library in the words of the command line: `force=True` is `--force`."""
    return re.sub(r"\b(force|fresh)=True\b", r"--\1", text)
