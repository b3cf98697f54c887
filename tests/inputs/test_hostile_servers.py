"""Servers that mean harm, or are broken beyond HTTP: one line that names the file, and no secret in it."""

from pathlib import Path

import pytest

from ggufscope.inputs.naming import locate
from ggufscope.inputs.remote import patience
from ggufscope.inputs.remote.http_file import HttpFile
from ggufscope.inputs.remote.redacting import shown_url
from ggufscope.inputs.remote.targets import WebTarget
from support.command_line import RunCommand
from support.range_server import range_server


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1/a",
        "ftp://a\x1b[31m/a",
        "http://127.0.0.1:999999/a",
        "http://127.0.0.1:port/a",
        "http://127.0.0.1:0/a",
        "http://127.0.0.1:1/\x1b[31m",
        "http://a..b/a",
        f"http://{'a' * 70}.example/a",
        f"http://{chr(233) * 70}.example/a",
        "/" + "a" * 66_000,
    ],
)
def test_redirects_to_what_is_no_url(tmp_path: Path, run_command: RunCommand, location: str) -> None:
    with range_server(tmp_path) as server:
        server.behaviour.redirect = lambda _: location
        name = f"{server.url}/a.gguf"
        with pytest.raises(OSError, match=r"a\.gguf: .*(is not followed|no URL that can be asked for)$"):
            locate(name).open()
        code, out, error = run_command("inspect", name)
    assert (code, out) == (3, "")
    assert error.count("\n") == 1
    assert error[:-1].isprintable()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/m.gguf?sig=SECRET::SECRET", "https://a.example/m.gguf"),
        ("HTTPS://me:SECRET@a.example/m.gguf#SECRET::SECRET", "HTTPS://a.example/m.gguf"),
        ("https://a.example/m::n.gguf?sig=SECRET", "https://a.example/m::n.gguf"),
        ("simplecache::https://me:SECRET@a.example/m.gguf?sig=a::SECRET", "simplecache::https://a.example/m.gguf"),
        ("zip://m.gguf::s3://key:SECRET@bucket/m.zip", "zip://m.gguf::s3://bucket/m.zip"),
    ],
)
def test_two_colons_hide_no_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_controls_of_names_are_shown_in_lines_about_waiting(
    tmp_path: Path, run_command: RunCommand, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_SHOWN_FROM", 0.0)
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.01)
    (tmp_path / "a").write_bytes(b"0")
    with range_server(tmp_path) as server:
        server.behaviour.refuse = [(503, {})]
        reader = HttpFile(WebTarget(f"{server.url}/a"), "hf://org/name/\x1b[31m.gguf")
    assert reader.size == 1
    assert [record.getMessage() for record in caplog.records] == [
        r"hf://org/name/\x1b[31m.gguf: the server answers 503 Service Unavailable; waiting 0 s"
    ]


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("file://host/a.gguf", 2, "file://host/a.gguf: the URL of a file of this machine is file:///PATH"),
        ("file://a.gguf", 2, "file://a.gguf: the URL of a file of this machine is file:///PATH"),
        ("file://localhost/no/a.gguf", 3, "/no/a.gguf: No such file or directory"),
        ("memory://no/a.gguf", 3, "memory://no/a.gguf: No such file or directory"),
        ("zip://a.gguf::/no/a.zip", 3, "zip://a.gguf::/no/a.zip: No such file or directory"),
    ],
)
def test_urls_of_files_that_are_not_there(run_command: RunCommand, name: str, code: int, line: str) -> None:
    assert run_command("inspect", name) == (code, "", f"ggufscope: {line}\n")
