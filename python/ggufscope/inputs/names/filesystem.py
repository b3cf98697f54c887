"""Any URL that fsspec knows: `s3://`, `gs://`, `az://`, `memory://` and others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...extras import need
from ..located import LocalFile, Located, RemoteFile

if TYPE_CHECKING:
    from ..reader import ByteReader
    from ..remote.window import Window

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::|://)")


def matches(name: str) -> bool:
    return _SCHEME.match(name) is not None


def locate(name: str) -> Located:
    """The file of a URL; whether it is there, opening it shows.

    Raises:
        MissingExtraError: fsspec, or what it needs for this protocol, is not installed.
        ValueError: fsspec knows no such protocol, or the file is one of another machine.
    """
    if name.startswith("file://"):
        from urllib.request import url2pathname  # noqa: PLC0415  takes a while to import

        path = re.sub(r"^(localhost)?(?=/)", "", name.removeprefix("file://"))
        if not path.startswith("/"):
            raise ValueError(f"{name}: the URL of a file of this machine is file:///PATH")
        return LocalFile(url2pathname(path))
    need("fsspec", "remote")
    from ..remote.filesystem_file import checked_protocol  # noqa: PLC0415  an extra

    checked_protocol(name)
    return _file(name)


def _file(url: str) -> RemoteFile:
    def opened(window: Window | None) -> ByteReader:
        from ..remote.filesystem_file import FilesystemFile  # noqa: PLC0415
        from ..remote.window import Window  # noqa: PLC0415

        return (window or Window()).reader(FilesystemFile(url))

    from ..remote.redacting import shown_url  # noqa: PLC0415

    return RemoteFile(shown_url(url), url, opened, lambda file_name: _file(f"{url.rpartition('/')[0]}/{file_name}"))
