"""The command line called in the process of the tests."""

from __future__ import annotations

from collections.abc import Callable

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
