"""Compilation where nothing can be kept on disk, and the two rules for division."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

from ggufscope.arrays.compiled import ahead, compile_ahead, compiled, compiled_as_numpy
from support.programs import ENVIRONMENT


def without_a_file(name):
    """A function that numba finds no place to keep: its source is no file, as when no directory can be written."""
    space = {}
    exec(compile(f"def {name}(x, y):\n    return x / y\n", "<nowhere>", "exec"), space)  # noqa: S102
    return space[name]


def test_what_cannot_be_kept_is_compiled_all_the_same():
    for decorate in (compiled, compiled_as_numpy):
        assert decorate(without_a_file("divide"))(3.0, 4.0) == 0.75


FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sys.path.insert(0, sys.argv[1])
import halved
assert halved.twice_halved(4.0) == halved.halved(2.0) == 1.0
"""
HALVED = """
from ggufscope.arrays.compiled import compiled
@compiled
def halved(x): return x / 2
@compiled
def twice_halved(x): return halved(halved(x))
"""


def test_a_full_disk_keeps_no_code_and_hinders_no_call(tmp_path):
    (tmp_path / "halved.py").write_text(HALVED)
    environment = ENVIRONMENT | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], check=True, env=environment)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_division_by_zero():
    with pytest.raises(ZeroDivisionError):
        compiled(without_a_file("divide"))(1.0, 0.0)
    assert compiled_as_numpy(without_a_file("divide"))(1.0, 0.0) == math.inf


@compiled
def spun(times):
    """An array that takes long: numba hands it back through Python."""
    total = np.zeros(4)
    for each in range(times):
        total[each % 4] += math.sin(each)
    return total


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_effect_behind_the_loop(number):
    class EndingError(Exception):
        """Raised by the handler, as KeyboardInterrupt is."""

    def handler(arrived, _frame):
        raise EndingError(arrived)

    spun(10)
    before = signal.signal(number, handler)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    try:
        timer.start()
        with pytest.raises(EndingError):
            spun(30_000_000)
        assert signal.getsignal(number) is handler
        assert spun(10).shape == (4,)
    finally:
        timer.join()
        signal.signal(number, before)


def test_compiled_functions_call_each_other_and_work_in_threads():
    @compiled
    def twice(times):
        return 2 * spun(times)

    np.testing.assert_array_equal(twice(10), 2 * spun(10))
    found = []
    thread = threading.Thread(target=lambda: found.append(spun(10)))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found[0], spun(10))


@ahead("float64[::1], int64")
@compiled
def summed_from(values, first):
    total = 0.0
    for each in range(first, values.size):
        total += values[each]
    return total


def types_of(function):
    return function._dispatcher.signatures


def test_functions_are_compiled_ahead_for_the_types_that_they_are_called_with():
    given_up = threading.Event()
    given_up.set()
    compile_ahead([__name__], given_up)
    assert types_of(summed_from) == []
    compile_ahead([__name__])
    once = list(types_of(summed_from))
    assert once == [(numba.float64[::1], numba.int64)]
    assert summed_from(np.arange(4.0), 2) == 5
    compile_ahead([__name__])
    assert types_of(summed_from) == once
    assert summed_from(np.arange(4.0, dtype=np.float32), 2) == 5  # other types are compiled when they come
    assert len(types_of(summed_from)) == 2
