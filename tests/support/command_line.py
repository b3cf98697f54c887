"""The command line called in the process of the tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

import pytest

from ggufscope.commands.app import main

RunCommand = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_command(capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """A function from the words of a call to exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


RunInto = Callable[..., tuple[int, str]]


@pytest.fixture
def run_into(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunInto:
    """A function from a file and the words of a call, whose standard output it is, to exit code and standard error.

    The call meets what a program meets: a file with a descriptor, which is the standard output of the interpreter.
    """

    def run(output: TextIO, *words: object) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", output)
            patch.setattr(sys, "__stdout__", output)
            code = main([str(word) for word in words])
        return code, capsys.readouterr().err

    return run
