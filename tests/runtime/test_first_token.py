"""Massive activations and sinks, planted in what a Recorder sees: each is found where it is, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.shape import ModelShape
from ggufscope.runtime.standouts import SEEN, Seen, StandoutKind
from support.architectures import SPECIMENS

LAYERS, HEADS, KV_HEADS, WIDTH, LENGTH = 5, 4, 2, 48, 6
SHAPE = ModelShape(LAYERS, (HEADS,) * LAYERS, (KV_HEADS,) * LAYERS, (None,) * LAYERS, WIDTH, 100, 64)
TOKENS = [np.array([7, *range(10, 10 + n)], np.int32) for n in (9, 12, 17)]
Array = npt.NDArray[np.float32]
WriteGguf = Callable[..., Path]
Planted = dict[tuple[int, int], float]


def streams(chance: np.random.Generator, n_tokens: int) -> list[Array]:
    return [(1 + layer) * chance.standard_normal((n_tokens, WIDTH)).astype(np.float32) for layer in range(LAYERS)]


def attention(chance: np.random.Generator, n_tokens: int) -> Array:
    scores = np.exp(chance.standard_normal((HEADS, n_tokens, n_tokens))) * np.tri(n_tokens)
    probabilities: Array = (scores / scores.sum(axis=2, keepdims=True)).astype(np.float32)
    return probabilities


def sink(head: Array, share: float) -> None:
    """Give the first token so much of a head's attention, (queries, keys)."""
    head[1:, 1:] *= (1 - share) / head[1:, 1:].sum(axis=1, keepdims=True)
    head[1:, 0] = share


def search(kind: str, recorder: Recorder, shape: ModelShape = SHAPE) -> StandoutKind:
    seen = Seen(recorder, shape, TOKENS, "3 prompts", lambda token: f'"{token}"', "not read")
    return next(record for record in SEEN.search(seen) if record.kind == kind)


def with_streams(planted: dict[tuple[int, int, int], float], sequences: int = len(TOKENS)) -> Recorder:
    """A recorder of random streams; layer, token, channel → value, in the first so many sequences."""
    chance = np.random.default_rng(3)
    recorder = Recorder(len(TOKENS), SHAPE)
    for prompt, tokens in enumerate(TOKENS):
        for layer, stream in enumerate(streams(chance, len(tokens))):
            for (at, token, channel), value in planted.items():
                if at == layer and prompt < sequences:
                    stream[token, channel] = value
            recorder.take(prompt, layer, "residual", stream)
    return recorder


def test_a_planted_massive_activation_is_found_with_its_layers_and_token() -> None:
    recorder = with_streams({(1, 0, 30): -5000.0, (2, 0, 30): -9000.0, (3, 0, 30): -8000.0, (4, 0, 30): -3000.0})
    record = search("massive_activation", recorder)
    (found,) = record.items
    assert found.place == {"channel": 30, "token": 0, "first_layer": 1, "last_layer": 3}
    assert found.value == -9000
    assert found.compared == pytest.approx(
        9000 / np.median(np.abs(np.random.default_rng(0).normal(0, 3, 10**5))), rel=0.2
    )
    before = [np.abs(recorder.stream_peaks.values[prompt, 0, 0]) for prompt in range(3)]
    assert found.evidence["growth"] == pytest.approx(np.median([5000 / size for size in before]), rel=1e-6)
    assert found.evidence["left_behind_last"] == pytest.approx(3000 / 9000)
    assert found.evidence["carried_by_token"] == 1
    for words in ("Channel 30", "-9000", "position 0", '"7"', "layers 1 to 3", "layer 4 takes it down"):
        assert words in found.sentence.replace("-9 000", "-9000")
    largest = record.series["largest"].values
    assert largest[0] is not None and largest[0] < 20  # type: ignore[operator]  # noqa: PT018
    assert largest[2] == pytest.approx(found.compared)


def test_random_streams_have_none() -> None:
    record = search("massive_activation", with_streams({}))
    assert (record.items, record.n_found, record.not_applicable) == ([], 0, None)


def test_what_one_sequence_alone_has_is_not_reported() -> None:
    assert not search("massive_activation", with_streams({(2, 4, 30): 9000.0}, sequences=1)).items


def test_a_massive_activation_may_last_to_the_end_and_be_carried_by_another_token() -> None:
    (found,) = search("massive_activation", with_streams({(3, 2, 5): 8000.0, (4, 2, 5): 8000.0})).items
    assert found.place == {"channel": 5, "token": 2, "first_layer": 3, "last_layer": 4}
    assert "it lasts to the last layer" in found.sentence
    assert "left_behind_last" not in found.evidence


def test_streams_that_are_not_finite_do_not_count() -> None:
    recorder = Recorder(len(TOKENS), SHAPE)
    for prompt, tokens in enumerate(TOKENS):
        recorder.take(prompt, 0, "residual", np.full((len(tokens), WIDTH), np.inf, np.float32))
    assert search("massive_activation", recorder).not_applicable is not None


