"""Conversions side by side, in processes of their own: vl-convert holds the GIL, and threads would wait for each other.

A thread waits for each process; the calls are lines of JSON (`conversion_process`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import OutputError
from .render import CANNOT_BE_DRAWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .render import Conversion

    Made = TypeVar("Made")

MOST_PROCESSES = 2  # a third one starts, in half a second, when the charts of most reports are drawn
_PROCESS = Path(__file__).with_name("conversion_process.py")
# The path of modules is that of this process: what is installed for it is there, what lies in the directory is not.
_START = "import sys; sys.path[:] = sys.argv[2:]; import runpy; runpy.run_path(sys.argv[1], run_name='__main__')"


class SideBySide:
    """Processes that draw; they end with the `with` block.

    Args:
        processes: how many; by default one for each core, and few.
    """

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or min(MOST_PROCESSES, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(self._processes, "ggufscope-charts")
        self._own = threading.local()
        self._starting = threading.Lock()
        self._is_over = False
        self._started: list[subprocess.Popen[bytes]] = []
        self._prepared: list[tuple[Conversion[Any], Future[str | bytes]]] = []

    def __enter__(self) -> SideBySide:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._starting:  # a thread may be starting its process: that one is killed, too, and no other one starts
            self._is_over = True
            for process in self._started:
                process.kill()
        self._threads.shutdown(wait=True)
        for process in self._started:
            with contextlib.suppress(BrokenPipeError), process:  # closing its pipes writes what it did not read
                process.wait()

    def prepare(self, conversion: Conversion[Any]) -> None:
        """Begin a conversion that will be submitted later, beside other work."""
        self._prepared.append((conversion, self._threads.submit(self._call, conversion)))

    def submit(self, conversion: Conversion[Made]) -> Callable[[], Made]:
        """Begin a conversion; the function waits for what it makes.

        Raises:
            OutputError: From that function: it cannot be drawn.
        """
        prepared = (future for earlier, future in self._prepared if earlier == conversion)
        future = next(prepared, None) or self._threads.submit(self._call, conversion)
        return lambda: conversion.finish(future.result())

    def _call(self, conversion: Conversion[Any]) -> str | bytes:
        try:
            process = self._process()
            return _asked(process, conversion)
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(errno.EAGAIN, f"{CANNOT_BE_DRAWN}: {error}") from None

    def _process(self) -> subprocess.Popen[bytes]:
        """The process of this thread."""
        if not hasattr(self._own, "process"):
            command = [sys.executable, "-c", _START, str(_PROCESS), *filter(None, sys.path)]
            with self._starting:
                if self._is_over:
                    raise OutputError(errno.ECANCELED, f"{CANNOT_BE_DRAWN}: nobody waits for them any more")
                self._own.process = subprocess.Popen(  # noqa: S603
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
                self._started.append(self._own.process)
        process: subprocess.Popen[bytes] = self._own.process
        return process


def _asked(process: subprocess.Popen[bytes], conversion: Conversion[Any]) -> str | bytes:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("a process was started without pipes")
    call = {"function": conversion.function, "arguments": conversion.arguments, "options": conversion.options}
    process.stdin.write(json.dumps(call).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    answer: dict[str, Any]
    answer = json.loads(line) if line.endswith(b"\n") else {"error": "the process that draws them ended", "panic": True}
    if "error" in answer:
        if answer["panic"]:
            raise OutputError(errno.EAGAIN, f"{CANNOT_BE_DRAWN}: {' '.join(answer['error'].split())}")
        raise ValueError(answer["error"])
    content = process.stdout.read(answer["size"])
    if len(content) < answer["size"]:
        raise OutputError(errno.EAGAIN, f"{CANNOT_BE_DRAWN}: the process that draws them ended")
    return content.decode() if answer["text"] else content
