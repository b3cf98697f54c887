"""Packages that only some users need."""

from importlib.util import find_spec

from .errors import MissingExtraError


def need(package: str, extra: str) -> None:
    """Do nothing if a package is installed.

    Args:
        package: its name for `import`.
        extra: the extra of ggufscope that brings it.

    Raises:
        MissingExtraError: It is not installed.
    """
    if find_spec(package) is None:
        raise MissingExtraError(f"this needs the package {package}: pip install 'ggufscope[{extra}]'")
