"""What runs on workers: calls of functions of ggufscope, refused where its version is another one."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING, Any

from .._core import current_isa
from .._version import __version__
from ..errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client


def call(version: str, function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """Call a function on a worker.

    Args:
        version: of ggufscope where the call was made.
        function: of ggufscope.
        arguments: of the function.

    Returns:
        The address of the worker, and what the function gave.

    Raises:
        ClusterError: The worker has another version.
    """
    from distributed import get_worker  # noqa: PLC0415  an extra

    address = get_worker().address
    if version != __version__:
        raise _other_version(address, version, __version__)
    return address, function(*arguments)


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
