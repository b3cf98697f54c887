"""Ranges over HTTP: what a file of a server that misbehaves gives, and what it ends in."""

import email.utils
import logging
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ggufscope import GGUFError
from ggufscope.inputs.naming import locate
from ggufscope.inputs.reader import ByteReader
from ggufscope.inputs.remote import patience
from support.range_server import RangeServer, Request

SIZE = 12_000_000


@pytest.fixture
def content(server: RangeServer) -> bytes:
    """The bytes of the file `a.bin` of the server."""
    data = np.random.default_rng(3).bytes(SIZE)
    (server.root / "a.bin").write_bytes(data)
    return data


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.01)


def opened(server: RangeServer, path: str = "/a.bin") -> ByteReader:
    return locate(server.url + path).open()


def read(reader: ByteReader, offset: int, size: int) -> bytes:
    out = bytearray(size)
    reader.read_into(offset, memoryview(out))
    return bytes(out)


def test_the_first_request_brings_the_beginning_and_the_size(server: RangeServer, content: bytes) -> None:
    reader = opened(server, "/a.bin?signature=secret")
    assert reader.size == SIZE
    assert reader.name == f"{server.url}/a.bin"
    assert read(reader, 100, 4_000_000) == content[100:4_000_100]
    assert [request.span for request in server.requests] == [(0, (4 << 20) - 1)]
    assert server.sent == 4 << 20


def test_a_small_file_is_there_after_one_request(server: RangeServer) -> None:
    (server.root / "small").write_bytes(b"0123456789")
    for ranges in (True, False):  # all of a file is also an answer without ranges
        server.behaviour.ranges = ranges
        reader = opened(server, "/small")
        assert (reader.size, read(reader, 3, 4)) == (10, b"3456")


def test_what_is_dropped_is_asked_for_from_the_byte_reached(server: RangeServer, content: bytes) -> None:
    reader = opened(server)
    server.behaviour.drop_after, server.behaviour.drops = 1_000_000, 3
    server.forget()
    assert read(reader, 5_000_000, 6_000_000) == content[5_000_000:11_000_000]
    assert server.sent == 6_000_000
    begins = [request.span[0] for request in server.requests if request.span is not None]
    assert len(begins) == 4
    assert begins == sorted(set(begins))


def test_a_drop_in_the_first_answer_is_resumed(server: RangeServer, content: bytes) -> None:
    server.behaviour.drop_after, server.behaviour.drops = 1_000_000, 2
    assert read(opened(server), 0, SIZE) == content


def test_a_server_that_always_drops_is_given_up(server: RangeServer, content: bytes) -> None:
    reader = opened(server)
    server.behaviour.drop_after, server.behaviour.drops = 0, 100
    with pytest.raises(OSError, match=r"a\.bin: the connection was dropped at byte 6000000, 7 times in a row"):
        read(reader, 6_000_000, 10)


def test_a_server_that_sends_a_little_each_time_is_given_up(
    server: RangeServer, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MOST_IN_ALL", 5)
    reader = opened(server)
    server.behaviour.drop_after, server.behaviour.drops = 10, 100
    with pytest.raises(OSError, match="the connection was dropped at byte 6000060, 6 times for one range"):
        read(reader, 6_000_000, 1_000)


def test_the_server_says_how_long_to_wait(
    server: RangeServer, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader = opened(server)
    server.behaviour.refuse = [(429, {"Retry-After": "1"})]
    clock = time.monotonic()
    assert read(reader, 6_000_000, 10) == content[6_000_000:6_000_010]
    assert time.monotonic() - clock > 0.9
    line = f"{server.url}/a.bin: the server answers 429 Too Many Requests; waiting 1 s"
    assert [(record.levelno, record.message) for record in caplog.records] == [(logging.WARNING, line)]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 ", "ratelimit": '"api";r=0;t=55'}, 7),
        ({"retry-after": email.utils.formatdate(time.time() - 100, usegmt=True)}, 0),
        ({"ratelimit": '"api";r=0;t=55'}, 55),
        ({"ratelimit": '"api";r=3;t=55'}, None),
        ({"retry-after": "soon", "ratelimit": '"api"; r=0; t=5'}, 5),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_waits_that_servers_ask_for(headers: dict[str, str], seconds: float | None) -> None:
    assert patience.asked_wait(headers) == seconds


def test_a_wait_until_a_date() -> None:
    asked = patience.asked_wait({"retry-after": email.utils.formatdate(time.time() + 100, usegmt=True)})
    assert asked is not None
    assert 95 < asked <= 100


def test_a_wait_beyond_the_limit_ends_in_an_error(server: RangeServer, content: bytes) -> None:
    reader = opened(server)
    server.behaviour.refuse = [(503, {"Retry-After": "3600"})]
    with pytest.raises(OSError, match="503 Service Unavailable, and asks to wait 3600 s; the limit is 300"):
        read(reader, 6_000_000, 10)


def test_a_used_up_rate_is_waited_for_before_the_next_request(server: RangeServer, content: bytes) -> None:
    server.behaviour.headers = {"RateLimit": '"resolvers";r=0;t=1'}
    reader = opened(server)
    server.behaviour.headers = {}
    clock = time.monotonic()
    assert read(reader, 6_000_000, 10) == content[6_000_000:6_000_010]
    assert time.monotonic() - clock > 0.8


def _no_ranges(server: RangeServer) -> None:
    server.behaviour.ranges = False


def _other_size(server: RangeServer) -> None:
    server.behaviour.length_off = 5


def _other_etag(server: RangeServer) -> None:
    server.behaviour.etag = '"2"'


def _shorter(server: RangeServer) -> None:
    (server.root / "a.bin").write_bytes(b"short")


def _wrong_range(server: RangeServer) -> None:
    server.behaviour.content_range = "bytes 1-2/12000000"


def _encoded(server: RangeServer) -> None:
    server.behaviour.headers = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_no_ranges, "at byte 6000000: the server sends no ranges (status 200 in place of 206)"),
        (_other_size, "at byte 6000000: the file has 12000005 bytes now, and had 12000000"),
        (_other_etag, 'at byte 6000000: the file\'s ETag is "2" now, and was "1"'),
        (_shorter, "at byte 6000000: the file ends before byte 6000000, it says, at 5 (status 416)"),
        (_encoded, "at byte 6000000: the server sends the bytes encoded as 'gzip'"),
        (_wrong_range, "at byte 6000000: the server was asked for bytes 6000000-"),
    ],
)
def test_a_file_that_changes_midway_is_told(
    server: RangeServer, content: bytes, change: Callable[[RangeServer], None], line: str
) -> None:
    reader = opened(server)
    change(server)
    with pytest.raises(GGUFError, match=re.escape(line)) as caught:
        read(reader, 6_000_000, 10)
    assert str(caught.value).startswith(f"{server.url}/a.bin: ")
    assert "\n" not in str(caught.value)


