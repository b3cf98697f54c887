"""What `ggufscope bench` measures with: rounds, limits, samples, kernels. Never how fast anything is."""

from __future__ import annotations

import gc
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope import _core, bench
from ggufscope.bench import KERNELS, Measurement, Task, Timing, kernel_tasks, limits, make_sample, measure
from support import small_models
from support.format_registry import WEIGHT_TYPES

TINY = {"seconds": 0.0, "n_bytes": 1 << 16}


@pytest.fixture
def model(write_gguf: Any) -> Path:
    return write_gguf(**small_models.llama())


def measurement(seconds: tuple[float, ...], limit: tuple[float, ...], **facts: Any) -> Measurement:
    task = Task("Q4_K", "full", print, {"reading": print}, n_elements=1000, n_bytes=500, **facts)
    return Measurement(task, Timing(seconds), {"reading": Timing(limit)})


def test_a_timing_is_its_median_and_the_spread_of_its_middle_half() -> None:
    timing = Timing((4.0, 1.0, 2.0, 3.0, 100.0))
    assert timing.median == 3.0
    assert timing.spread == pytest.approx((4.0 - 2.0) / 3.0)
    assert timing.noisy
    assert Timing((2.0,)).spread == 0.0
    assert not Timing((1.0, 1.05, 1.0, 50.0, 1.02)).noisy


def test_ratios_are_taken_round_by_round() -> None:
    drifting = measurement((2.0, 20.0, 6.0), (1.0, 10.0, 2.0))  # the machine got slower and faster again
    assert drifting.ratio("reading") == 2.0
    assert measurement((2.0,), (1.0,), scale=4.0).ratio("reading") == 0.5
    assert drifting.elements_per_second == pytest.approx(1000 / 6)
    assert drifting.bytes_per_second == pytest.approx(500 / 6)


def test_every_round_takes_the_limits_right_before_the_work() -> None:
    calls: list[str] = []

    def task(name: str) -> Task:
        limits = {"reading": lambda: calls.append(f"read {name}"), "storing": lambda: calls.append(f"store {name}")}
        return Task(name, "full", lambda: calls.append(name), limits)

    shares: list[float] = []
    found = measure([task("a"), task("b")], 0.0, least=2, progress=shares.append)
    assert calls == 2 * ["read a", "store a", "a", "read b", "store b", "b"]
    assert [len(row.timing.seconds) for row in found] == [2, 2]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_what_comes_before_comes_before_each_timing() -> None:
    calls: list[str] = []
    limits = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    task = Task("x", "full", lambda: calls.append("run"), limits, before=lambda: calls.append("before"))
    measure([task], 0.0, least=1)
    assert calls == ["before", "a", "before", "b", "before", "run"]


def test_the_share_of_the_cores_is_noted() -> None:
    def work() -> None:
        time.sleep(0.02)

    waiting, allowed = measure([Task("a", "full", work), Task("b", "full", work, keeps_busy=False)], 0.0)
    assert waiting.core_share is not None
    assert 0 <= waiting.core_share < 0.5  # by far: a process that sleeps
    assert waiting.noisy
    assert allowed.core_share is None


def test_a_measurement_holds_no_buffers() -> None:
    sample = make_sample("F16", n_elements=4096)
    alive = weakref.ref(sample.blocks)
    rows = measure(kernel_tasks(KERNELS, sample), 0.0, least=1)
    del sample
    gc.collect()
    assert [row.task.kernel for row in rows] == list(KERNELS)
    assert alive() is None


def test_rounds_are_bounded_above() -> None:
    (found,) = measure([Task("a", "full", lambda: None)], 60.0, most=5)
    assert len(found.timing.seconds) == 5


@pytest.mark.parametrize("n_bytes", [0, 1, 1000, (1 << 20) + 1, (3 << 20) + 7])
@pytest.mark.parametrize("threads", [1, 3])
def test_limits_touch_every_byte(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_bytes: int, threads: int) -> None:
    out = np.zeros(n_bytes, np.uint8)
    limits.store(out, threads)
    assert out.all()
    seen: list[bytes] = []
    monkeypatch.setattr(limits.np, "maximum", type("maximum", (), {"reduce": lambda piece: seen.append(bytes(piece))}))
    data = np.random.default_rng(0).integers(0, 256, n_bytes, np.uint8)
    limits.read(data, threads)
    assert sorted(b"".join(seen)) == sorted(data.tobytes())
    if n_bytes:
        seen.clear()
        (tmp_path / "file").write_bytes(data.tobytes())
        limits.read_files([tmp_path / "file", str(tmp_path / "file")], threads)
        assert sorted(b"".join(seen)) == sorted(2 * data.tobytes())


@pytest.mark.parametrize("description", WEIGHT_TYPES, ids=lambda description: description["name"])
def test_samples_are_valid_blocks_of_their_type(description: _core.TypeDescription) -> None:
    sample = make_sample(description["name"], n_elements=50 * 4096)
    assert (sample.rows, sample.n_elements) == (50, 50 * 4096)
    found = gs.summarize(sample.blocks.reshape(sample.rows, -1), description["name"])
    assert found.shape == (50, 4096)
    assert found.nan_count == found.inf_count == 0
    steps = 1024 if description["name"][1:].isdigit() and description["name"][0] == "I" else 1  # in integers
    assert found.rms == pytest.approx(0.02 * steps, rel=0.05)
    part = sample.first(3)
    assert part.blocks.tobytes() == sample.blocks.tobytes()[: part.blocks.size]
    assert (part.rows, sample.first(0).rows, sample.first(10**6).rows) == (3, 1, 50)
    with pytest.raises(ValueError, match="unknown type 'Q9'"):
        make_sample("Q9", n_bytes=1)
    with pytest.raises(ValueError, match="U16 holds no weights"):
        make_sample("u16", n_bytes=1)


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_runs_with_its_limits(name: str, isa: str) -> None:
    sample = make_sample("Q8_0", n_elements=8 * 4096)
    tasks = kernel_tasks([name], sample, threads=(1, 2), isa=isa)
    assert [(task.subject, task.kernel, task.threads, task.isa) for task in tasks] == [
        ("Q8_0", name, 1, isa),
        ("Q8_0", name, 2, isa),
    ]
    for row in measure(tasks, 0.0, least=1):
        assert row.task.n_elements == sample.n_elements
        assert row.task.n_bytes == sample.blocks.size
        assert "reading" in row.limits
        assert (next(iter(row.limits)) == "storing") == (name == "decode")


def test_decoding_decodes() -> None:
    sample = make_sample("Q4_K", n_elements=8 * 4096)
    prepared = KERNELS["decode"].prepare(sample)
    prepared.run(1, "generic")
    assert prepared.output is not None
    assert (prepared.output == gs.dequantize(sample.blocks, "Q4_K")).all()


def test_progress_may_cancel() -> None:
    def stop(_what: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.bench_types(["F16"], progress=stop, **TINY)


def test_progress_goes_from_nothing_to_all(model: Path) -> None:
    for work in (lambda report: bench.bench_types(["F16", "Q8_0"], threads=1, progress=report, **TINY),
                 lambda report: bench.bench_model(model, threads=1, progress=report)):  # fmt: skip
        seen: list[tuple[str, float]] = []
        work(lambda what, share, seen=seen: seen.append((what, share)))
        shares = [share for _, share in seen]
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert {what for what, _ in seen} == {"a small llama"}
