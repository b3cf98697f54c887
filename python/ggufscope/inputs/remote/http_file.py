"""A file of a web server, read by ranges.

The first request gets the beginning, the size and the version of the file at once. Where it is redirected, the location
is used for later requests, until it expires. What is dropped on the way is asked for again from the byte reached.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx2

from ..._core import GGUFError
from .answers import Answer, WrongAnswerError, read_answer
from .patience import LONGEST_WAIT, CancelledError, Patience, rate_limit_wait
from .redacting import shown_url
from .targets import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .targets import Target

FIRST_BYTES = 4 << 20
_MOST_REDIRECTS = 10
_TIMEOUT = httpx2.Timeout(30.0, connect=10.0, pool=None)
_REDIRECTS = {301, 302, 303, 307, 308}
_EXPIRED = {400, 401, 403, 404, 410}  # what servers say of a signed location whose time is over
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class HttpFile:
    """One file; ranges may be fetched by several threads at once.

    Args:
        target: where requests begin.
        name: of the file in lines.

    Attributes:
        size: bytes of the file.
        beginning: its first bytes, at most `FIRST_BYTES`, which the first request brings; given away by
            `take_beginning`.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: The server wants to know who asks, or refuses.
        OSError: It cannot be reached, or sends no ranges.
    """

    def __init__(self, target: Target, name: str) -> None:
        self.name = name
        self._target = target
        self._location: str | None = None
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._versions: dict[str, str] = {}  # of the file, by the host that tells
        self.size = -1
        self._beginning = self._first(threading.Event())

    def take_beginning(self) -> memoryview:
        """The first bytes, once."""
        beginning, self._beginning = self._beginning, memoryview(b"")
        return beginning

    def fetch(self, offset: int, out: memoryview, stop: threading.Event) -> None:
        """Fill all of `out`.

        Raises:
            CancelledError: `stop` was set.
            GGUFError: The file changed since it was opened.
            OSError: The range cannot be had.
        """
        patience = Patience(self.name, stop)
        done = 0
        while done < len(out):
            done += self._receive(offset + done, out[done:], patience, stop)

    def close(self) -> None:
        """Nothing to do: connections belong to the client."""

    def _first(self, stop: threading.Event) -> memoryview:
        """The first bytes, and what else the first answer tells."""
        buffer, done, patience = memoryview(bytearray(FIRST_BYTES)), 0, Patience(self.name, stop)
        while self.size < 0:
            done = self._receive(0, buffer, patience, stop)
        beginning = buffer[: min(self.size, FIRST_BYTES)]
        self.fetch(done, beginning[done:], stop)
        return beginning

    def _receive(self, offset: int, out: memoryview, patience: Patience, stop: threading.Event) -> int:
        """As much of `out` as one answer brings before it is dropped; waits after a failure."""
        received = 0
        try:
            with self._answer(offset, len(out), patience) as (answer, response):
                for piece in response.iter_raw():
                    if stop.is_set():
                        raise CancelledError(f"{self.name}: reading was given up")
                    if received + len(piece) > answer.size:
                        raise self._changed(offset, f"sends more than the {answer.size} bytes that it announced")
                    out[received : received + len(piece)] = piece
                    received += len(piece)
                    patience.succeeded()
                if received < answer.size:
                    raise httpx2.ReadError("the answer ends early")
        except httpx2.TransportError as error:
            patience.failed(f"{_what_failed(error)} at byte {offset + received}")
        return received

    @contextlib.contextmanager
    def _answer(self, offset: int, size: int, patience: Patience) -> Iterator[tuple[Answer, httpx2.Response]]:
        """The good answer to a request for a range, after redirects and refusals that pass."""
        while True:
            self._wait_for_turn(patience)
            response, location = self._ask(offset, size)
            try:
                if response.status_code in {200, 206, 416}:
                    yield self._checked(response, offset, size), response
                    return
                if response.status_code in _TRANSIENT:
                    patience.failed(f"the server answers {_status(response.status_code)}", response.headers)
                elif location is not None and response.status_code in _EXPIRED:
                    self._forget(location)
                else:
                    raise self._refused(response)
            finally:
                response.close()

    def _ask(self, offset: int, size: int) -> tuple[httpx2.Response, str | None]:
        """The answer that is no redirect, and the location that was used again for it, if one was."""
        known = self._location
        url, hops = known or self._target.url, 0
        while True:
            response = self._send(url, offset, size)
            if urlsplit(url).netloc == urlsplit(self._target.url).netloc:
                self._hear(self._target.learn(response.headers), "the first host", offset)
            if response.status_code not in _REDIRECTS:
                return response, known
            response.close()
            url, known, hops = self._redirected(url, response.headers.get("location", "")), None, hops + 1
            if hops > _MOST_REDIRECTS:
                raise OSError(f"{self.name}: more than {_MOST_REDIRECTS} redirects")
            self._location = url

    def _send(self, url: str, offset: int, size: int) -> httpx2.Response:
        headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "Range": f"bytes={offset}-{offset + size - 1}",
        }
        if _origin(url) == _origin(self._target.url):
            headers |= self._target.headers
        client = self._target.client()
        try:
            request = client.build_request("GET", url, headers=headers, timeout=_TIMEOUT)
            return client.send(request, stream=True, follow_redirects=False)
        except (httpx2.InvalidURL, UnicodeError):  # the latter of names that no resolver takes
            raise OSError(f"{self.name}: {shown_url(url)[:200]!r} is no URL that can be asked for") from None

    def _redirected(self, url: str, location: str) -> str:
        """Where an answer sends the request.

        Raises:
            OSError: It is no URL of the web, or leaves encryption.
        """
        try:
            new = str(httpx2.URL(urljoin(url, location)))
            parts = urlsplit(new)
            old_scheme, scheme, named = urlsplit(url).scheme.lower(), parts.scheme.lower(), parts.port != 0
        except (ValueError, httpx2.InvalidURL):  # of brackets, ports and control characters
            raise OSError(f"{self.name}: a redirect to {shown_url(location)[:200]!r} is not followed") from None
        if not location or scheme not in {"http", "https"} or not parts.hostname or not named:
            raise OSError(f"{self.name}: a redirect to {shown_url(new)[:200]!r} is not followed")
        if old_scheme == "https" and scheme == "http":
            raise OSError(f"{self.name}: a redirect from https to http, to {shown_url(new)[:200]}, is not followed")
        return new

    def _forget(self, location: str) -> None:
        """Resolve anew: a location has expired."""
        if self._location == location:
            self._location = None

    def _wait_for_turn(self, patience: Patience) -> None:
        seconds = self._not_before - time.monotonic()
        if seconds > 0:
            patience.wait(min(seconds, LONGEST_WAIT), "the server's rate limit is reached")

    def _checked(self, response: httpx2.Response, offset: int, size: int) -> Answer:
        """The range that an answer brings, held against the first answer.

        Raises:
            GGUFError: The file changed.
            OSError: The answer is wrong.
        """
        try:
            answer = read_answer(response.status_code, response.headers, offset, size)
        except WrongAnswerError as error:
            if self.size >= 0:
                raise self._changed(offset, str(error)) from None
            raise OSError(f"{self.name}: {error}") from None
        pause = rate_limit_wait(response.headers)
        if pause is not None:
            self._not_before = time.monotonic() + pause
        if self.size < 0:
            self.size = answer.file_size
        if answer.file_size != self.size:
            raise self._changed(offset, f"the file has {answer.file_size} bytes now, and had {self.size}")
        self._hear(response.headers.get("etag"), urlsplit(str(response.url)).netloc, offset)
        return answer

    def _hear(self, version: str | None, host: str, offset: int) -> None:
        """Remember the version that a host tells of, and compare later ones.

        Raises:
            GGUFError: It is another one.
        """
        if version is None:
            return
        with self._lock:
            before = self._versions.setdefault(host, version)
        if before != version:
            raise self._changed(offset, f"the file's ETag is {version[:80]} now, and was {before[:80]}")

    def _changed(self, offset: int, how: str) -> GGUFError:
        return GGUFError(f"{self.name}: at byte {offset}: {how}")

    def _refused(self, response: httpx2.Response) -> OSError:
        status = response.status_code
        reason = self._target.refusal(status, response.headers) or f"the server answers {_status(status)}"
        code = {401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT, 410: errno.ENOENT}.get(status, errno.EIO)
        return OSError(code, reason, self.name)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _what_failed(error: httpx2.TransportError) -> str:
    """The kind of a failure, in words that show no URL."""
    if isinstance(error, httpx2.ConnectError):
        return f"the server cannot be reached ({str(error)[:120]})"
    if isinstance(error, httpx2.TimeoutException):
        return "the server does not answer in time"
    return "the connection was dropped"
