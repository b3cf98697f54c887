"""Compilation of numeric loops by numba, kept on disk between runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function without Python in its loops; it releases the GIL. Division by 0 is an error.

    The machine code is kept beside the module or in the user's cache directory. Where neither can be written, numba
    refuses to keep it, and it is compiled again in every process: slower by a second, the same numbers.
    """
    return _compiled(function, "python")


def compiled_as_numpy(function: Function) -> Function:
    """As `compiled`, with NumPy's rules for division: x / 0 is infinite or NaN."""
    return _compiled(function, "numpy")


def _compiled(function: Function, division: Literal["python", "numpy"]) -> Function:
    try:
        return cast("Function", numba.njit(cache=True, nogil=True, error_model=division)(function))
    except RuntimeError:  # "cannot cache function: no locator available"
        return cast("Function", numba.njit(nogil=True, error_model=division)(function))
