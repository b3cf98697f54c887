"""Diffs: every figure of every tensor against NumPy in float64, on the weights as decoded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ggufscope as gs
from ggufscope.synth.blocks import quantize
from support import small_models
from support.diff_reference import assert_close, assert_parts, assert_right, worst
from support.model_files import write_model
from support.pair_reference import EXPECTED, Pair, assert_figure

if TYPE_CHECKING:
    from ggufscope.diffs.records import ModelDiff, TensorDiff

Floats = npt.NDArray[np.float32]
WriteGguf = Callable[..., Path]

SAMPLE = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q5_1", "Q4_K", "Q6_K", "Q2_K", "IQ4_XS", "MXFP4", "TQ1_0"]
ROWS, COLUMNS = 3, 512


def stored(weights: Floats, type_name: str) -> tuple[npt.NDArray[np.uint8], str]:
    """Weights in blocks, as `write_model` takes them."""
    return quantize(weights, type_name).reshape(*weights.shape[:-1], -1), type_name


def weights(*shape: int, seed: int = 0) -> Floats:
    """Heavier tails than a Gaussian has, as matrices of models."""
    return (np.random.default_rng(seed).standard_t(5, shape) * 0.02).astype(np.float32)


def decoded(path: Path) -> dict[str, Floats]:
    """The weights of a file, times the factors beside them, rounded once."""
    with gs.open(path) as model:
        return {tensor.name: times_factors(tensor) for tensor in model.tensors.values()}


def times_factors(tensor: gs.Tensor) -> Floats:
    plain = tensor.dequantize()
    if tensor.factor is None:
        return plain
    factors: Floats = tensor.factor.values()
    return plain * factors.reshape(-1, *[1] * (plain.ndim - 1))


def differ(*paths: Path, **options: Any) -> gs.Diff:
    """The figures alone: where a model comes from is looked into elsewhere."""
    return gs.diff(*paths, lineage=False, **options)


def only(diff: gs.Diff) -> ModelDiff:
    (model,) = diff.models
    return model


def by_name(diff: gs.Diff) -> dict[str, TensorDiff]:
    return {tensor.name: tensor for tensor in only(diff).tensors}


def reproducible(diff: gs.Diff) -> dict[str, Any]:
    """The saved document without the part that differs from run to run."""
    plain: dict[str, Any] = diff._value()
    return {name: part for name, part in plain.items() if name != "run"}


# ---- types


@pytest.fixture(scope="module")
def type_pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two files with a tensor for each two types of the sample."""
    folder = tmp_path_factory.mktemp("types")
    names = {f"blk.{i}.ffn_up.weight": pair for i, pair in enumerate(itertools.product(SAMPLE, SAMPLE))}
    base = {name: weights(ROWS, COLUMNS, seed=i) for i, name in enumerate(names)}
    sides = [{name: stored(base[name], pair[side]) for name, pair in names.items()} for side in (0, 1)]
    return write_model(folder / "reference.gguf", sides[0]), write_model(folder / "model.gguf", sides[1])


def test_any_two_types(type_pairs: tuple[Path, Path]) -> None:
    diff = differ(*type_pairs)
    reference, model = map(decoded, type_pairs)
    assert len(only(diff).tensors) == len(SAMPLE) ** 2
    for tensor in only(diff).tensors:
        assert_right(tensor, reference[tensor.name], model[tensor.name])
        assert tensor.identical == (tensor.reference_type == tensor.model_type)


def test_threads_and_instruction_sets_change_no_byte(type_pairs: tuple[Path, Path], isa: str) -> None:
    expected = reproducible(differ(*type_pairs, threads=1, isa="generic"))
    assert reproducible(differ(*type_pairs, threads=3, isa=isa)) == expected


