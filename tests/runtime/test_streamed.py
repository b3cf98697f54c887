"""The streamed engine: figures against float64 NumPy, independence of batches, tiles and threads, and its limits."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.architecture.matrices import Matrix
from ggufscope.errors import TraceError
from ggufscope.runtime.engines.engine import GenerationInterrupted
from ggufscope.runtime.engines.streamed import StreamLimits, open_engine, tiles
from ggufscope.runtime.engines.streamed.kernels import masked_softmax
from ggufscope.runtime.engines.streamed.limits import DEFAULT_LIMITS
from ggufscope.runtime.engines.streamed.network import Network
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.measuring.figures import NEAR_ZERO, TOP_SHARE
from support.architectures import SPECIMENS
from support.attention import shares_by_key
from support.engines import traced
from support.forward import Network as Reference
from support.forward import run
from support.tiny_models import CONTEXT, KINDS, VOCABULARY, sample

WriteGguf = Callable[..., Path]
Ints = npt.NDArray[np.int32]
CHANCE = np.random.default_rng(8)
PROMPTS = [CHANCE.integers(0, VOCABULARY, length).astype(np.int32) for length in (11, 1, 25)]
TOLERANCE = 1e-4


def tables(
    path: Path, prompts: list[Ints], threads: int = 2, limits: StreamLimits = DEFAULT_LIMITS
) -> dict[str, npt.NDArray[np.float64]]:
    with gs.open(path) as model, open_engine(model, threads, limits) as engine:
        recorder = Recorder(len(prompts), engine.shape, tokens=prompts)
        engine.prefill(prompts, recorder, room=0, progress=None)
        return dict(recorder.tables())


def by_token(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The rms of each token, of tokens × width."""
    return np.asarray(np.sqrt(np.mean(np.square(values), axis=-1)))


