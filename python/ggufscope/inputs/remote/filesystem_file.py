"""A file of any file system that fsspec knows, read by ranges."""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import fsspec

from ..._core import GGUFError
from ...errors import MissingExtraError
from ...extras import pip_install
from .patience import CancelledError, Patience
from .redacting import shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_BYTES = 4 << 20
_VERSIONS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
_LOOK_SECONDS = 5.0  # between looks at whether the file is still the same
_BARE = re.compile("[a-z]+")  # what fsspec takes for a protocol without more, as in `simplecache::`
_CODES: dict[type[OSError], int] = {
    FileNotFoundError: errno.ENOENT,
    PermissionError: errno.EACCES,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
}
_FINAL = tuple(_CODES)


def checked_protocol(url: str) -> None:
    """Make sure that fsspec can open URLs of this kind.

    Raises:
        MissingExtraError: A package is missing for it.
        ValueError: fsspec knows no such protocol.
    """
    for protocol in _protocols(url):
        try:
            fsspec.get_filesystem_class(protocol)
        except ImportError as error:
            raise MissingExtraError(
                f"{shown_url(url)}: {protocol}:// needs another package: {error} ({pip_install()} PACKAGE)"
            ) from None
        except ValueError:
            raise ValueError(f"{shown_url(url)}: names do not begin with {protocol}://") from None


def _protocols(url: str) -> list[str]:
    parts = [part.partition("://") for part in url.split("::")]
    return [protocol if slashes or _BARE.fullmatch(protocol) else "file" for protocol, slashes, _ in parts]


class FilesystemFile:
    """One file; ranges may be fetched by several threads at once.

    Args:
        url: as fsspec takes it.

    Attributes:
        name: the URL, free of secrets.
        size: bytes of the file.

    Raises:
        OSError: The file is not there, or cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.name = shown_url(url)
        try:
            self._files, self._path = fsspec.core.url_to_fs(url)
            about = self._files.info(self._path)
        except Exception as error:
            raise self._failure(error) from None
        if about.get("type") == "directory" or about.get("size") is None:
            raise IsADirectoryError(errno.EISDIR, "is no file of a known size", self.name)
        self.size = int(about["size"])
        self._version = _version(about)
        self._looked = time.monotonic()
        self._beginning = memoryview(bytearray(min(self.size, FIRST_BYTES)))
        self.fetch(0, self._beginning, threading.Event())

    def take_beginning(self) -> memoryview:
        """The first bytes, once."""
        beginning, self._beginning = self._beginning, memoryview(b"")
        return beginning

    def fetch(self, offset: int, out: memoryview, stop: threading.Event) -> None:
        """Fill all of `out`.

        Raises:
            GGUFError: The file changed since it was opened.
            OSError: The range cannot be had.
        """
        patience = Patience(self.name, stop)
        self._look(offset)
        while True:
            if stop.is_set():
                raise CancelledError(f"{self.name}: reading was given up")
            try:
                data = self._files.cat_file(self._path, start=offset, end=offset + len(out))
                break
            except _FINAL as error:
                raise self._failure(error) from None
            except Exception as error:
                patience.failed(f"{type(error).__name__} at byte {offset}")
        if len(data) != len(out):
            raise GGUFError(f"{self.name}: at byte {offset}: {len(data)} bytes came, and {len(out)} are there")
        out[:] = data

    def _look(self, offset: int) -> None:
        """Whether the file is still what it was, now and then.

        Raises:
            GGUFError: It has changed.
        """
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            about = self._files.info(self._path)
        except Exception as error:
            raise self._failure(error) from None
        if (about.get("size"), _version(about)) != (self.size, self._version):
            raise GGUFError(f"{self.name}: at byte {offset}: the file changed since it was opened")

    def close(self) -> None:
        """Nothing to do: connections belong to the file system."""

    def _failure(self, error: Exception) -> Exception:
        """An error of a file system in one line, without the secrets that it may name."""
        if isinstance(error, ImportError):
            return MissingExtraError(f"{self.name}: {error}")
        kind = next((kind for kind in _CODES if isinstance(error, kind)), OSError)
        code = _CODES.get(kind, errno.EIO)
        if isinstance(error, OSError) and error.strerror:
            return kind(error.errno or code, error.strerror, self.name)
        return kind(code, type(error).__name__ if kind is OSError else os.strerror(code), self.name)


def _version(about: Mapping[str, Any]) -> str | None:
    """The mark of a file that changes with its contents; None where its file system tells none."""
    return next((str(about[key]) for key in _VERSIONS if about.get(key) is not None), None)
