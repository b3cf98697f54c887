"""Packages that only some users need, and the command that installs them for the interpreter that runs this."""

import re
import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from .errors import MissingExtraError

_REQUIREMENT = re.compile(
    r"(?P<package>[^;]*[^;\s])\s*;\s*(?:(?P<marker>.+) and )?extra == [\"'](?P<extra>[^\"']+)[\"']"
)
_OWN_EXTRAS = re.compile(r"ggufscope\[(?P<names>[^\]]+)\]")


def need(package: str, extra: str) -> None:
    """Do nothing if a package is installed.

    Args:
        package: its name for `import`.
        extra: the extra of ggufscope that brings it.

    Raises:
        MissingExtraError: It is not installed.
    """
    if find_spec(package) is None:
        raise MissingExtraError(f"this needs the package {package}: {install_hint(extra)}")


def install_hint(extra: str) -> str:
    """The command that installs the packages of an extra here, to be copied into a shell as it stands.

    It names the packages, and not `ggufscope[EXTRA]`: pip would look for that name on an index, where an installation
    from a checkout or from a wheel at hand does not come from.
    """
    from importlib.metadata import PackageNotFoundError, requires  # noqa: PLC0415  takes as long as a command's start

    try:
        packages = list(dict.fromkeys(_packages(extra, requires("ggufscope") or [])))
    except PackageNotFoundError:  # run from the source tree, by PYTHONPATH
        return f"ggufscope is not installed here, only on the path; its pyproject.toml lists the extra {extra}"
    return f"{pip_install()} {shlex.join(packages)}"


def pip_install() -> str:
    """The pip of this interpreter, quoted for a shell, as far as the names of packages."""
    return shlex.join([sys.executable or "python3", "-m", "pip", "install"])  # an embedding program has no executable


def _packages(extra: str, requirements: list[str]) -> Iterator[str]:
    """What pip is to be asked for, with bounds; extras that the extra consists of are resolved."""
    for requirement in requirements:
        match = _REQUIREMENT.fullmatch(requirement)
        if match is None or match["extra"] != extra:
            continue
        if own := _OWN_EXTRAS.fullmatch(match["package"]):
            for name in own["names"].split(","):
                yield from _packages(name.strip(), requirements)
        else:
            yield f"{match['package']}; {match['marker']}" if match["marker"] else match["package"]
