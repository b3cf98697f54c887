"""Pair statistics: every field against the oracle, for any two types, threads and instruction sets."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ggufscope import _core
from support.floating_point import ENVIRONMENTS, floating_point
from support.format_registry import ISAS, TYPES, decode, each_type, random_blocks
from support.pair_reference import EXPECTED, assert_matches_reference
from support.pickling import through_pickle

Floats = npt.NDArray[np.float32]
WriteGguf = Callable[..., Path]

BY_NAME = {qtype["name"]: qtype for qtype in TYPES}
SAMPLE = ["F32", "F16", "BF16", "F64", "Q8_0", "Q4_0", "Q4_K", "Q6_K", "IQ4_XS", "MXFP4", "NVFP4", "Q1_0"]
ROWS, COLUMNS = 5, 768  # pieces of a tile; a multiple of every block
RNG = np.random.default_rng(20)


def ordinary_blocks(qtype: _core.TypeDescription, n_elements: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Blocks whose weights a model could have: random ones of a middling magnitude, and one that is broken."""
    blocks = random_blocks(qtype, max(400, 4 * n_elements // qtype["elements_per_block"]), seed)
    magnitudes = np.abs(decode(qtype, blocks)).max(axis=1)
    usual = blocks[np.isfinite(magnitudes) & (magnitudes > 1e-6) & (magnitudes < 1e6)]
    chosen = usual[np.arange(n_elements // qtype["elements_per_block"]) % len(usual)]
    broken = blocks[~np.isfinite(magnitudes)]
    if len(broken) > 0:
        chosen[len(chosen) // 2] = broken[0]
    return chosen.reshape(-1)


def observe_blocks(
    reference: npt.NDArray[np.uint8], reference_type: str, model: npt.NDArray[np.uint8], model_type: str, **options: Any
) -> _core.PairStatistics:
    types = BY_NAME[reference_type]["id"], BY_NAME[model_type]["id"]
    return _core.observe_pair_buffers(reference, types[0], model, types[1], ROWS, COLUMNS, **options)


def observe(reference: Floats, model: Floats, **options: Any) -> _core.PairStatistics:
    """Of float32 matrices."""
    left, right = (np.ascontiguousarray(np.atleast_2d(part), np.float32) for part in (reference, model))
    rows, columns = left.shape
    blocks = (part.view(np.uint8).reshape(-1) for part in (left, right))
    return _core.observe_pair_buffers(next(blocks), 0, next(blocks), 0, rows, columns, **options)


def frozen(value: Any) -> Any:
    """Fields as bits."""
    if isinstance(value, dict):
        return {name: frozen(part) for name, part in value.items()}
    return value.hex() if isinstance(value, float) else value.tobytes() if isinstance(value, np.ndarray) else value


def assert_right(reference: Floats, model: Floats, **options: Any) -> None:
    assert_matches_reference(reference, model, observe(reference, model, **options).fields())


def test_every_field_has_an_oracle() -> None:
    fields = _core.pair_fields()
    assert [field["name"] for field in fields] == list(EXPECTED)
    found = observe(np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)).fields()
    assert list(found) == list(EXPECTED)
    kinds = {"count": int, "index": int, "number": float, "share": float, "vector": np.ndarray}
    assert all(
        found[field["name"]] is None or isinstance(found[field["name"]], kinds[field["kind"]]) for field in fields
    )


# ---- types


@pytest.mark.parametrize(("left", "right"), list(itertools.product(SAMPLE, SAMPLE)))
def test_any_two_types(left: str, right: str) -> None:
    blocks = [ordinary_blocks(BY_NAME[name], ROWS * COLUMNS, seed) for seed, name in enumerate((left, right))]
    weights = [
        decode(BY_NAME[name], part).reshape(ROWS, COLUMNS) for name, part in zip((left, right), blocks, strict=True)
    ]
    results = [observe_blocks(blocks[0], left, blocks[1], right, isa=isa) for isa in ISAS]
    assert_matches_reference(weights[0], weights[1], results[0].fields())
    assert all(frozen(result.fields()) == frozen(results[0].fields()) for result in results)


@each_type
def test_every_type_beside_float32(qtype: _core.TypeDescription) -> None:
    """Of any bytes, which as scales are of any size, NaN and Inf among them."""
    blocks = random_blocks(qtype, ROWS * COLUMNS // qtype["elements_per_block"]).reshape(-1)
    weights = decode(qtype, blocks).reshape(ROWS, COLUMNS)
    floats = RNG.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    results = [observe_blocks(floats.view(np.uint8).reshape(-1), "F32", blocks, qtype["name"], isa=isa) for isa in ISAS]
    assert_matches_reference(floats, weights, results[0].fields())
    assert all(frozen(result.fields()) == frozen(results[0].fields()) for result in results)


# ---- hard tensors


def hard_tensors() -> dict[str, tuple[Floats, Floats]]:
    normal = RNG.standard_normal((7, 333)).astype(np.float32)
    other = (normal + 0.01 * RNG.standard_normal(normal.shape)).astype(np.float32)
    outlier = normal.copy()
    outlier[3, 100] = 1e6
    broken = normal.copy()
    broken[0, :20] = np.nan
    broken[2, 5] = np.inf
    broken[6, -1] = -np.inf
    zeros = np.zeros_like(normal)
    return {
        "ordinary": (normal, other),
        "equal": (normal, normal),
        "huge": (normal * np.float32(1e30), other * np.float32(1e30)),
        "tiny": (normal * np.float32(1e-30), other * np.float32(1e-30)),
        "the whole range": (normal * np.float32(1e30), other * np.float32(1e-30)),
        "at the end of the range": (np.full_like(normal, 3.4e38), np.full_like(normal, -3.4e38)),
        "denormals": (normal * np.float32(1e-41), other * np.float32(1e-41)),
        "mean far above the spread": (1e4 + normal, 1e4 + other),
        "one outlier": (outlier, normal),
        "an outlier that came": (normal, outlier),
        "constant": (np.full_like(normal, 0.1), np.full_like(normal, 0.25)),
        "zeros": (zeros, -zeros),
        "zeros of the reference": (zeros, normal),
        "zeros of the model": (normal, zeros),
        "opposite": (normal, -normal),
        "broken reference": (broken, other),
        "broken model": (other, broken),
        "nothing but NaN": (np.full_like(normal, np.nan), normal),
        "NaN at the first place": (np.where(np.arange(333) == 0, np.nan, normal).astype(np.float32), normal),
        "one element": (normal[:1, :1], other[:1, :1]),
        "one row": (normal[:1], other[:1]),
        "one column": (normal[:, :1], other[:, :1]),
        "no rows": (normal[:0], other[:0]),
        "no columns": (normal[:, :0], other[:, :0]),
    }


@pytest.mark.parametrize("name", hard_tensors())
def test_hard_tensors(name: str, isa: str) -> None:
    reference, model = hard_tensors()[name]
    assert_right(reference, model, isa=isa)


@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 15), (3, 16), (40, 17), (129, 16), (2, 2048), (3, 5000), (3000, 1), (700, 3)]
)
def test_shapes(shape: tuple[int, int]) -> None:
    reference = RNG.standard_normal(shape).astype(np.float32)
    assert_right(reference, (reference * np.float32(1.1)).astype(np.float32))


def test_the_first_of_equal_errors_is_named() -> None:
    reference = np.zeros((50, 1000), np.float32)
    model = reference.copy()
    for place in (49_999, 31_007, 4_321):  # ever earlier
        model.reshape(-1)[place] = -2
        assert observe(reference, model).fields()["max_abs_error_index"] == place
    model.reshape(-1)[4_322] = 2.5
    assert observe(reference, model).fields()["max_abs_error_index"] == 4_322


# ---- threads, environment


def test_any_number_of_threads() -> None:
    reference = RNG.standard_normal((1500, 2000)).astype(np.float32)
    model = (reference + 0.1 * RNG.standard_normal(reference.shape)).astype(np.float32)
    model[700, 3] = np.nan
    results = [
        frozen(observe(reference, model, threads=threads, isa=isa).fields()) for threads in (1, 2, 7) for isa in ISAS
    ]
    assert all(result == results[0] for result in results)
    assert_right(reference, model, threads=2)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_callers_environment_changes_no_result(environment: str) -> None:
    reference, model = (part * np.float32(1e-40) for part in hard_tensors()["ordinary"])
    expected = observe(reference, model)
    with floating_point(environment):
        found = observe(reference, model, threads=2)
        fields = frozen(found.fields())
        merged = _core.PairStatistics()
        merged.append(found)
    assert fields == frozen(expected.fields()) == frozen(merged.fields())


# ---- properties

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
matrices = array_shapes(min_dims=2, max_dims=2, max_side=40).flatmap(
    lambda shape: st.tuples(*(arrays(np.float32, shape, elements=finite) for _ in range(2)))
)


@given(matrices)
@settings(deadline=None)
def test_a_pair_and_its_mirror(pair: tuple[Floats, Floats]) -> None:
    there, back = observe(*pair).fields(), observe(*pair[::-1]).fields()
    for name in ("error_squares", "products", "max_abs_error", "max_abs_error_index", "rmse", "cosine", "unchanged"):
        assert there[name] == back[name], name
    assert there["error_sum"] == -back["error_sum"]
    assert there["reference_squares"] == back["model_squares"]
    np.testing.assert_array_equal(there["row_error_squares"], back["row_error_squares"])


@given(matrices)
@settings(deadline=None)
def test_nothing_differs_from_itself(pair: tuple[Floats, Floats]) -> None:
    found = observe(pair[0], pair[0]).fields()
    zeros = {name: found[name] for name in ("error_squares", "error_sum", "rmse", "bias", "max_abs_error")}
    assert zeros == dict.fromkeys(zeros, 0)
    assert found["unchanged"] == 1
    assert found["sqnr_db"] is None
    assert found["products"] == found["reference_squares"] == found["model_squares"]


@given(matrices, st.data())
@settings(deadline=None)
def test_rows_may_be_split(pair: tuple[Floats, Floats], data: st.DataObject) -> None:
    reference, model = pair
    at = data.draw(st.integers(0, len(reference)))
    joined = _core.PairStatistics()
    joined.append(observe(reference[:at], model[:at]))
    joined.append(observe(reference[at:], model[at:]))
    found = joined.fields()
    found["max_abs_error_index"] = observe(reference, model).fields()["max_abs_error_index"]  # each began with 0
    assert_matches_reference(reference, model, found)


@given(matrices)
@settings(deadline=None)
def test_any_pair(pair: tuple[Floats, Floats]) -> None:
    assert_right(*pair)


# ---- merging, values


def test_rolling_up_drops_what_belongs_to_one_tensor() -> None:
    reference, model = hard_tensors()["ordinary"]
    merged = observe(reference, model)
    merged.merge(observe(model, reference))
    found = merged.fields()
    rolled_up = [field["name"] for field in _core.pair_fields() if field["roll_up"]]
    assert set(rolled_up) <= set(found)
    assert not [name for name in found if name.startswith(("row", "column"))]
    assert found["n_elements"] == merged.n_elements == 2 * reference.size
    assert found["bias"] == pytest.approx(0, abs=1e-12)


def test_rows_of_another_width_are_not_appended() -> None:
    narrow, wide = (observe(np.ones((2, n), np.float32), np.zeros((2, n), np.float32)) for n in (2, 3))
    before = copy.copy(narrow)
    with pytest.raises(ValueError, match="rows of 2 columns and of 3 are not of the same tensor"):
        narrow.append(wide)
    assert narrow == before


def test_results_are_values() -> None:
    reference, model = hard_tensors()["broken model"]
    statistics = observe(reference, model)
    for other in (through_pickle(statistics), copy.copy(statistics), copy.deepcopy(statistics)):
        assert other == statistics
        assert frozen(other.fields()) == frozen(statistics.fields())
    assert statistics != observe(model, reference)
    with pytest.raises(ValueError, match="another class"):
        _core.PairStatistics.__new__(_core.PairStatistics).__setstate__(_core.Statistics().__getstate__())


# ---- files


def models_of(write_gguf: WriteGguf, left: dict[str, Any], right: dict[str, Any], **options: Any) -> list[_core.Model]:
    return [
        _core.Model(write_gguf(left, name="reference.gguf")),
        _core.Model(write_gguf(right, name="model.gguf", **options)),
    ]


def test_tensors_are_matched_by_name_and_shape(write_gguf: WriteGguf) -> None:
    ones = np.ones((4, 32), np.float32)
    reference, model = models_of(
        write_gguf,
        {"a": ones, "b": ones, "c": ones[:2], "only here": ones, "d": ones.reshape(32, 4)},
        {"d": ones, "new": ones, "c": ones[:2].astype(np.float16), "b": ones, "a": ones, "newer": ones},
    )
    match = _core.match_tensors(reference, model)
    assert match.pairs == [(0, 4), (1, 3), (2, 2)]
    assert match.reshaped == [(4, 0)]
    assert match.missing == [3]
    assert match.extra == [1, 5]


def test_pairs_of_files(write_gguf: WriteGguf) -> None:
    """Vectors, matrices and experts; each expert is a part whose largest error is placed in the whole tensor."""
    shapes = {"vector": (300,), "matrix": (70, 200), "experts": (3, 50, 100), "kernels": (5, 3, 4)}
    left = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    right = {name: weights.astype(np.float16) for name, weights in left.items()}
    reference, model = models_of(write_gguf, left, right)
    told: list[tuple[int, int]] = []
    pairs = _core.match_tensors(reference, model).pairs
    parts = _core.observe_pairs(reference, model, pairs, 2, progress=lambda *done: told.append(done))
    assert [(part.pair, part.index) for part in parts] == [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (3, 0)]
    total = sum(row.n_bytes for opened in (reference, model) for row in opened.tensors)
    assert told[-1] == (total, total)
    for part in parts:
        name = reference.tensors[pairs[part.pair][0]].name
        a, b = left[name], right[name].astype(np.float32)
        if name == "experts":
            a, b = a[part.index], b[part.index]
        rows = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
        found = part.statistics.fields()
        found["max_abs_error_index"] -= part.index * a.size if name == "experts" else 0
        assert_matches_reference(*rows, found)


@pytest.mark.parametrize("name", ["F32", "F16", "Q8_0", "Q4_K"])
def test_byte_order_changes_nothing(write_gguf: WriteGguf, name: str) -> None:
    blocks = ordinary_blocks(BY_NAME[name], ROWS * COLUMNS).reshape(ROWS, -1)
    floats = RNG.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    data: Any = (
        blocks.view(np.float32) if name == "F32" else blocks.view(np.float16) if name == "F16" else (blocks, name)
    )
    little = models_of(write_gguf, {"a": floats}, {"a": data})
    (expected,) = _core.observe_pairs(*little, [(0, 0)], 1)
    swapped = blocks.copy()
    if name in ("Q8_0", "Q4_K"):  # the halves of every block, which gguf leaves alone
        for at in range(0, 2 if name == "Q8_0" else 4, 2):
            block = swapped.reshape(-1, BY_NAME[name]["bytes_per_block"])
            block[:, [at, at + 1]] = block[:, [at + 1, at]]
        data = (swapped, name)
    big = models_of(write_gguf, {"a": floats}, {"a": data}, endianess=gguf.GGUFEndian.BIG)
    assert [model.byte_order for model in big] == ["little", "big"]
    (found,) = _core.observe_pairs(*big, [(0, 0)], 1)
    assert frozen(found.statistics.fields()) == frozen(expected.statistics.fields())


def test_equal_blocks_are_told(write_gguf: WriteGguf) -> None:
    """By their bytes, NaN or not; in one type, with one factor."""
    weights = RNG.standard_normal((300, 4096)).astype(np.float32)
    weights[7, 7] = np.nan
    last = weights.copy()
    last[-1, -1] = np.nextafter(last[-1, -1], np.float32(9))
    names = ("equal", "the last bit", "another type", "zeros of either sign")
    zeros = np.zeros((4, 32), np.float32)
    left = dict(zip(names, (weights, weights, zeros, zeros), strict=True))
    right = dict(zip(names, (weights, last, zeros.astype(np.float16), -zeros), strict=True))
    reference, model = models_of(write_gguf, left, right)
    pairs = [(i, i) for i in range(len(names))]
    told = [part.identical for part in _core.observe_pairs(reference, model, pairs, 2)]
    assert told == [True, False, False, False]
    for factors, identical in (({0: [2.0]}, False), ({}, True)):
        (part,) = _core.observe_pairs(reference, model, pairs[:1], 1, model_factors=factors)
        assert part.identical is identical
    (part,) = _core.observe_pairs(
        reference, model, pairs[:1], 1, reference_factors={0: [np.nan]}, model_factors={0: [np.nan]}
    )
    assert part.identical
    assert part.statistics.fields()["non_finite_count"] == weights.size


def test_a_file_that_shrinks_is_an_error(write_gguf: WriteGguf) -> None:
    weights = np.ones((512, 1024), np.float32)
    reference, model = models_of(write_gguf, {"a": weights}, {"a": weights})
    os.truncate(model.files[0], model.file_sizes[0] // 2)
    with pytest.raises(_core.GGUFError, match="shrank"):
        _core.observe_pairs(reference, model, [(0, 0)], 2)


def test_progress_may_cancel(write_gguf: WriteGguf) -> None:
    weights = np.ones((4096, 2048), np.float32)
    reference, model = models_of(write_gguf, {"a": weights}, {"a": weights})

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _core.observe_pairs(reference, model, [(0, 0)], 2, progress=stop)


def test_refusals(write_gguf: WriteGguf) -> None:
    weights = np.ones((4, 32), np.float32)
    reference, model = models_of(write_gguf, {"a": weights, "b": weights}, {"b": weights[:2]})
    with pytest.raises(ValueError, match="tensor 'a' of the reference and 'b' of the model differ in shape"):
        _core.observe_pairs(reference, model, [(0, 0)], 1)
    for pair, named in (
        ((2, 0), "tensor 2 of the reference, which has 2"),
        ((1, 1), "tensor 1 of the model, which has 1"),
    ):
        with pytest.raises(IndexError, match=f"pair 0 names {named} tensors, counted from 0"):
            _core.observe_pairs(reference, model, [pair], 1)
    with pytest.raises(ValueError, match="threads must be at least 1"):
        _core.observe_pairs(reference, model, [], 0)
    blocks = weights.view(np.uint8).reshape(-1)
    for rows, columns in ((4, 31), (3, 32), (5, 32), (4, 0), (0, 32)):
        with pytest.raises(ValueError, match="does not hold"):
            _core.observe_pair_buffers(blocks, 0, blocks, 0, rows, columns)
    model.close()
    with pytest.raises(ValueError, match="closed"):
        _core.match_tensors(reference, model)
