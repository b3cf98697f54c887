"""Compilation of numeric loops by numba, kept on disk between runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function compiled without Python in its loops; it releases the GIL.

    The machine code is kept beside the module or in the user's cache directory. Where neither can be written, numba
    refuses to keep it, and it is compiled again in every process: slower by a second, the same numbers.
    """
    try:
        return cast("Function", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # "cannot cache function: no locator available"
        return cast("Function", numba.njit(nogil=True)(function))
