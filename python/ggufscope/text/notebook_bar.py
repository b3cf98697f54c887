"""A progress bar in a notebook, for long work that nobody gave a `progress` to; elsewhere there is none.

The bar appears when the work has taken half a second, and goes when it ends. A function of one's own in `progress`
takes its place, `lambda *_: None` for none at all.
"""

from __future__ import annotations

import functools
import sys
import time
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .escape import escape, escape_html
from .numbers import bytes_text, counted

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

_PATIENCE = 0.5  # seconds before there is a bar
_PAUSE = 0.1  # seconds between two looks of it
_AT_WORK: list[NotebookBar] = []  # the one bar that is shown; what its work calls has none of its own


def with_notebook_bar(what: str, *names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a function a bar in notebooks, in place of callbacks that are None.

    Args:
        what: a word in front of the bar.
        names: of the keyword arguments that are callbacks; `progress` if there are none.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def shown(*args: P.args, **options: P.kwargs) -> R:
            missing: dict[str, Any] = {name: None for name in names or ("progress",) if options.get(name) is None}
            if not missing or _AT_WORK or not in_notebook():
                return function(*args, **options)
            bar = NotebookBar(what)
            _AT_WORK.append(bar)
            try:
                return function(*args, **(options | dict.fromkeys(missing, bar.move)))  # type: ignore[arg-type]
            finally:
                _AT_WORK.clear()
                bar.close()

        return shown

    return decorate


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    package = sys.modules.get("IPython")
    shell = None if package is None else package.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookBar:
    """One bar below a cell.

    Args:
        what: a word in front of it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = time.monotonic() + _PATIENCE
        self._handle: Any = None

    def move(self, *told: Any) -> None:
        """Show how far the work is.

        Args:
            told: as callbacks are called: bytes done and in all; a word and a share; or the progress of a fleet.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _PAUSE
        self._show(*_read(*told))

    def close(self) -> None:
        """Take the bar away."""
        if self._handle is not None:
            self._handle.update({"text/html": "", "text/plain": ""}, raw=True)

    def _show(self, share: float | None, words: str) -> None:
        from IPython.display import display  # noqa: PLC0415  there is one in a notebook

        value = "" if share is None else f' value="{min(1.0, share):.3f}"'
        percent = "" if share is None else f", {100 * min(1.0, share):.0f} %"
        text = f"{self._what}: {escape(words)}{percent}"
        html = f'<progress{value} style="width: 16em"></progress> {escape_html(text)}'
        bundle = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def _read(*told: Any) -> tuple[float | None, str]:
    """The share that is done, None where nobody knows, and words for it."""
    if len(told) == 1:
        (fleet,) = told
        share = fleet.bytes_done / fleet.n_bytes if fleet.n_bytes else None
        return share, f"{fleet.n_done} of {counted(fleet.n_models, 'model')}, {fleet.name}"
    first, second = told
    if isinstance(first, str):
        return second, first
    return (first / second if second else None), f"{bytes_text(first)} of {bytes_text(second)}"
