"""Compilation of numeric loops by numba, kept on disk between runs; nothing is loaded for it before one is called."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` without enumerations, which take 25 µs a call
import functools
import itertools
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import Any, Literal, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

_MAKING = threading.Lock()
_AHEAD: list[tuple[_Undisturbed, str]] = []  # in the order of their definitions
_SIGNALS = (_signal.SIGTERM, _signal.SIGINT)  # whose handlers may raise


def compiled(function: Function) -> Function:
    """Compile a function without Python in its loops; it releases the GIL. Division by 0 is an error.

    The machine code is kept beside the module or in the user's cache directory. Where neither can be written, or the
    disk is full, it is compiled again in every process: slower by a second, the same numbers.
    """
    return _compiled(function, "python")


def compiled_as_numpy(function: Function) -> Function:
    """As `compiled`, with NumPy's rules for division: x / 0 is infinite or NaN."""
    return _compiled(function, "numpy")


def compiled_in_any_order(function: Function) -> Function:
    """As `compiled_as_numpy`, and sums are taken in whatever order is fast: their last bits depend on the processor."""
    return _compiled(function, "numpy", any_order=True)


def ahead(types: str) -> Callable[[Function], Function]:
    """Decorate a compiled function with the types of the arguments that it is called with: `compile_ahead` knows it.

    Args:
        types: as numba writes them, `"float32[:, ::1], int64"`. Calls with others are compiled when they come.
    """

    def register(function: Function) -> Function:
        _AHEAD.append((cast("_Undisturbed", function), f"({types},)"))
        return function

    return register


def compile_ahead(modules: Sequence[str], given_up: threading.Event | None = None) -> None:
    """Compile the functions of some modules that are decorated with `ahead`, or load what is kept of them.

    Args:
        modules: their full names, in the order in which their functions are needed.
        given_up: looked at between two functions.
    """
    for module in modules:
        import_module(module)
    by_module = {module: [each for each in _AHEAD if each[0].__module__ == module] for module in modules}
    for function, types in itertools.chain.from_iterable(by_module.values()):
        if given_up is not None and given_up.is_set():
            return
        function.compile(types)


def _compiled(function: Function, division: Literal["python", "numpy"], *, any_order: bool = False) -> Function:
    return cast("Function", _Undisturbed(function, division, any_order))


class _Undisturbed:
    """A compiled function during whose calls no handler of a signal raises.

    What numba hands back is made by calls into Python. A KeyboardInterrupt there is an error while a result is set, or
    the end of the process by SIGSEGV. Ctrl-C takes effect behind the loop instead, which is over in far less than a
    second. Only the main thread runs handlers.
    """

    def __init__(self, function: Callable[..., Any], division: Literal["python", "numpy"], any_order: bool) -> None:
        self._function = function
        self._division = division
        self._any_order = any_order
        self._made: Any = None
        functools.update_wrapper(self, function)

    @property
    def _dispatcher(self) -> Any:
        """Numba's form of the function, one for all threads."""
        if self._made is None:
            from .compiling import dispatcher_of  # noqa: PLC0415  loads numba

            with _MAKING:
                if self._made is None:
                    self._made = dispatcher_of(self._function, self._division, any_order=self._any_order)
        return self._made

    def compile(self, types: str) -> None:
        """Compile it for arguments of some types, a tuple as numba writes it, unless it is."""
        self._dispatcher.compile(types)

    @property
    def _numba_type_(self) -> Any:
        """The type by which other compiled functions call this one."""
        return self._dispatcher._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        dispatcher = self._dispatcher
        if threading.current_thread() is not threading.main_thread():
            return dispatcher(*arguments)
        handlers = {number: handler for number in _SIGNALS if callable(handler := _signal.getsignal(number))}
        arrived: list[tuple[int, FrameType | None]] = []
        for number in handlers:
            _signal.signal(number, lambda *which: arrived.append(which))
        try:
            return dispatcher(*arguments)
        finally:
            for number, handler in handlers.items():
                _signal.signal(number, handler)
            for arrived_number, frame in arrived:
                handlers[arrived_number](arrived_number, frame)
