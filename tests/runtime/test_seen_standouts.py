"""Kinds that a Recorder's figures tell: planted in a tiny random model they are found, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.architecture.limits import NotApplicableError
from ggufscope.runtime.engines.streamed import open_engine
from ggufscope.runtime.measuring.attended import attended_shares, uniform_attention
from ggufscope.runtime.measuring.neurons import NeuronPeaks
from ggufscope.runtime.measuring.reductions import squares_by_token
from ggufscope.runtime.reading.repetitions import draw_repetition, marks_of
from ggufscope.runtime.shape import ModelShape, Sight
from ggufscope.runtime.standouts.attending import HALF, NEARLY_UNIFORM
from ggufscope.runtime.standouts.quiet_neurons import FEWEST
from ggufscope.runtime.standouts.uniform import uniform_share
from support.forward import Network, run
from support.needs import llama_cpp_needed
from support.planted_heads import (
    CODE,
    HEAD,
    HEADS,
    KEY,
    LAYERS,
    NEURON,
    NEURONS,
    ROTATED,
    file,
    of_head,
    plant_induction_head,
    plant_previous_token_head,
    plant_quiet_neuron,
    random_model,
)

if TYPE_CHECKING:
    from ggufscope.runtime.standout_document import StandoutKind

WriteGguf = Callable[..., Path]

KINDS = ("previous_token_head", "own_token_head", "spread_head", "induction_head", "quiet_neuron")


def looked_for(
    path: Path, *, seed: int = 0, induction: bool = True, probe: str | int = "random", engine: str = "streamed"
) -> dict[str, StandoutKind]:
    trace = gs.trace(path, probe=probe, seed=seed, induction=induction, engine=engine, threads=1)
    assert trace.document.standouts is not None
    return {record.kind: record for record in trace.document.standouts if record.kind in KINDS}


def places(kinds: dict[str, StandoutKind]) -> dict[str, list[tuple[int | None, int | None]]]:
    return {
        kind: [(item.layer, item.head if kind != "quiet_neuron" else item.place["neuron"]) for item in record.items]
        for kind, record in kinds.items()
        if record.items
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_planted_is_found_and_nothing_else(write_gguf: WriteGguf, seed: int) -> None:
    tensors = random_model(seed)
    assert places(looked_for(write_gguf(**file(tensors)), seed=seed)) == {}
    plant_previous_token_head(tensors)
    plant_induction_head(tensors)
    plant_quiet_neuron(tensors)
    kinds = looked_for(write_gguf(**file(tensors)), seed=seed)
    assert places(kinds) == {
        "previous_token_head": [(0, HEAD)],
        "induction_head": [(1, HEAD)],
        "quiet_neuron": [(1, NEURON)],
    }


def test_induction_takes_two(write_gguf: WriteGguf) -> None:
    """Without the head that carries the token before on, the other has nothing to look for."""
    tensors = random_model(0)
    plant_induction_head(tensors)
    induction = looked_for(write_gguf(**file(tensors)))["induction_head"]
    assert (induction.n_found, induction.not_applicable) == (0, None)
    assert induction.summary is not None
    assert induction.summary.startswith("No head of 8 looks for what followed before: at most ")


def test_scores_are_those_of_numpy(write_gguf: WriteGguf) -> None:
    tensors = random_model(3)
    plant_previous_token_head(tensors)
    plant_induction_head(tensors)
    path = write_gguf(**file(tensors))
    with gs.open(path) as model, open_engine(model, 1) as engine:
        repetition = draw_repetition(model, engine.shape, (), 0)
    exact = {name.removesuffix(".weight"): tensor.astype(np.float64) for name, tensor in tensors.items()}
    network = Network(exact, LAYERS, HEADS, HEADS, KEY, n_rotated=ROTATED)
    places = [
        [layer["alpha"][0] for layer in run(network, item.tokens[None].astype(np.int64))] for item in repetition.items
    ]
    queries = np.arange(repetition.length, 2 * repetition.length)

    def mean(sequences: slice) -> npt.NDArray[np.float64]:
        return np.array(places)[sequences][:, :, :, queries, queries - repetition.length + 1].mean(axis=(0, -1))

    series = looked_for(path)["induction_head"].series
    np.testing.assert_allclose(series["score"].values, mean(slice(0, 3)), rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(series["control"].values, mean(slice(3, 4)), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("kind", ["own_token_head", "spread_head"])
def test_other_heads_that_do_one_thing(write_gguf: WriteGguf, kind: str) -> None:
    tensors = random_model(0)
    for role in ("attn_q", "attn_k"):
        part = of_head(tensors, 0, role)
        part[:] = 0.0
        if kind == "own_token_head":
            part[ROTATED:, CODE] = 1.6 * np.eye(64)
    kinds = looked_for(write_gguf(**file(tensors)))
    assert places(kinds) == {kind: [(0, HEAD)]}
    (item,) = kinds[kind].items
    least = HALF if kind == "own_token_head" else NEARLY_UNIFORM
    assert item.value is not None
    assert item.value >= least
    assert item.compared == (None if kind == "spread_head" else pytest.approx(item.value / item.evidence["uniform"]))


def test_what_is_usual_in_a_model_stands_out_nowhere(write_gguf: WriteGguf) -> None:
    tensors = random_model(0)
    for layer in range(LAYERS):
        tensors[f"blk.{layer}.attn_q.weight"][:] = 0.0
    spread = looked_for(write_gguf(**file(tensors)))["spread_head"]
    assert (spread.n_found, spread.summary) == (0, "8 of 8 heads do so: in this model it is usual")
    np.testing.assert_allclose(spread.series["share"].values, 1.0, rtol=1e-6)


def test_few_tokens_call_no_neuron_quiet(write_gguf: WriteGguf) -> None:
    tensors = random_model(0)
    plant_quiet_neuron(tensors)
    path = write_gguf(**file(tensors))
    few = looked_for(path, probe=FEWEST - 1, induction=False)["quiet_neuron"]
    assert few.not_applicable == f"{FEWEST - 1} tokens were read, and {FEWEST} are needed to call a neuron never active"
    enough = looked_for(path, probe=FEWEST, induction=False)["quiet_neuron"]
    (item,) = enough.items
    assert item.place == {"neuron": NEURON}
    assert item.evidence == {"tokens": FEWEST}
    assert enough.series["share"].values == [0.0, 1 / NEURONS]
    (more,) = looked_for(path, probe=FEWEST)["quiet_neuron"].items
    assert more.evidence["tokens"] == FEWEST + 4 * 48  # with what repeats


def test_a_neuron_that_is_always_shut_is_exactly_zero_behind_relu() -> None:
    neurons = NeuronPeaks(ModelShape(1, (1,), (1,), (None,), 8, 9, 9))
    products = np.maximum(np.random.default_rng(0).standard_normal((FEWEST, 20)), 0).astype(np.float32)
    products[:, 4] = 0
    neurons.take(0, products, squares_by_token(products))
    peaks = neurons.peaks(0)
    assert peaks is not None
    assert np.flatnonzero(peaks[0] < 0.01).tolist() == [4]
    assert peaks[0, 4] == 0


def test_induction_is_looked_for_when_it_is_asked_for(write_gguf: WriteGguf) -> None:
    record = looked_for(write_gguf(**file(random_model(0))), induction=False)["induction_head"]
    assert record.not_applicable == "no random tokens were read twice in a row, which has to be asked for (--induction)"


def test_asking_for_induction_changes_nothing_else(write_gguf: WriteGguf) -> None:
    path = write_gguf(**file(random_model(0)))
    without, asked = (gs.trace(path, probe="random", induction=wanted, threads=1) for wanted in (False, True))
    assert without.document.prompts == asked.document.prompts


def test_attention_that_goes_both_ways_has_no_induction(write_gguf: WriteGguf) -> None:
    model = file(random_model(0))
    model["metadata"] |= {"llama.attention.causal": False}
    record = looked_for(write_gguf(**model))["induction_head"]
    assert record.not_applicable == "attention goes both ways: a token sees what follows it, and need not look back"


def test_sequences_repeat_and_controls_do_not(write_gguf: WriteGguf) -> None:
    with gs.open(write_gguf(**file(random_model(0)))) as model, open_engine(model, 1) as engine:
        shape = engine.shape
        first, again, other = (draw_repetition(model, shape, (7, 8), seed) for seed in (0, 0, 1))
        with pytest.raises(NotApplicableError, match="8 random tokens twice in a row"):
            draw_repetition(model, replace(shape, context_length=17), (7, 8), 0)
        short = draw_repetition(model, replace(shape, context_length=22), (7, 8), 0)
    assert (short.length, len(short.items[0].tokens)) == (10, 22)
    assert all(np.array_equal(a.tokens, b.tokens) for a, b in zip(first.items, again.items, strict=True))
    assert not any(np.array_equal(a.tokens, b.tokens) for a, b in zip(first.items, other.items, strict=True))
    for number, (item, marks) in enumerate(zip(first.items, marks_of(first.items), strict=True)):
        assert item.tokens[:2].tolist() == [7, 8]
        half, second = np.split(item.tokens[2:], 2)
        assert np.array_equal(half, second) == (number < first.n_repeated)
        assert len({*item.tokens.tolist()}) == 2 + first.length * (1 if number < first.n_repeated else 2)
        np.testing.assert_array_equal(marks[2:], np.tile(half, 2))


@pytest.mark.parametrize("sight", [Sight(None), Sight(5), Sight(1), Sight(None, causal=False), Sight(4, causal=False)])
@pytest.mark.parametrize("n_tokens", [1, 2, 3, 9])
def test_uniform_shares_are_those_of_uniform_attention(sight: Sight, n_tokens: int) -> None:
    expected = attended_shares(uniform_attention(sight, n_tokens), sight, None)[:2, 0]
    shares = [uniform_share(name, sight, n_tokens) for name in ("previous_token_share", "own_token_share")]
    np.testing.assert_allclose(shares, expected, rtol=1e-6)


@llama_cpp_needed
def test_both_engines_see_the_same(stories260k: Path) -> None:
    ours, theirs = looked_for(stories260k), looked_for(stories260k, engine="llama.cpp")
    assert places(ours) == places(theirs) != {}
    for kind, record in ours.items():
        for name, series in record.series.items():
            np.testing.assert_allclose(theirs[kind].series[name].values, series.values, rtol=1e-3, atol=1e-5)