@pytest.fixture(scope="module")
def many_chunks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two files whose matrices are cut into several chunks each."""
    folder = tmp_path_factory.mktemp("chunks")
    base = {f"blk.{i}.ffn_up.weight": weights(1200, 1024, seed=i).astype(np.float16) for i in range(2)}
    model = {name: stored(each.astype(np.float32), "Q8_0") for name, each in base.items()}
    return write_model(folder / "reference.gguf", base), write_model(folder / "model.gguf", model)


def test_many_chunks_in_many_threads(many_chunks: tuple[Path, Path], isa: str) -> None:
    expected = reproducible(differ(*many_chunks, threads=1, isa="generic"))
    assert reproducible(differ(*many_chunks, threads=4, isa=isa)) == expected


# ---- hard tensors


def hard_tensors() -> dict[str, tuple[Floats, Floats]]:
    normal = np.random.default_rng(3).standard_normal((7, 333)).astype(np.float32)
    other = (normal * np.float32(1.01)).astype(np.float32)
    broken = normal.copy()
    broken[0, :20], broken[2, 5], broken[6, -1] = np.nan, np.inf, -np.inf
    damaged = normal.copy()
    damaged[4] += 1
    empty_row = normal.copy()
    empty_row[3] = 0
    zeros = np.zeros_like(normal)
    return {
        "equal": (normal, normal.copy()),
        "a row that was damaged": (normal, damaged),
        "a row that was empty": (empty_row, other),
        "zeros": (zeros, -zeros),
        "zeros of the reference": (zeros, normal),
        "zeros of the model": (normal, zeros),
        "broken reference": (broken, other),
        "broken model": (other, broken),
        "nothing but NaN": (np.full_like(normal, np.nan), normal),
        "denormals": (normal * np.float32(1e-41), other * np.float32(1e-41)),
        "the whole range": (normal * np.float32(1e30), other * np.float32(1e-30)),
        "mean far above the spread": (1e4 + normal, 1e4 + other),
        "one element": (normal[:1, :1], other[:1, :1]),
        "one column": (normal[:, :1], other[:, :1]),
        "a vector": (normal[0], other[0]),
        "opposite": (normal, -normal),
    }


def test_hard_tensors(write_gguf: WriteGguf, isa: str) -> None:
    hard = hard_tensors()
    sides = [write_gguf({name: pair[side] for name, pair in hard.items()}, name=f"{side}.gguf") for side in (0, 1)]
    diff = differ(*sides, isa=isa)
    tensors = by_name(diff)
    assert list(tensors) == list(hard)
    for name, tensor in tensors.items():
        assert_right(tensor, *hard[name])
    assert tensors["a row that was damaged"].worst_rows[0].index == 4
    assert tensors["a row that was damaged"].worst_rows[0].error_share == 1
    assert tensors["a row that was empty"].worst_rows[0].nmse is None
    assert not [tensor for tensor in tensors.values() if tensor.identical != (tensor.name == "equal")]
    assert "NaN or Inf" in only(diff).notes[0]
    assert gs.Diff.from_json(diff.to_json()) == diff


@pytest.mark.parametrize("kind", ["llama", "mixture", "fused_qkv"])
def test_nothing_differs_from_itself(write_gguf: WriteGguf, kind: str, isa: str) -> None:
    path = write_gguf(**getattr(small_models, kind)())
    model = only(differ(path, path, isa=isa))
    assert model.identical_bytes
    for errors in (model.summary, *model.tensors):
        exact = errors.nmse, errors.rmse, errors.bias, errors.max_abs_error, errors.error_squares, errors.error_sum
        assert set(exact) == {0}
        assert (errors.cosine, errors.rescale, errors.unchanged) == (1, 1, 1)
        assert errors.sqnr_db is None
    for tensor in model.tensors:
        assert tensor.identical
        assert not tensor.worst_rows + tensor.worst_heads + tensor.worst_experts


def test_equal_weights_of_other_types_are_not_the_same_bytes(write_gguf: WriteGguf) -> None:
    half = weights(4, 64).astype(np.float16)
    paths = (
        write_gguf({"output.weight": half.astype(np.float32)}, name="reference.gguf"),
        write_gguf({"output.weight": half}),
    )
    model = only(differ(*paths))
    assert (model.summary.nmse, model.summary.cosine, model.summary.unchanged) == (0, 1, 1)
    assert not model.identical_bytes
    assert not model.tensors[0].identical


# ---- experts, factors, heads


def nvfp4(*shape: int, seed: int) -> tuple[npt.NDArray[np.uint8], str]:
    """Random blocks, whose scale bytes are near 1."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (math.prod(shape) // 64, 36), np.uint8)
    blocks[:, :4] = rng.integers(0x30, 0x40, (len(blocks), 4))
    return blocks.reshape(*shape[:-1], -1), "NVFP4"


