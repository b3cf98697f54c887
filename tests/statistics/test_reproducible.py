"""The same bits for any number of threads and any instruction set, and what merging promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ggufscope import _core
from support.floating_point import ENVIRONMENTS, floating_point
from support.observing import assert_matches_reference, observe

RNG = np.random.default_rng(7)
TYPES = _core.types()
ISAS = _core.available_isas()


def frozen(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with arrays as bytes, so that == compares bits (NaN never appears)."""

    def freeze(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(freeze(part) for part in value)
        if isinstance(value, float):
            return value.hex()
        return value.tobytes() if isinstance(value, np.ndarray) else value

    return {name: freeze(value) for name, value in fields.items()}


def blocks_of(qtype: _core.TypeDescription, n_elements: int) -> np.ndarray:
    """Random bytes: scales of every kind, NaN and Inf among them."""
    n_blocks = n_elements // qtype["elements_per_block"]
    return RNG.integers(0, 256, n_blocks * qtype["bytes_per_block"], dtype=np.uint8)


@pytest.mark.parametrize("qtype", TYPES, ids=lambda qtype: qtype["name"])
def test_every_type_on_every_instruction_set(qtype: _core.TypeDescription) -> None:
    rows, columns = 24, 2560
    blocks = blocks_of(qtype, rows * columns)
    results = [frozen(_core.observe_buffer(blocks, qtype["id"], rows, columns, isa=isa).fields()) for isa in ISAS]
    assert len(ISAS) > 1
    assert all(result == results[0] for result in results)


def test_any_number_of_threads() -> None:
    weights = RNG.standard_normal((3000, 2000)).astype(np.float32)
    weights[5, 7] = np.nan
    results = [frozen(observe(weights, threads=threads)) for threads in (1, 2, 3, 7)]
    assert all(result == results[0] for result in results)
    assert_matches_reference(weights, observe(weights, threads=2))


def test_the_callers_environment_changes_this_threads_arithmetic() -> None:
    """Without this, the next test would show nothing."""
    one, least = np.float64(1), np.float64(5e-324)
    with floating_point("denormals flushed"):
        assert least + least == 0
    with floating_point("rounding up"):
        assert one + least > one
    assert least + least > 0
    assert one + least == one


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_callers_environment_changes_no_result(environment: str) -> None:
    """Libraries built with -ffast-math leave denormals flushed; observing, merging and reading fields do not care."""
    tiny = (RNG.standard_normal((16, 64)) * 1e-40).astype(np.float32)
    buffers = {qtype["name"]: (qtype, blocks_of(qtype, 4 * 2560)) for qtype in TYPES}
    buffers["denormals"] = (buffers["F32"][0], np.tile(tiny.view(np.uint8).reshape(-1), 10))

    def results() -> list[Any]:
        found: list[Any] = []
        for qtype, blocks in buffers.values():
            statistics = _core.observe_buffer(blocks, qtype["id"], 4, 2560, threads=2)
            merged = _core.Statistics()
            merged.merge(statistics)
            merged.append(statistics)
            decoded = np.empty(4 * 2560, np.float32)
            _core.decode(blocks, qtype["id"], decoded)
            found.append((frozen(statistics.fields()), frozen(merged.fields()), decoded.tobytes()))
        return found

    expected = results()
    with floating_point(environment):
        found = results()
    for name, before, after in zip(buffers, expected, found, strict=True):
        assert before == after, name
    assert_matches_reference(tiny, observe(tiny))


def test_merging_is_observing_together() -> None:
    weights = RNG.standard_normal((64, 333)).astype(np.float32)
    parts = [_core.observe_buffer(part.view(np.uint8).reshape(-1), 0, 16, 333) for part in np.split(weights, 4)]
    merged = _core.Statistics()
    for part in parts:
        merged.append(part)
    found = merged.fields()
    found["abs_max_index"] = int(np.argmax(np.abs(weights)))  # each buffer counted from its own beginning
    assert_matches_reference(weights, found)


def test_rolling_up_drops_what_belongs_to_one_tensor() -> None:
    part = _core.observe_buffer(RNG.standard_normal((4, 8)).astype(np.float32).view(np.uint8).reshape(-1), 0, 4, 8)
    merged = part.copy()
    merged.merge(part)
    assert merged.n_elements == 64
    assert part.n_elements == 32
    assert "row_l2" in part.fields()
    assert "row_l2" not in merged.fields()


def test_codes_of_different_types_share_no_entropy() -> None:
    by_name = {qtype["name"]: qtype for qtype in TYPES}
    q4, q8 = (
        _core.observe_buffer(blocks_of(by_name[name], 1024), by_name[name]["id"], 4, 256) for name in ("Q4_0", "Q8_0")
    )
    together = q4.copy()
    together.merge(q4)
    assert together.fields()["code_entropy"] == q4.fields()["code_entropy"]
    together.merge(q8)
    assert together.fields()["code_entropy"] is None
    assert together.fields()["code_saturation"] is None
