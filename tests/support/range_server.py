"""A web server on 127.0.0.1 that sends ranges of files, and misbehaves as it is told; it counts what it sends."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_PIECE = 64 << 10


@dataclass
class Request:
    """One request: its path, its range as (first, last), and what else it said."""

    method: str
    path: str
    query: str
    span: tuple[int, int] | None
    headers: dict[str, str]


@dataclass
class Behaviour:
    """How the server answers; each field may be set while it runs.

    Attributes:
        ranges: whether it knows ranges at all.
        etag: of every file.
        drop_after: bytes of an answer after which the connection is dropped, for so many answers (`drops`).
        refuse: statuses and headers of the next answers, each used once.
        length_off: what is added to the size in Content-Range, to make it wrong.
        content_range: in place of the true one.
        redirect: the URL that a path is redirected to.
        rate: bytes per second of an answer; None for as fast as it goes.
        headers: that are added to every answer.
        valid: whether a signed query still is.
    """

    ranges: bool = True
    etag: str | None = '"1"'
    drop_after: int | None = None
    drops: int = 0
    refuse: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    length_off: int = 0
    content_range: str | None = None
    redirect: Callable[[Request], str | None] = lambda _request: None
    rate: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    valid: Callable[[Request], bool] = lambda _request: True


class RangeServer:
    """Serves the files of a directory.

    Attributes:
        url: of its root.
        requests: that came, in order.
        sent: bytes of bodies that were sent.
        behaviour: how it answers.
        routes: answers to paths that are no files, by a regular expression.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.behaviour = Behaviour()
        self.requests: list[Request] = []
        self.sent = 0
        self.routes: list[tuple[str, Callable[[Any, re.Match[str], Request], None]]] = []
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]  clients come and go
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Count from nothing."""
        self.requests.clear()
        self.sent = 0

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def range_server(root: Path) -> Iterator[RangeServer]:
    server = RangeServer(root)
    try:
        yield server
    finally:
        server.close()


def _handler(server: RangeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None: ...

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            parts = urlsplit(self.path)
            request = Request(
                self.command,
                unquote(parts.path),
                parts.query,
                _span(self.headers.get("Range")),
                dict(self.headers.items()),
            )
            with server.lock:
                server.requests.append(request)
                refusal = server.behaviour.refuse.pop(0) if server.behaviour.refuse else None
            if refusal is not None:
                self.plain(refusal[0], refusal[1])
                return
            if not server.behaviour.valid(request):
                self.plain(403, {})
                return
            for pattern, route in server.routes:
                match = re.fullmatch(pattern, parts.path)
                if match is not None:
                    route(self, match, request)
                    return
            location = server.behaviour.redirect(request)
            if location is not None:
                self.plain(302, {"Location": location})
                return
            self.send_file(server.root / request.path.lstrip("/"), request, body=body)

        def plain(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def send_file(self, path: Path, request: Request, *, body: bool, headers: dict[str, str] | None = None) -> None:
            if not path.is_file():
                self.plain(404, {})
                return
            behaviour, size = server.behaviour, path.stat().st_size
            span = request.span if behaviour.ranges else None
            if span is not None and span[0] >= size:
                self.plain(416, {"Content-Range": f"bytes */{size}"})
                return
            first, last = (0, size - 1) if span is None else (span[0], min(span[1], size - 1))
            self.send_response(200 if span is None else 206)
            if span is not None:
                true = f"bytes {first}-{last}/{size + behaviour.length_off}"
                self.send_header("Content-Range", behaviour.content_range or true)
            self.send_header("Content-Length", str(last - first + 1))
            if behaviour.etag is not None:
                self.send_header("ETag", behaviour.etag)
            for name, value in {**behaviour.headers, **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self._send(path, first, last - first + 1)

        def _send(self, path: Path, first: int, size: int) -> None:
            behaviour = server.behaviour
            with server.lock:
                dropped = behaviour.drops > 0 and behaviour.drop_after is not None and size > behaviour.drop_after
                if dropped:
                    behaviour.drops -= 1
                    size = behaviour.drop_after or 0
            with path.open("rb") as file:
                file.seek(first)
                while size > 0:
                    piece = file.read(min(_PIECE, size))
                    with server.lock:  # before it is read on the other side, where a test may look at once
                        server.sent += len(piece)
                    try:
                        self.wfile.write(piece)
                    except OSError:  # nobody reads any more
                        with server.lock:
                            server.sent -= len(piece)
                        self.close_connection = True
                        return
                    size -= len(piece)
                    if behaviour.rate is not None:
                        time.sleep(len(piece) / behaviour.rate)
            if dropped:
                self.close_connection = True

    return Handler


def _span(text: str | None) -> tuple[int, int] | None:
    match = re.fullmatch(r"bytes=(\d+)-(\d+)", text or "")
    return None if match is None else (int(match[1]), int(match[2]))