def factored(seed: int) -> dict[str, Any]:
    """Experts and a matrix with factors of their own."""
    rng = np.random.default_rng(seed)
    return {
        "blk.0.ffn_up_exps.weight": nvfp4(3, 80, 128, seed=seed),
        "blk.0.ffn_up_exps.scale": rng.uniform(0.5, 2, 3).astype(np.float32),
        "blk.0.attn_q.weight": nvfp4(64, 64, seed=seed + 1),
        "blk.0.attn_q.scale": rng.uniform(0.5, 2, 1).astype(np.float32),
        "blk.1.ffn_up_exps.weight": weights(3, 80, 128, seed=seed),
    }


@pytest.mark.parametrize("of_reference", [True, False], ids=["both sides", "the model alone"])
def test_factors_are_part_of_weights(write_gguf: WriteGguf, of_reference: bool, isa: str) -> None:
    path = write_gguf(factored(1))
    if of_reference:
        beside = write_gguf(factored(2), name="reference.gguf")
    else:  # as a model that was quantized from it
        plain = {name: each * np.float32(1.25) for name, each in decoded(path).items() if not name.endswith("scale")}
        beside = write_gguf(plain, name="reference.gguf")
    reference, model = decoded(beside), decoded(path)
    diff = differ(beside, path, isa=isa)
    compared = only(diff)
    assert (compared.missing, compared.extra, compared.reshaped) == ([], [], [])
    assert "times the factors" in compared.notes[-1]
    for tensor in compared.tensors:
        assert_right(tensor, reference[tensor.name], model[tensor.name], in_experts="exps" in tensor.name)
    weights_alone = [name for name in model if not name.endswith("scale")]
    assert compared.summary.n_elements == sum(model[name].size for name in weights_alone)


def test_stored_leaves_factors_out(write_gguf: WriteGguf) -> None:
    tensors = factored(1)
    louder = {name: each * np.float32(4) if name.endswith("scale") else each for name, each in tensors.items()}
    paths = write_gguf(tensors, name="reference.gguf"), write_gguf(louder)
    assert [tensor.nmse for tensor in only(differ(*paths, stored=True)).tensors if tensor.kind == "matrix"] == [0] * 3
    with_factors = by_name(differ(*paths))
    assert_close(with_factors["blk.0.attn_q.weight"].nmse, 9)
    assert not with_factors["blk.0.attn_q.weight"].identical  # the same blocks, another factor
    assert with_factors["blk.1.ffn_up_exps.weight"].identical


def test_experts_that_err_most(write_gguf: WriteGguf) -> None:
    base = weights(6, 40, 128)
    louder = base * np.array([1, 1.1, 1, 1.3, 1.2, 1], np.float32).reshape(-1, 1, 1)
    name = "blk.0.ffn_down_exps.weight"
    (tensor,) = only(differ(write_gguf({name: base}, name="reference.gguf"), write_gguf({name: louder}))).tensors
    assert [part.index for part in tensor.worst_experts] == [3, 4, 1]
    errors, squares = ((each.astype(np.float64) ** 2).sum(axis=(1, 2)) for each in (louder - base, base))
    for part in tensor.worst_experts:
        assert part.nmse == pytest.approx(errors[part.index] / squares[part.index], rel=1e-6)
    assert {part.expert for part in tensor.worst_rows} == {3}