def with_attention(planted: Planted, *, small_value: bool = False) -> Recorder:
    """A recorder of random attention; (layer, head) → share that the first token gets."""
    chance = np.random.default_rng(4)
    recorder = Recorder(len(TOKENS), SHAPE)
    for prompt, tokens in enumerate(TOKENS):
        for layer in range(LAYERS):
            heads = attention(chance, len(tokens))
            for (at, head), share in planted.items():
                if at == layer:
                    sink(heads[head], share)
            values = chance.standard_normal((len(tokens), KV_HEADS * LENGTH)).astype(np.float32)
            if small_value:
                values[0] *= 0.01
            recorder.take(prompt, layer, "attention", heads[:3])
            recorder.take(prompt, layer, "attention", heads[3:], first_head=3)
            recorder.take(prompt, layer, "v", values)
    return recorder


def test_planted_sinks_are_found_and_nothing_else() -> None:
    record = search("sink", with_attention({(1, 2): 0.97, (4, 0): 0.99, (3, 3): 0.85}, small_value=True))
    assert [(item.layer, item.head) for item in record.items] == [(4, 0), (1, 2)]
    first = record.items[0]
    uniform = np.mean([np.mean(1 / np.arange(2, len(tokens) + 1)) for tokens in TOKENS])
    assert first.value == pytest.approx(0.99, rel=1e-5)
    assert first.evidence["uniform"] == pytest.approx(uniform, rel=1e-9)
    assert first.compared == pytest.approx(0.99 / uniform, rel=1e-5)
    assert 0 < first.evidence["value_size"] < 0.03
    assert record.summary is not None
    assert record.summary.startswith('2 of 20 heads give 90 % of their attention or more to the first token ("7")')
    assert record.series["share"].values[3][3] == pytest.approx(0.85, rel=1e-5)  # type: ignore[index]


def test_random_attention_has_no_sinks() -> None:
    record = search("sink", with_attention({}))
    assert record.items == []
    assert record.summary is not None
    assert record.summary.startswith("No head is a sink")


def test_a_sink_behind_a_window_is_measured_against_what_its_queries_see() -> None:
    shape = replace(SHAPE, windows=(4,) * LAYERS)
    record = search("sink", with_attention({(2, 1): 0.95}), shape)
    shares = [np.mean([1 / min(t + 1, 4) if t < 4 else 0 for t in range(1, len(tokens))]) for tokens in TOKENS]
    assert record.items[0].evidence["uniform"] == pytest.approx(np.mean(shares), rel=1e-9)


def test_short_texts_say_nothing_of_sinks() -> None:
    recorder = Recorder(1, SHAPE)
    seen = Seen(recorder, SHAPE, [TOKENS[0][:7]], "a text", str, "not read")
    record = next(record for record in SEEN.search(seen) if record.kind == "sink")
    assert record.not_applicable is not None
    assert "fewer than 8 tokens" in record.not_applicable


def test_values_are_those_of_the_key_head_that_a_head_reads() -> None:
    recorder = Recorder(1, SHAPE)
    values = np.ones((5, KV_HEADS * LENGTH), np.float32)
    values[0, :LENGTH], values[0, LENGTH:] = 0.5, 3.0
    recorder.take(0, 2, "v", values)
    np.testing.assert_allclose(recorder.sink_values.ratios[0, 2], [0.5, 3.0])
    assert np.isnan(recorder.sink_values.ratios[0, 1]).all()


def test_a_sink_planted_in_a_model_is_found_where_it_is(write_gguf: WriteGguf, tmp_path: Path) -> None:
    begin, own, common, layer, head, length = 1, 3, 5, 0, 2, 16
    arguments = SPECIMENS["llama"].file()
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(" ".join(map(str, [begin, *range(10 + n, 30 + n)])) for n in (0, 40)), encoding="ascii")

    def sinks() -> list[tuple[int | None, int | None]]:
        standouts = gs.trace(write_gguf(**arguments), tokens=ids).standouts
        return [(item.layer, item.head) for item in standouts.of("sink")]

    assert sinks() == []
    tensors = arguments["tensors"]
    embedding = tensors["token_embd.weight"]
    embedding[:, own], embedding[begin, own] = 0, 20  # a channel of the first token alone
    embedding[:, common] = 3  # and one of all
    component = length - 2  # of the slowest pair, which RoPE hardly turns
    queries, keys = (tensors[f"blk.{layer}.attn_{role}.weight"].reshape(-1, length, 64) for role in "qk")
    queries[head // 2 * 2 : head // 2 * 2 + 2, component] = 0
    queries[head, component, common] = 10
    keys[head // 2, component] = 0
    keys[head // 2, component, own] = 10
    assert sinks() == [(layer, head)]
