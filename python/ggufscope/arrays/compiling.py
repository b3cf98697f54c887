"""Loops handed to numba, which takes a fifth of a second to load: `compiled` loads this module when one is called."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Literal

import numba
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable


_ANY_ORDER = {"reassoc", "contract", "nsz"}  # LLVM's words for it


def dispatcher_of(
    function: Callable[..., Any], division: Literal["python", "numpy"], *, any_order: bool = False
) -> Any:
    """Numba's form of a function: it compiles it for the types of each call, and keeps the machine code on the disk.

    Args:
        function: in Python.
        division: whose rules for x / 0.
        any_order: sums may be taken in any order, several terms at once, which changes their last bits.
    """
    fast = _ANY_ORDER if any_order else False
    dispatcher: Any = numba.njit(nogil=True, error_model=division, fastmath=fast)(function)
    with contextlib.suppress(RuntimeError):  # "cannot cache function: no locator available"
        # As the dispatcher's `enable_caching` does.
        dispatcher._cache = _KeptWhereThereIsRoom(function)  # type: ignore[no-untyped-call]
    return dispatcher


class _KeptWhereThereIsRoom(FunctionCache):
    """Machine code on the disk; on a full one none is kept, and the call that needed the code goes on."""

    def save_overload(self, signature: Any, code: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(signature, code)  # type: ignore[no-untyped-call]
