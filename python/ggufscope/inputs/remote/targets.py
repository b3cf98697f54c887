"""Where requests for one file begin: the URL, who is asking, and what an answer tells about the file."""

from __future__ import annotations

import base64
import threading
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2

from ..._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

USER_AGENT = f"ggufscope/{__version__}"


class Target(Protocol):
    """A file of a server.

    Attributes:
        url: that requests begin with.
        headers: for the host of that URL alone, as who is asking.
    """

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def client(self) -> httpx2.Client:
        """The client that sends requests; shared, never closed by who asks for it."""

    def learn(self, headers: Mapping[str, str]) -> str | None:
        """Look at the headers of the first host's answer; returns what identifies the contents, if they say so.

        Raises:
            OSError: They tell of other contents than before.
        """

    def refusal(self, status: int, headers: Mapping[str, str]) -> str | None:
        """The meaning of a status here, in words; None where its name says it."""


class WebTarget:
    """A file behind a URL of any web server; user and password of the URL go into a header for that host alone."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.url = urlunsplit(parts._replace(netloc=host, fragment=""))
        self.headers: dict[str, str] = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def client(self) -> httpx2.Client:
        return _client()

    def learn(self, headers: Mapping[str, str]) -> str | None:
        return None

    def refusal(self, status: int, headers: Mapping[str, str]) -> str | None:
        return None


_lock = threading.Lock()


def _client() -> httpx2.Client:
    with _lock:
        return _shared_client()


@cache
def _shared_client() -> httpx2.Client:
    return httpx2.Client(follow_redirects=False, trust_env=True)
