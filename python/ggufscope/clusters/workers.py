"""The part that runs on workers: calls of functions of ggufscope, refused where its version is another one."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._core import current_isa
from .._version import __version__
from ..errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client


@dataclass(frozen=True)
class Answer:
    """The outcome of a call.

    Attributes:
        address: of the worker.
        value: that the function gave.
        error: that it raised instead; a value as well, for Dask tells of those that are raised in its own way.
    """

    address: str
    value: Any = None
    error: Exception | None = None

    def result(self) -> Any:
        """The value.

        Raises:
            Exception: The error; one of the system says at which worker, for another machine has other files.
        """
        if isinstance(self.error, OSError) and self.error.strerror:
            raise OSError(self.error.errno, f"{self.error.strerror}, at worker {self.address}", self.error.filename)
        if self.error is not None:
            raise self.error
        return self.value


def call(version: str, function: Callable[..., Any], *arguments: Any) -> Answer:
    """Call a function on a worker.

    Args:
        version: of ggufscope where the call was made.
        function: of ggufscope.
        arguments: of the function.
    """
    from distributed import get_worker  # noqa: PLC0415  an extra

    address = get_worker().address
    if version != __version__:
        return Answer(address, error=_other_version(address, version, __version__))
    try:
        return Answer(address, function(*arguments))
    except Exception as error:
        return Answer(address, error=error)


def require_same_version(client: Client) -> None:
    """Refuse a cluster that has a worker with another ggufscope; workers that come later are asked when they work.

    Raises:
        ClusterError: Names the worker, and both versions.
    """
    # A function of the standard library: it is there whatever the worker has.
    versions = client.run(pkgutil.resolve_name, "ggufscope._version:__version__", on_error="return")
    for address, version in sorted(versions.items()):
        if isinstance(version, ImportError):
            raise ClusterError(f"{address}: this worker has no ggufscope; it takes version {__version__}")
        if isinstance(version, BaseException):
            raise ClusterError(f"{address}: this worker does not answer: {version}")
        if version != __version__:
            raise _other_version(address, __version__, version)


def isas_of(client: Client) -> str:
    """The instruction sets that workers compute with."""
    return ", ".join(sorted(set(client.run(_isa).values())))


def _isa() -> str:
    return current_isa()


def _other_version(address: str, here: str, there: str) -> ClusterError:
    return ClusterError(f"{address}: this worker has ggufscope {there}, where the work was begun it is {here}")