def test_a_server_without_ranges_is_refused(server: RangeServer, content: bytes) -> None:
    server.behaviour.ranges = False
    with pytest.raises(OSError, match=r"a\.bin: the server sends no ranges"):
        opened(server)


@pytest.mark.parametrize(("status", "kind"), [(404, FileNotFoundError), (401, PermissionError), (403, PermissionError)])
def test_refusals_have_the_kinds_of_the_file_system(server: RangeServer, status: int, kind: type[OSError]) -> None:
    server.behaviour.refuse = [(status, {})]
    with pytest.raises(kind) as caught:
        opened(server, "/a.bin?token=secret")
    assert caught.value.filename == f"{server.url}/a.bin"
    assert "secret" not in str(caught.value)


def test_a_location_is_used_again_until_it_expires(server: RangeServer, content: bytes) -> None:
    signature = ["one"]
    server.behaviour.redirect = lambda request: (
        None if request.query else f"{server.url.replace('127.0.0.1', 'localhost')}/a.bin?signature={signature[0]}"
    )
    server.behaviour.valid = lambda request: request.query in {"", f"signature={signature[0]}"}
    reader = locate(f"{server.url.replace('http://', 'http://me:secret@')}/a.bin").open()
    assert read(reader, 5_000_000, 10) == content[5_000_000:5_000_010]
    assert [request.query for request in server.requests] == ["", "signature=one", "signature=one"]
    signature[0] = "two"
    server.forget()
    assert read(reader, 9_000_000, 10) == content[9_000_000:9_000_010]
    assert [request.query for request in server.requests] == ["signature=one", "", "signature=two"]
    _only_the_first_host_hears_who_asks(server.requests)


def _only_the_first_host_hears_who_asks(requests: list[Request]) -> None:
    told = {request.query: "Authorization" in {name.title() for name in request.headers} for request in requests}
    assert told == {"signature=one": False, "": True, "signature=two": False}


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://example.org/a", "https:///a", "http://[::1", "http://a:99999/b", "http://a\x01/", ""],
)
def test_redirects_lead_to_the_web_alone(server: RangeServer, content: bytes, location: str) -> None:
    server.behaviour.redirect = lambda _request: location
    with pytest.raises(OSError, match="is not followed"):
        opened(server)


def test_redirects_do_not_leave_encryption() -> None:
    from ggufscope.inputs.remote.http_file import HttpFile  # noqa: PLC0415

    file = HttpFile.__new__(HttpFile)
    file.name = "https://example.org/a"
    with pytest.raises(OSError, match=r"from https to http, to http://example\.org/b, is not followed"):
        file._redirected("https://example.org/a", "http://example.org/b?signature=secret")
    assert file._redirected("https://example.org/a", "/b") == "https://example.org/b"


def test_redirects_in_a_circle_end(server: RangeServer, content: bytes) -> None:
    server.behaviour.redirect = lambda _request: f"{server.url}/a.bin"
    with pytest.raises(OSError, match="more than 10 redirects"):
        opened(server)


def test_an_address_where_nobody_listens(server: RangeServer, tmp_path: Path) -> None:
    url = server.url
    server.close()
    with pytest.raises(OSError, match=r"the server cannot be reached .* 7 times in a row"):
        locate(f"{url}/a.bin").open()


def test_a_server_that_falls_silent_is_asked_again(
    server: RangeServer, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ggufscope.inputs.remote import http_file  # noqa: PLC0415

    reader = opened(server)
    monkeypatch.setattr(http_file, "_TIMEOUT", http_file.httpx2.Timeout(0.2, connect=0.2))
    server.behaviour.rate = 2e5  # a piece of 64 KiB in a third of a second
    threading.Timer(0.5, lambda: setattr(server.behaviour, "rate", None)).start()
    assert read(reader, 6_000_000, 3_000_000) == content[6_000_000:9_000_000]
    assert len(server.requests) > 2


def test_readers_that_wait_are_given_up_at_once(server: RangeServer, content: bytes) -> None:
    reader = opened(server)
    server.behaviour.rate = 100_000.0
    ends: list[float] = []

    def wait() -> None:
        with pytest.raises(KeyboardInterrupt):
            read(reader, 6_000_000, 5_000_000)
        ends.append(time.monotonic())

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    clock = time.monotonic()
    reader.cancel()  # type: ignore[attr-defined]
    for thread in threads:
        thread.join(5)
    assert len(ends) == 3
    assert max(ends) - clock < 0.5
    reader.close()