def near_zero_limits(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The share of each token below its threshold, give or take what is within 1e-4 of it."""
    size, threshold = np.abs(values), NEAR_ZERO * by_token(values)[:, None]
    low, high = ((size < threshold * (1 + sign * TOLERANCE)).mean(axis=1) for sign in (-1, 1))
    return low, high


def over_tokens(name: str, tokens: Any, reduce: Any = np.median) -> dict[str, Any]:
    """A figure and that of the first token; limits are those of tokens."""
    if isinstance(tokens, tuple):
        low, high = (over_tokens(name, limit) for limit in tokens)
        return {key: (low[key], high[key]) for key in low}
    return {name: reduce(tokens[1:]) if len(tokens) > 1 else np.nan, f"{name}_first": tokens[0]}


def expected(network: Reference, tokens: Ints) -> list[dict[str, Any]]:
    """Figures by layer, from the NumPy model."""
    return [
        _figures(seen, tokens, network.window(layer))
        for layer, seen in enumerate(run(network, tokens[None].astype(int)))
    ]


def _figures(seen: dict[str, Any], tokens: Ints, window: int | None) -> dict[str, Any]:
    named = {"q": "q", "k": "k", "v": "v", "gate": "gate", "up": "up", "gated": "hidden", "ffn_norm": "ffn_norm"}
    named |= {"attention_output": "attention", "ffn_output": "ffn", "residual": "residual"}
    sizes: dict[str, Any] = {f"{point}_rms": by_token(seen[name][0]) for point, name in named.items()}
    squares = np.sort(seen["hidden"][0] ** 2, axis=1)
    count = int(np.ceil(TOP_SHARE * squares.shape[1]))
    sizes["gated_top_energy_share"] = squares[:, -count:].sum(axis=1) / squares.sum(axis=1)
    sizes["ffn_attention_ratio"] = sizes["ffn_output_rms"] / sizes["attention_output_rms"]
    sizes["v_near_zero_share"] = near_zero_limits(seen["v"][0])
    sizes["gated_near_zero_share"] = near_zero_limits(seen["hidden"][0])
    size = np.abs(seen["residual"][0])
    figures = over_tokens("residual_peak", size.max(axis=1) / np.median(size, axis=1), np.max)
    for name, values in sizes.items():
        figures |= over_tokens(name, values)
    return figures | _of_heads(seen, window) | shares_by_key(seen["alpha"][0], tokens.tolist(), window)


def _of_heads(seen: dict[str, Any], window: int | None) -> dict[str, Any]:
    n = seen["alpha"].shape[-1]
    none = np.full(seen["alpha"].shape[1], np.nan)
    keys = np.minimum(np.arange(1, n + 1), window or n)[1:]
    later = seen["entropy"][0][:, 1:]
    figures = {
        "entropy": later.mean(axis=1) if n > 1 else none,
        "entropy_share": (later / np.log(keys)).mean(axis=1) if n > 1 else none,
        "first_token_share": seen["alpha"][0][:, 1:, 0].mean(axis=1) if n > 1 else none,
    }
    for first, last in ((1, 3), (4, 7), (8, 15), (16, 31)):
        shares = (later / np.log(keys))[:, first - 1 : last]
        figures[f"entropy_share_{first}_{last}"] = shares.mean(axis=1) if shares.size else none
    return figures


@pytest.mark.parametrize("name", KINDS)
def test_figures_are_those_of_numpy(write_gguf: WriteGguf, name: str) -> None:
    model = sample(name)
    found = tables(write_gguf(**model.file()), PROMPTS)
    for number, tokens in enumerate(PROMPTS):
        for layer, figures in enumerate(expected(model.network, tokens)):
            assert figures.keys() == found.keys()
            for figure, value in figures.items():
                measured = found[figure][number, layer]
                if isinstance(value, tuple) and np.isfinite(value[0]):
                    assert value[0] <= measured <= value[1], (figure, number, layer)
                else:
                    exact = value[0] if isinstance(value, tuple) else value
                    # 1e-5 absolute for attention so sharp that little but rounding is left of it.
                    np.testing.assert_allclose(measured, exact, rtol=TOLERANCE, atol=1e-5, err_msg=figure)


@pytest.mark.parametrize("name", ["llama-3", "qwen3", "gemma2", "phi3-short"])
def test_a_prompt_alone_is_a_prompt_in_a_batch(write_gguf: WriteGguf, name: str) -> None:
    path = write_gguf(**sample(name).file())
    together = tables(path, PROMPTS)
    for number, tokens in enumerate(PROMPTS):
        for figure, alone in tables(path, [tokens]).items():
            np.testing.assert_allclose(alone[0], together[figure][number], rtol=1e-5, atol=1e-7, err_msg=figure)


def test_later_tokens_change_nothing_before_them(write_gguf: WriteGguf) -> None:
    path = write_gguf(**sample("llama").file())
    with gs.open(path) as model:
        longer = traced(open_engine(model, 1), [PROMPTS[2]], 1, frozenset()).raw
        shorter = traced(open_engine(model, 1), [PROMPTS[2][:9]], 1, frozenset()).raw
    for place, values in shorter.items():
        np.testing.assert_allclose(longer[place][:9], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["llama-biases", "gemma3", "phi3-4k"])
def test_tiles_and_threads_change_nothing(write_gguf: WriteGguf, name: str) -> None:
    path = write_gguf(**sample(name).file())
    whole = tables(path, PROMPTS, threads=1)
    limits = StreamLimits(many_tokens=1, tile_bytes=20 * 4 * 64)  # sixteen rows, thirteen where they are long
    with gs.open(path) as model:
        rows = [tiles.tile_rows(matrix, 1, limits.tile_bytes) for matrix in Network(model).layers[0].matrices]
    assert {13, 16} == set(rows)
    for threads in (1, 3):
        for figure, values in tables(path, PROMPTS, threads, limits).items():
            np.testing.assert_allclose(values, whole[figure], rtol=1e-5, atol=1e-7, err_msg=figure)


@pytest.mark.parametrize("threads", [1, 3])
def test_both_ways_to_multiply_give_the_same(write_gguf: WriteGguf, threads: int) -> None:
    """Rows from the middle of a tensor, scaled and with a bias, in parts and in tiles of a few rows."""
    chance = np.random.default_rng(5)
    weights, x = (chance.standard_normal((n, 96)).astype(np.float32) for n in (70, 9))
    bias = chance.standard_normal(50)
    expected = 0.5 * (x.astype(np.float64) @ weights[7:57].T.astype(np.float64)) + bias
    limits = StreamLimits(tile_bytes=17 * 4 * 96, part_work=13 * 96 * (len(x) + 8))
    with gs.open(write_gguf({"a.weight": weights})) as model:
        matrix = Matrix(model.tensors[0], 7, 50, 0.5, bias)
        for many in (1, 64):
            with tiles.Workers(threads, dataclasses.replace(limits, many_tokens=many)) as workers:
                np.testing.assert_allclose(tiles.product(matrix, x, workers), expected, rtol=1e-5, atol=1e-5)


def test_a_tile_holds_one_row_at_least(write_gguf: WriteGguf) -> None:
    path = write_gguf(**sample("llama").file())
    whole = tables(path, PROMPTS)
    rows = tables(path, PROMPTS, limits=StreamLimits(many_tokens=1, tile_bytes=1))
    np.testing.assert_allclose(rows["residual_rms"], whole["residual_rms"], rtol=1e-5)


@pytest.mark.parametrize("name", ["llama", "qwen3", "gemma3", "phi3-4k"])
def test_generation_equals_reading_everything_again(write_gguf: WriteGguf, name: str) -> None:
    """Ten tokens by memory of keys and values, and each of them by a prefill of all before it."""
    with gs.open(write_gguf(**sample(name).file())) as model:
        with open_engine(model, 2) as engine:
            engine.prefill(PROMPTS, None, room=10, progress=None)
            answers = [list(ending.tokens) for ending in engine.generate(10, frozenset(), progress=None)]
        for tokens, answer in zip(PROMPTS, answers, strict=True):
            read = [np.concatenate([tokens, answer[:n]]).astype(np.int32) for n in range(10)]
            with open_engine(model, 2) as engine:
                again = engine.prefill(read, None, room=0, progress=None)
            assert again.argmax(axis=1).tolist() == answer


def test_an_answer_ends_at_its_stop_token(write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**sample("llama").file())) as model, open_engine(model, 1) as engine:
        engine.prefill(PROMPTS, None, room=8, progress=None)
        free = engine.generate(8, frozenset(), progress=None)
        assert {ending.reason for ending in free} == {"limit"}
        assert {len(ending.tokens) for ending in free} == {8}
        stop = free[0].tokens[3]
        cut = free[0].tokens.index(stop)
        engine.prefill(PROMPTS, None, room=8, progress=None)
        ended = engine.generate(8, frozenset({stop}), progress=None)
    assert (ended[0].tokens, ended[0].reason) == (free[0].tokens[:cut], "stop")
    for before, after in zip(free[1:], ended[1:], strict=True):
        assert after.tokens == before.tokens[: len(after.tokens)]  # the others go on as if alone


def test_an_answer_ends_where_the_context_ends(write_gguf: WriteGguf) -> None:
    long = np.resize(PROMPTS[2], CONTEXT - 2)
    with gs.open(write_gguf(**sample("llama").file())) as model, open_engine(model, 1) as engine:
        engine.prefill([long, PROMPTS[0]], None, room=8, progress=None)
        endings = engine.generate(8, frozenset(), progress=None)
    assert [(len(ending.tokens), ending.reason) for ending in endings] == [(3, "context"), (8, "limit")]


def test_attention_may_come_head_by_head(write_gguf: WriteGguf) -> None:
    path = write_gguf(**sample("gemma2").file())
    whole = tables(path, PROMPTS)
    for size in (4 * 2 * 25 * 25, 4):  # one group of heads at a time; less than one head
        for figure, values in tables(path, PROMPTS, limits=StreamLimits(score_bytes=size)).items():
            np.testing.assert_allclose(values, whole[figure], rtol=1e-5, atol=1e-7, err_msg=figure)


def test_attention_over_many_keys_keeps_its_digits() -> None:
    """Exponentials are summed up in float64: in float32 a hundred thousand of them would lose the fourth digit."""
    scores = np.full((1, 1, 100_000), -0.1, np.float32)
    scores[0, 0, 0] = 0
    seen = np.array([99_999]), np.array([0]), np.array([100_000])
    masked_softmax(scores, *seen, 1.0, 0.0, np.zeros(1, np.float32), np.array([-np.inf], np.float32))
    expected = np.exp(np.float64(np.float32(-0.1)))
    np.testing.assert_allclose(scores[0, 0, -1], expected / (1 + 99_999 * expected), rtol=1e-6)


def test_too_long_for_the_scores_of_a_head(write_gguf: WriteGguf) -> None:
    with pytest.raises(TraceError, match="25 tokens in one piece are too many to trace: at most 24"):
        tables(write_gguf(**sample("llama").file()), PROMPTS, limits=StreamLimits(most_score_bytes=4 * 24 * 24))


# What cannot be run


def refusal(write_gguf: WriteGguf, name: str = "llama", **changes: Any) -> str:
    model = sample(name)
    with gs.open(write_gguf(**(model.file() | changes))) as opened, pytest.raises(TraceError) as caught:
        open_engine(opened, 1)
    return str(caught.value)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("never-heard-of", "ggufscope does not know the architecture 'never-heard-of': its activation"),
        (None, "the file names no architecture"),
    ],
)
def test_other_architectures(write_gguf: WriteGguf, architecture: str | None, message: str) -> None:
    assert message in refusal(write_gguf, architecture=architecture)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ("blk.1.ffn_gate_inp.weight", "blk.1.ffn_gate_inp.weight belongs to a mixture of experts"),
        ("blk.0.ffn_up_exps.weight", "blk.0.ffn_up_exps.weight belongs to a mixture of experts"),
        ("blk.1.attn_new_norm.weight", "does not know what blk.1.attn_new_norm.weight is for"),
        ("blk.0.time_mix_key.weight", "linear attention (RWKV)"),
    ],
)
def test_tensors_that_would_be_passed_over(write_gguf: WriteGguf, tensor: str, message: str) -> None:
    tensors = sample("llama").tensors | {tensor: np.ones((4, 64), np.float32)}
    assert message in refusal(write_gguf, tensors=tensors)


@pytest.mark.parametrize("missing", ["blk.1.attn_k.weight", "blk.0.ffn_norm.weight", "output_norm.weight"])
def test_missing_tensors(write_gguf: WriteGguf, missing: str) -> None:
    tensors = {name: tensor for name, tensor in sample("llama").tensors.items() if name != missing}
    assert f"there is no {missing.removesuffix('.weight')}" in refusal(write_gguf, tensors=tensors)


@pytest.mark.parametrize(
    ("count", "present", "message"),
    [
        (2, [0, 1, 2], "layer 2 beyond llama.block_count, 2"),
        (3, [0, 1], "no tensors of layer 2: llama.block_count is 3"),
        (3, [0, 2], "no tensors of layer 1: llama.block_count is 3"),
    ],
)
def test_layers_that_are_not_those_declared(
    write_gguf: WriteGguf, count: int, present: list[int], message: str
) -> None:
    model = sample("llama")
    layer = {name: values for name, values in model.tensors.items() if name.startswith("blk.0.")}
    rest = {name: values for name, values in model.tensors.items() if not name.startswith("blk.")}
    copies = {name.replace("blk.0", f"blk.{to}"): values for to in present for name, values in layer.items()}
    file = model.file() | {"tensors": rest | copies, "metadata": model.metadata | {"llama.block_count": count}}
    assert message in refusal(write_gguf, **file)


def test_blocks_that_predict_further_tokens_are_no_layers(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    metadata = model.metadata | {"llama.block_count": 3, "llama.nextn_predict_layers": 1}
    extra = {name.replace("blk.1", "blk.2"): values for name, values in model.tensors.items() if "blk.1" in name}
    extra["blk.2.nextn.eh_proj.weight"] = np.ones((64, 128), np.float32)
    plain = tables(write_gguf(**model.file()), PROMPTS)
    with_block = tables(
        write_gguf(**(model.file() | {"tensors": model.tensors | extra, "metadata": metadata})), PROMPTS
    )
    np.testing.assert_array_equal(with_block["residual_rms"], plain["residual_rms"])


@pytest.mark.parametrize("key", ["head_count", "head_count_kv"])
def test_a_layer_without_heads_has_no_figures_of_attention(write_gguf: WriteGguf, key: str) -> None:
    model = sample("llama")
    counts = {"llama.attention.head_count": [4, 4], "llama.attention.head_count_kv": [2, 2]}
    counts[f"llama.attention.{key}"][1] = 0
    lengths = {"llama.attention.key_length": 16, "llama.attention.value_length": 16}
    kept = {name: values for name, values in model.tensors.items() if "blk.1.attn" not in name}
    kept["blk.1.attn_norm.weight"] = model.tensors["blk.1.attn_norm.weight"]
    file = model.file() | {"tensors": kept, "metadata": model.metadata | counts | lengths}
    figures = tables(write_gguf(**file), PROMPTS)
    for name in ("q_rms", "entropy", "attention_output_rms", "ffn_attention_ratio"):
        assert np.isfinite(figures[name][2, 0]).all(), name
        assert np.isnan(figures[name][2, 1]).all(), name
    assert np.isfinite(figures["ffn_output_rms_first"]).all()
    file["tensors"] = model.tensors
    assert "ggufscope does not know what blk.1.attn_q.weight is for" in refusal(write_gguf, **file)


def test_an_activation_that_no_gate_goes_with(write_gguf: WriteGguf) -> None:
    file = SPECIMENS["apertus"].file()
    file["tensors"]["blk.1.ffn_gate.weight"] = file["tensors"]["blk.1.ffn_up.weight"]
    with gs.open(write_gguf(**file)) as model, pytest.raises(TraceError, match=r"blk\.1 has xIELU and a gate"):
        open_engine(model, 1)


def test_shapes_that_do_not_fit(write_gguf: WriteGguf) -> None:
    tensors = sample("llama").tensors | {"blk.0.attn_q.weight": np.ones((63, 64), np.float32)}
    assert "blk.0.attn_q.weight is 63 × 64, not 64 × 64" in refusal(write_gguf, tensors=tensors)


# Numbers that are not finite


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("blk.1.ffn_down.weight", (5, 7)),
        ("blk.0.attn_k.weight", (31, 63)),
        ("output.weight", (199, 0)),
        ("token_embd.weight", (int(PROMPTS[0][3]), 2)),
    ],
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_named(
    write_gguf: WriteGguf, name: str, place: tuple[int, int], value: float
) -> None:
    tensors = dict(sample("llama").tensors)
    tensors[name] = tensors[name].copy()
    tensors[name][place] = value
    path = write_gguf(**(sample("llama").file() | {"tensors": tensors}))
    with pytest.raises(
        TraceError, match=rf"{name} has a weight that is not finite, in row {place[0]}, column {place[1]}"
    ):
        tables(path, PROMPTS)


def test_a_gain_that_is_not_finite_is_named(write_gguf: WriteGguf) -> None:
    tensors = dict(sample("llama").tensors)
    tensors["blk.1.ffn_norm.weight"] = np.full(64, np.nan, np.float32)
    assert "blk.1.ffn_norm.weight has a weight that is not finite" in refusal(write_gguf, tensors=tensors)


@pytest.mark.parametrize("name", ["blk.1.attn_q.bias", "blk.1.attn_q.scale", "blk.1.ffn_down.weight.scale"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_bias_or_factor_that_is_not_finite_is_named(write_gguf: WriteGguf, name: str, value: float) -> None:
    tensors = sample("llama").tensors | {name: np.full(64 if name.endswith("bias") else 1, value, np.float32)}
    assert f"{name} has a weight that is not finite" in refusal(write_gguf, tensors=tensors)


def test_what_overflows_is_undefined_from_there_on(write_gguf: WriteGguf) -> None:
    tensors = dict(sample("llama").tensors)
    tensors["blk.1.ffn_down.weight"] = tensors["blk.1.ffn_down.weight"] * np.float32(3e38)
    path = write_gguf(**(sample("llama").file() | {"tensors": tensors}))
    found = tables(path, PROMPTS)
    for name, prompts in (("residual_rms", [0, 2]), ("residual_rms_first", [0, 1, 2])):  # one is a single token
        assert np.isfinite(found[name][prompts, 0]).all()
        assert np.isnan(found[name][:, 1]).all()
    with gs.open(path) as model, open_engine(model, 1) as engine:
        engine.prefill(PROMPTS, None, room=4, progress=None)
        assert {ending.reason for ending in engine.generate(4, frozenset(), progress=None)} == {"not finite"}


# Progress, interruption, the rest


def test_progress_in_the_calling_thread(write_gguf: WriteGguf) -> None:
    seen: list[tuple[str, float]] = []

    def progress(what: str, share: float) -> None:
        assert threading.current_thread() is threading.main_thread()
        seen.append((what, share))

    with gs.open(write_gguf(**sample("gemma2").file())) as model, open_engine(model, 2) as engine:
        engine.prefill(PROMPTS, None, room=3, progress=progress)
        assert seen == [(f"layer {layer + 1} of 4", layer / 4) for layer in range(4)]
        seen.clear()
        engine.generate(3, frozenset(), progress=progress)
        assert seen == [("token 2 of 3", 1 / 3), ("token 3 of 3", 2 / 3)]


def test_an_interrupted_generation_gives_what_there_is(write_gguf: WriteGguf) -> None:
    def stop(_what: str, share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with gs.open(write_gguf(**sample("llama").file())) as model, open_engine(model, 2) as engine:
        engine.prefill(PROMPTS, None, room=4, progress=None)
        with pytest.raises(GenerationInterrupted) as caught:
            engine.generate(4, frozenset(), progress=stop)
    assert [(len(ending.tokens), ending.reason) for ending in caught.value.endings] == [(3, "interrupted")] * 3


def test_nothing_to_continue(write_gguf: WriteGguf) -> None:
    path = write_gguf(**sample("llama").file())
    with (
        gs.open(path) as model,
        open_engine(model, 1) as engine,
        pytest.raises(ValueError, match="before a prefill"),
    ):
        engine.generate(1, frozenset(), progress=None)


def test_no_more_than_there_is_room_for(write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**sample("llama").file())) as model, open_engine(model, 1) as engine:
        engine.prefill(PROMPTS, None, room=3, progress=None)
        with pytest.raises(ValueError, match="room for 3 tokens, not for 4"):
            engine.generate(4, frozenset(), progress=None)
        assert {len(ending.tokens) for ending in engine.generate(3, frozenset(), progress=None)} == {3}


def test_an_exception_of_the_recorder_comes_out(write_gguf: WriteGguf) -> None:
    class Full(Recorder):
        def take(self, prompt: int, layer: int, point: str, values: Any, first_head: int = 0) -> None:
            if layer == 1:
                raise OSError("no space")
            super().take(prompt, layer, point, values, first_head)

    with gs.open(write_gguf(**sample("llama").file())) as model, open_engine(model, 2) as engine:
        with pytest.raises(OSError, match="no space"):
            engine.prefill(PROMPTS, Full(3, engine.shape), room=0, progress=None)
        engine.prefill(PROMPTS, None, room=0, progress=None)  # and the engine can go on


def test_the_estimate_grows_with_the_work(stories260k: Path) -> None:
    with gs.open(stories260k) as model, open_engine(model, 1) as engine:
        few, many = (engine.estimate([np.ones(n, np.int32)], 4) for n in (4, 4000))
        nothing = engine.estimate([np.ones(4, np.int32)], 0)
    assert 0 < few.prefill < many.prefill
    assert few.generation > 0
    assert nothing.generation == 0
