"""The quota of a container's control groups bounds the number of threads; files that say nothing change nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ggufscope import _core

V2 = "0::/a/b\n"
V1 = "7:memory:/other\n4:cpu,cpuacct:/a/b\n1:name=systemd:/x\n"


def root_with(tmp_path: Path, groups: str, files: dict[str, str | bytes]) -> str:
    """A root directory with proc/self/cgroup and files below sys/fs/cgroup."""
    content = {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{name}": text for name, text in files.items()}}
    for name, text in content.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(tmp_path)


def v1(directory: str, quota: object, period: object = 100000) -> dict[str, str | bytes]:
    return {f"{directory}/cpu.cfs_quota_us": f"{quota}\n", f"{directory}/cpu.cfs_period_us": f"{period}\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/b/cpu.max": "200000 100000\n"}, 2),
        ({"a/b/cpu.max": "200001 100000\n"}, 3),
        ({"a/b/cpu.max": "1000 100000\n"}, 1),
        ({"a/b/cpu.max": "max 100000\n"}, None),
        ({"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, 3),  # that of a group above
        ({"a/b/cpu.max": "500000 100000\n", "a/cpu.max": "300000 100000\n", "cpu.max": "900000 100000\n"}, 3),
        ({"cpu.max": "400000 100000\n"}, 4),  # the container's group is the root of what it sees
        ({"c/cpu.max": "100000 100000\n"}, None),  # another group's
        ({}, None),
    ],
)
def test_version_2(tmp_path: Path, files: dict[str, str | bytes], expected: int | None) -> None:
    assert _core.cpu_quota(root_with(tmp_path, V2, files)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (v1("cpu,cpuacct/a/b", 150000), 2),
        (v1("cpu/a/b", 150000), 2),
        (v1("cpu/a", 250000, 50000), 5),
        (v1("cpu,cpuacct", 100000), 1),
        (v1("cpu/a/b", -1), None),
        (v1("cpu/a/b", -1) | v1("cpu/a", 100000), 1),
        (v1("memory/other", 100000), None),
        ({"cpu/a/b/cpu.cfs_quota_us": "100000\n"}, None),  # without a period
    ],
)
def test_version_1(tmp_path: Path, files: dict[str, str | bytes], expected: int | None) -> None:
    assert _core.cpu_quota(root_with(tmp_path, V1, files)) == expected


def test_both_versions_at_once(tmp_path: Path) -> None:
    root = root_with(tmp_path, V1 + V2, {"a/b/cpu.max": "300000 100000", **v1("cpu/a/b", 200000)})
    assert _core.cpu_quota(root) == 2


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"200000", b"200000 0", b"200000 -5", b"-1 100000", b"0 100000", b"2e5 100000", b"200000 100000 x",
     b"99999999999999999999 100000", b"\xff\xfe\x00", b"max", b"max max", b"1 2 3"],
)  # fmt: skip
def test_malformed_files_set_no_limit(tmp_path: Path, text: bytes) -> None:
    assert _core.cpu_quota(root_with(tmp_path, V2, {"a/b/cpu.max": text})) is None


@pytest.mark.parametrize(
    "groups", ["", "\n", "0", "0:", "::", "nonsense\n", "0::", "0::/", "0::../../..\n", "0::/a/../../b\n"]
)
def test_malformed_groups_leave_the_root(tmp_path: Path, groups: str) -> None:
    root = root_with(tmp_path / "root", groups, {"cpu.max": "300000 100000"})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "cpu.max").write_text("100000 100000")
    assert _core.cpu_quota(root) in (3, None)


def test_nothing_there(tmp_path: Path) -> None:
    assert _core.cpu_quota(str(tmp_path)) is None
    (tmp_path / "proc/self/cgroup").mkdir(parents=True)
    assert _core.cpu_quota(str(tmp_path)) is None


def test_the_quota_bounds_the_cores(tmp_path: Path) -> None:
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert _core.usable_cores_below(str(tmp_path)) == affinity
    assert _core.usable_cores_below(root_with(tmp_path, V2, {"cpu.max": "50000 100000"})) == 1
    assert _core.usable_cores_below(root_with(tmp_path, V2, {"cpu.max": "99900000 100000"})) == affinity
    assert _core.usable_cores() == min(affinity or 1, _core.cpu_quota() or 999)