HEADS = {"llama.embedding_length": 32, "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2}


def of_heads(array: Floats, axis: int, size: int) -> list[float]:
    """Σ of squares of the heads along an axis."""
    squares = np.moveaxis(array.astype(np.float64) ** 2, axis, 0)
    return [math.fsum(squares[i : i + size].flat) for i in range(0, len(squares), size)]


@pytest.mark.parametrize(
    ("role", "rows", "kind"), [("q", 32, "q"), ("k", 16, "k"), ("v", 16, "v"), ("output", 32, "o")]
)
def test_heads_that_err_most(write_gguf: WriteGguf, role: str, rows: int, kind: str) -> None:
    name, axis = f"blk.0.attn_{role}.weight", 1 if role == "output" else 0
    base = weights(rows, 32)
    model = quantize(np.ascontiguousarray(base), "Q4_0").reshape(rows, -1), "Q4_0"
    paths = write_gguf({name: base}, HEADS, name="reference.gguf"), write_gguf({name: model}, HEADS)
    after = decoded(paths[1])[name]
    sums = list(zip(of_heads(after.astype(np.float64) - base, axis, 8), of_heads(base, axis, 8), strict=True))
    (tensor,) = only(differ(*paths)).tensors
    assert [(part.kind, part.index) for part in tensor.worst_heads] == [(kind, head) for head in worst(sums)]
    assert_parts(tensor.worst_heads, [sums[head] for head in worst(sums)], math.fsum(error for error, _ in sums))


def test_heads_of_a_fused_matrix_are_numbered_by_kind(write_gguf: WriteGguf) -> None:
    model = small_models.fused_qkv()
    name = next(iter(model["tensors"]))
    damaged = model["tensors"][name].copy()
    damaged[4 * 8 + 8 : 4 * 8 + 16] *= 2  # the second key head, behind four of queries
    paths = write_gguf(**model, name="reference.gguf"), write_gguf(**model | {"tensors": {name: damaged}})
    heads = only(differ(*paths)).tensors[0].worst_heads
    assert [(part.kind, part.index, part.nmse) for part in heads] == [("k", 1, 1)]


# ---- the whole


def test_the_summary_is_of_all_weights_together(type_pairs: tuple[Path, Path], write_gguf: WriteGguf) -> None:
    summary = only(differ(*type_pairs)).summary
    reference, model = (np.concatenate([each.reshape(-1) for each in decoded(path).values()]) for path in type_pairs)
    pair = Pair(reference[None], model[None])
    for name in EXPECTED:
        if hasattr(summary, name):
            assert_figure(pair, name, getattr(summary, name))
    assert (summary.n_tensors, summary.n_identical) == (len(SAMPLE) ** 2, len(SAMPLE))
    assert summary.element_coverage == 1


def test_tables_are_equal_or_not(write_gguf: WriteGguf) -> None:
    ids = np.arange(2**40, 2**40 + 96, dtype=np.int64).reshape(24, 4)  # float32 would not tell them apart
    other = ids.copy()
    other[3, 1] += 1
    names = {"same": ids, "changed": other, "narrow": (ids % 100).astype(np.int32)}
    reference = write_gguf({"same": ids, "changed": ids, "narrow": ids % 100}, name="reference.gguf")
    same, changed, narrow = only(differ(reference, write_gguf(names))).tensors
    assert (same.kind, same.identical, same.unchanged) == ("table", True, 1)
    assert (changed.identical, changed.unchanged) == (False, 95 / 96)
    assert (narrow.identical, narrow.unchanged) == (False, 1)
    assert not [tensor for tensor in (same, changed, narrow) if tensor.nmse is not None or tensor.counts]


@given(st.integers(0, 2**32), st.integers(-20, 20), st.permutations(range(6)))
@settings(deadline=None, max_examples=15)
def test_what_changes_no_figure(
    tmp_path_factory: pytest.TempPathFactory, seed: int, exponent: int, order: list[int]
) -> None:
    """A power of two on both sides, rows in another order on both sides."""
    folder = tmp_path_factory.mktemp("pair")
    sides: list[Floats] = [weights(6, 96, seed=seed), weights(6, 96, seed=seed + 1)]
    scale = np.float32(2.0**exponent)

    def tensor_of(change: Callable[[Floats], Floats]) -> TensorDiff:
        paths = [write_model(folder / f"{i}.gguf", {"output.weight": change(side)}) for i, side in enumerate(sides)]
        return only(differ(*paths)).tensors[0]

    plain, scaled, moved = (tensor_of(each) for each in (lambda w: w, lambda w: w * scale, lambda w: w[order]))
    assert (scaled.nmse, scaled.cosine, scaled.rescale) == (plain.nmse, plain.cosine, plain.rescale)
    assert scaled.max_abs_error == pytest.approx(float(scale) * (plain.max_abs_error or 0), rel=1e-15)
    assert [order[part.index] for part in moved.worst_rows] == [part.index for part in plain.worst_rows]
    assert moved.max_abs_error == plain.max_abs_error
    assert_close(moved.nmse, plain.nmse)
