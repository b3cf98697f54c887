"""Files of ggufscope may be replaced, those of others not; each is known by a mark that its format allows."""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from ggufscope.errors import OutputError
from ggufscope.saving.directories import usable_directory
from ggufscope.saving.files import atomic_write
from ggufscope.saving.guard import Guard
from ggufscope.saving.marks import is_ours, marked

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)


@pytest.mark.parametrize(("name", "content"), [("a.svg", SVG), ("a.png", PNG)])
def test_pictures_carry_a_mark(name: str, content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert not is_ours(path)
    path.write_bytes(marked(name, content))
    assert is_ours(path)


def test_a_marked_png_is_a_png() -> None:
    data, found = marked("a.png", PNG), []
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", data, position + 8 + length) == (zlib.crc32(kind + content),)
        found.append((kind, content))
        position += 12 + length
    assert [kind for kind, _ in found] == [b"IHDR", b"tEXt", b"IDAT", b"IEND"]
    assert found[1][1] == b"Software\0ggufscope"


@pytest.mark.parametrize(
    ("name", "content", "ours"),
    [
        ("report.html", "<!DOCTYPE html>\n<!-- ggufscope report -->", True),
        ("report.html", "<!DOCTYPE html>\n<html>", False),
        ("report.md", "<!-- ggufscope analysis -->\n# x", True),
        ("report.md", "# x", False),
        ("profile.json", '{\n"schema": "ggufscope.profile/1",', True),
        ("any name", '{\n"schema": "ggufscope.trace/1",', True),
        ("profile.json", '{\n"name": "x", "schema": "ggufscope.profile/1",', False),
        ("profile.json", '{\n"schema": "other/1", "text": "ggufscope.profile/1"', False),
        ("report.html", "<p>see <!-- ggufscope report -->", False),
        ("weights.toml", "# ggufscope weights\n", True),
        ("any.toml", "[weights]\nggufscope = 1\n", False),
        ("analysis-report.json", '{\n "schema": "ggufscope.analysis/1",', True),
        ("tensors.csv", "name,role,layer,stack,expert,type,shape,n_bytes,n_elements\r\n", True),
        ("other.csv", "name,role,layer,stack,expert,type,shape,n_bytes,n_elements\r\n", False),
        ("tensors.csv", "name,age\r\n", False),
        ("tensors.parquet", "PAR1 … ggufscope … PAR1", True),
        ("tensors.parquet", "PAR1 … PAR1", False),
        ("notes.txt", "ggufscope", False),
    ],
)
def test_files_are_known_by_their_marks(name: str, content: str, ours: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert is_ours(path) == ours
    if not ours:
        with pytest.raises(OutputError, match="exists and is not from ggufscope"):
            Guard().check(path)


def test_a_directory_is_made_and_nothing_else(tmp_path: Path) -> None:
    target = usable_directory(tmp_path / "new" / "out", ["report.html", "charts/*.svg"])
    assert target == tmp_path / "new" / "out"
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("name", ["report.html", "charts"])
def test_what_stands_in_the_way_is_found_before_the_work(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError):
        usable_directory(tmp_path, ["report.html", "charts/*.svg"])


def test_a_directory_under_the_name_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        usable_directory(tmp_path, ["report.html"])


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"):
        usable_directory(tmp_path / "file" / "below", [])


def test_a_directory_that_cannot_be_written_is_refused_before_the_work(as_nobody: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:  # others may look into the one above, unlike those of pytest
        Path(directory).chmod(0o555)
        with as_nobody(), pytest.raises(OutputError, match="Permission denied"):
            usable_directory(directory, [])


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("there", [False, True])
def test_a_planted_link_in_place_of_a_directory_is_not_followed(tmp_path: Path, there: bool, force: bool) -> None:
    target, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    target.mkdir()
    if there:
        elsewhere.mkdir()
    (target / "charts").symlink_to(elsewhere)
    for names in (["charts/*.svg"], ["charts/sizes.svg"]):
        with pytest.raises(OutputError, match="is a link, and results go into directories of their own"):
            usable_directory(target, names, Guard(force=force))
    assert elsewhere.exists() == there


@pytest.mark.parametrize("force", [False, True])
def test_a_planted_link_to_nothing_is_not_followed(tmp_path: Path, force: bool) -> None:
    (tmp_path / "report.md").symlink_to(tmp_path / "planted")
    with pytest.raises(OutputError, match="is a link to a file that is not there"):
        usable_directory(tmp_path, ["report.md"], Guard(force=force))
    with (
        pytest.raises(OutputError, match="is a link to a file that is not there"),
        atomic_write(tmp_path / "report.md", guard=Guard(force=force)),
    ):
        pytest.fail("there is nothing to write to")
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["profile.json", "charts/sizes.svg"])
def test_a_pipe_under_the_name_of_a_file_is_refused(tmp_path: Path, name: str, force: bool) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(OutputError, match="is no regular file"):
        usable_directory(tmp_path, [name], Guard(force=force))


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert usable_directory(tmp_path / "link", ["report.md", "charts/*.svg"]) == tmp_path / "link"
