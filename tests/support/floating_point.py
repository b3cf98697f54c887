"""Floating-point environments that other code leaves behind in a thread, to show that results do not depend on them."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# Where <fenv.h> keeps the control register in fenv_t, and its bits: x86-64's MXCSR, arm64's FPCR.
_REGISTERS = {
    "x86_64": (28, {"denormals flushed": 0x8040, "rounding up": 0x4000}),
    "aarch64": (0, {"denormals flushed": 1 << 24, "rounding up": 1 << 22}),
}
ENVIRONMENTS = ("denormals flushed", "rounding up")


@contextmanager
def floating_point(environment: str) -> Iterator[None]:
    """One of ENVIRONMENTS for arithmetic of the calling thread."""
    if sys.platform != "linux" or platform.machine() not in _REGISTERS:
        pytest.skip("the layout of fenv_t is not known here")
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    offset, bits = _REGISTERS[platform.machine()]
    before = ctypes.create_string_buffer(64)
    libm.fegetenv(before)
    changed = ctypes.create_string_buffer(before.raw, 64)
    control = ctypes.c_uint32.from_buffer(changed, offset)
    control.value |= bits[environment]
    libm.fesetenv(changed)
    try:
        yield
    finally:
        libm.fesetenv(before)
