"""An output file is there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from ggufscope.errors import ExitCode, OutputError, exit_code
from ggufscope.saving import files
from ggufscope.saving.files import atomic_write
from ggufscope.saving.guard import Guard


def test_writes_text_and_bytes(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as text:
        text.write("größe\n")
        assert not (tmp_path / "a.txt").exists()
    with atomic_write(tmp_path / "b.bin", "wb") as binary:
        binary.seek(4)
        binary.write(b"end")
    assert (tmp_path / "a.txt").read_bytes() == "größe\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\0\0\0\0end"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.bin"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_after_an_exception_the_old_file_stays(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "old.json"
    target.write_text("old")

    def fail_halfway() -> None:
        with atomic_write(target, guard=Guard(force=True)) as file:
            file.write("new")
            raise error

    with pytest.raises(error):
        fail_halfway()
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["old.json"]


def test_replaces_what_a_link_points_to_and_keeps_permissions(tmp_path: Path) -> None:
    target = tmp_path / "real.txt"
    target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "link.txt").symlink_to(target)
    with atomic_write(tmp_path / "link.txt", guard=Guard(force=True)) as file:
        file.write("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_new_files_get_the_usual_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "new") as file:
            file.write("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_the_umask_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read it one has to change it, for every thread: what another one makes meanwhile would be open to all."""

    def refuse(_: int) -> int:
        raise AssertionError("the umask was touched")

    monkeypatch.setattr(os, "umask", refuse)
    with atomic_write(tmp_path / "new") as file:
        file.write("x")


def test_files_of_other_threads_keep_their_permissions(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        stop = threading.Event()

        def write_results() -> None:
            while not stop.is_set():
                with atomic_write(tmp_path / "result"):
                    pass

        writer = threading.Thread(target=write_results)
        writer.start()
        modes = set()
        for number in range(300):
            path = tmp_path / f"secret{number}"
            path.touch()
            modes.add(stat.S_IMODE(path.stat().st_mode))
        stop.set()
        writer.join()
    finally:
        os.umask(before)
    assert modes == {0o600}


def test_what_replaces_a_secret_is_secret_while_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.touch(0o600)
    with atomic_write(target):
        (temporary,) = set(tmp_path.iterdir()) - {target}
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600


def test_the_longest_names_are_written(tmp_path: Path) -> None:
    for name in ("x" * 255, "\N{GRINNING FACE}" * 63, os.fsdecode(b"\xff" * 255)):
        with atomic_write(tmp_path / name) as file:
            file.write("x")
        assert (tmp_path / name).read_text() == "x"


def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the old file or the new one, never an empty one."""
    steps: list[tuple[str, int]] = []
    sync, replace = os.fsync, os.replace

    def watched_sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        steps.append(("directory" if stat.S_ISDIR(status.st_mode) else "file", status.st_size))
        sync(descriptor)

    def watched_replace(source: Any, target: Any) -> None:
        steps.append(("rename", os.stat(source).st_size))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(os, "replace", watched_replace)
    with atomic_write(tmp_path / "state") as file:
        file.write("whole")
    assert [name for name, _ in steps] == ["file", "rename", "directory"]
    assert [size for _, size in steps[:2]] == [5, 5]


@pytest.mark.parametrize(("number", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_directories_that_cannot_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fails: bool
) -> None:
    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", sync)
    if fails:
        with pytest.raises(OutputError, match=os.strerror(number)), atomic_write(tmp_path / "out"):
            pass
    else:
        with atomic_write(tmp_path / "out") as file:
            file.write("x")
        assert (tmp_path / "out").read_text() == "x"


def test_devices_are_written_not_replaced() -> None:
    with atomic_write("/dev/null") as file:
        file.write("gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_pipes_are_written_by_the_name_of_their_descriptor() -> None:
    """As `/dev/stdout` is, where standard output is a pipe."""
    reader, writer = os.pipe()
    with atomic_write(f"/dev/fd/{writer}") as file:
        file.write("through")
    os.close(writer)
    assert os.read(reader, 100) == b"through"
    os.close(reader)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="No space left") as caught, atomic_write("/dev/full") as file:
        file.write("x" * (1 << 21))
    assert exit_code(caught.value) == ExitCode.OUTPUT


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "such" / "dir.json", "/proc/nothing.json"):
        with pytest.raises(OutputError), atomic_write(path):
            pass
    for path in ("-", ""):
        with pytest.raises(ValueError, match="does not name an output file"), atomic_write(path):
            pass


def test_a_failing_input_inside_is_no_output_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, atomic_write(tmp_path / "out"):
        (tmp_path / "missing").read_bytes()
    assert exit_code(caught.value) == ExitCode.INPUT
    assert list(tmp_path.iterdir()) == []
