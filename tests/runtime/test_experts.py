"""Mixtures of experts in the streamed engine: who is chosen with which weight, and what is decoded for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.architecture.blueprint import Blueprint
from ggufscope.architecture.matrices import Matrix
from ggufscope.architecture.parts import Mixture
from ggufscope.architecture.routing import Choice, choose
from ggufscope.errors import TraceError
from ggufscope.runtime.engines.streamed import estimate, open_engine, tiles
from ggufscope.runtime.engines.streamed.feed_forward import mixture
from ggufscope.runtime.measuring.capture import Recorder
from support.architectures import SPECIMENS
from support.architectures.comparison import PROMPTS, compare
from support.architectures.experts import EXPERTS, HIDDEN, USED, merged
from support.architectures.specimen import TIED, WIDTH
from support.engines import Traced, traced
from support.needs import llama_cpp_needed
from support.routers import router_of

WriteGguf = Callable[..., Path]
Floats = npt.NDArray[np.float64]
CHANCE = np.random.default_rng(11)
TOKENS = CHANCE.standard_normal((50, WIDTH)).astype(np.float32)
WEIGHTS = CHANCE.standard_normal((8, WIDTH)).astype(np.float32) / 4
BIAS = CHANCE.standard_normal(8)


def chosen(write_gguf: WriteGguf, **changes: Any) -> Choice[np.float64]:
    """What the router of 8 experts, three at a time, chooses for TOKENS."""
    with gs.open(write_gguf({"router.weight": WEIGHTS})) as model:
        return choose(router_of(Matrix(model.tensors[0], 0, 8), **changes), scores())


def scores() -> Floats:
    return TOKENS.astype(np.float64) @ WEIGHTS.T.astype(np.float64)


def softmax(values: Floats) -> Floats:
    exponentials = np.exp(values)
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def sigmoid(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-values))


def assert_weights(choice: Choice[np.float64], expected: Floats) -> None:
    """`expected` by expert; those that were not chosen do not count."""
    np.testing.assert_allclose(choice.weights, np.take_along_axis(expected, choice.experts, axis=1), rtol=1e-5)


def test_the_best_by_softmax(write_gguf: WriteGguf) -> None:
    choice = chosen(write_gguf)
    np.testing.assert_array_equal(choice.experts, np.argsort(-scores(), axis=1)[:, :3])
    assert_weights(choice, softmax(scores()))


def test_weights_that_sum_up_to_their_scale(write_gguf: WriteGguf) -> None:
    choice = chosen(write_gguf, normalized=True, scale=2.5)
    np.testing.assert_allclose(choice.weights.sum(axis=1), 2.5, rtol=1e-5)


def test_softmax_over_the_chosen(write_gguf: WriteGguf) -> None:
    choice = chosen(write_gguf, scoring="softmax of chosen")
    expected = softmax(np.take_along_axis(scores(), choice.experts, axis=1))
    np.testing.assert_allclose(choice.weights, expected, rtol=1e-5)


def test_a_bias_chooses_and_does_not_weigh(write_gguf: WriteGguf) -> None:
    choice = chosen(write_gguf, scoring="sigmoid", selection_bias=BIAS)
    np.testing.assert_array_equal(choice.experts, np.argsort(-(sigmoid(scores()) + BIAS), axis=1)[:, :3])
    assert not np.array_equal(choice.experts, np.argsort(-scores(), axis=1)[:, :3])
    assert_weights(choice, sigmoid(scores()))


def test_groups_are_chosen_by_their_two_best(write_gguf: WriteGguf) -> None:
    choice = chosen(write_gguf, scoring="sigmoid", n_groups=4, n_used_groups=2)
    for token, experts in enumerate(choice.experts):
        shares = sigmoid(scores()[token]).reshape(4, 2)
        groups = np.argsort(-shares.sum(axis=1))[:2]
        allowed = [expert for expert in range(8) if expert // 2 in groups]
        assert experts.tolist() == sorted(allowed, key=lambda expert: -shares.reshape(-1)[expert])[:3]


# In a model


def outcome(path: Path) -> Traced:
    with gs.open(path) as model:
        return traced(open_engine(model, 2), PROMPTS, 2, frozenset())


def test_merged_gates_are_taken_apart(write_gguf: WriteGguf) -> None:
    specimen = SPECIMENS["qwen3moe"]
    file = specimen.file()
    expected = outcome(write_gguf(**file))
    for layer in range(specimen.layers):
        parts = [file["tensors"].pop(f"blk.{layer}.ffn_{role}_exps.weight") for role in ("gate", "up")]
        file["tensors"][f"blk.{layer}.ffn_gate_up_exps.weight"] = np.concatenate(parts, axis=1)
    assert {name.split(".", 2)[2] for name in file["tensors"] if name.startswith("blk.0")} == set(
        merged(specimen.layer)
    )
    measured = outcome(write_gguf(**file))
    np.testing.assert_array_equal(measured.logits, expected.logits)
    for name, figure in expected.figures.items():
        np.testing.assert_array_equal(measured.figures[name], figure, err_msg=name)


def test_inside_of_experts(write_gguf: WriteGguf) -> None:
    """Points inside hold the neurons of the experts that a token chose."""
    raw = outcome(write_gguf(**SPECIMENS["qwen3moe"].file())).raw
    assert raw[0, 1, "gated"].shape == raw[0, 1, "gate"].shape == (len(PROMPTS[0]), USED * HIDDEN)
    gate, up = (raw[0, 1, point].astype(np.float64) for point in ("gate", "up"))
    np.testing.assert_allclose(raw[0, 1, "gated"], gate * sigmoid(gate) * up, rtol=1e-4, atol=1e-6)


def test_only_chosen_experts_are_decoded(write_gguf: WriteGguf, monkeypatch: pytest.MonkeyPatch) -> None:
    first_rows: list[int] = []
    exact = mixture.product

    def counting(matrix: Matrix, x: Any, workers: tiles.Workers) -> Any:
        if "blk.0.ffn_up_exps" in matrix.tensor.name:
            first_rows.append(matrix.first)
        return exact(matrix, x, workers)

    monkeypatch.setattr(mixture, "product", counting)
    with gs.open(write_gguf(**SPECIMENS["qwen3moe"].file())) as model, open_engine(model, 1) as engine:
        engine.prefill([PROMPTS[1]], Recorder(1, engine.shape), room=0, progress=None)
    assert len(PROMPTS[1]) == 1
    assert len(set(first_rows)) == len(first_rows) == USED < EXPERTS


def test_the_estimate_counts_experts_that_are_chosen(write_gguf: WriteGguf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second for each weight of a pass: of the experts, those that so many tokens choose on average."""
    monkeypatch.setattr(estimate, "_seconds_per_weight", lambda *_: 1.0)
    file = SPECIMENS["qwen3moe"].file()
    sizes = {name: values.size for name, values in file["tensors"].items() if values.ndim > 1}
    routed = sum(size for name, size in sizes.items() if "_exps" in name)
    others = sum(sizes.values()) - routed - sizes["token_embd.weight"]
    with gs.open(write_gguf(**file)) as model, open_engine(model, 1) as engine:
        one, many = (engine.estimate([np.ones(n, np.int32)], 2) for n in (1, 500))
    assert one.prefill == one.generation == pytest.approx(others + routed * USED / EXPERTS)
    assert many.prefill == pytest.approx(others + routed)
    assert many.generation == one.generation


@pytest.mark.parametrize("role", ["ffn_down_exps", "ffn_gate_inp", "ffn_up_shexp"])
def test_a_weight_that_is_not_finite_is_named(write_gguf: WriteGguf, role: str) -> None:
    file = SPECIMENS["qwen2moe"].file()
    weights = file["tensors"][f"blk.1.{role}.weight"]
    weights.reshape(-1, weights.shape[-1])[5, 7] = np.nan
    with pytest.raises(
        TraceError, match=rf"blk\.1\.{role}\.weight has a weight that is not finite, in row 5, column 7"
    ):
        outcome(write_gguf(**file))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expert_used_count": 7}, "7 of 6 experts at a time"),
        ({"expert_gating_func": 9}, "experts are scored by a function 9 that ggufscope does not know"),
        ({"expert_group_count": 4}, "6 experts in 4 groups, 4 at a time, do not fit"),
        ({"expert_count": 5}, "is 6 × 48 × 64, not 5 × 48 × 64"),
    ],
)
def test_refusals(write_gguf: WriteGguf, changes: dict[str, int], message: str) -> None:
    file = SPECIMENS["qwen3moe"].file()
    file["metadata"] |= {f"qwen3moe.{key}": value for key, value in changes.items()}
    with pytest.raises(TraceError) as caught:
        outcome(write_gguf(**file))
    assert message in str(caught.value)


# gpt-oss as it is distributed


def mxfp4(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """As blocks of MXFP4."""
    return np.asarray(gguf.quants.quantize(values, gguf.GGMLQuantizationType.MXFP4))


def gpt_oss() -> tuple[dict[str, Any], dict[str, Any]]:
    """The specimen with experts in MXFP4, and the same with what they decode to, in float32."""
    stored, exact = SPECIMENS["gpt-oss"].file(), SPECIMENS["gpt-oss"].file()
    for name, values in exact["tensors"].items():
        if name.endswith(("gate_exps.weight", "up_exps.weight")):
            blocks = mxfp4(values)
            stored["tensors"][name] = blocks, "MXFP4"
            decoded = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType.MXFP4)
            exact["tensors"][name] = np.asarray(decoded, np.float32)
    return stored, exact


def test_experts_in_mxfp4(write_gguf: WriteGguf) -> None:
    stored, exact = gpt_oss()
    measured = outcome(write_gguf(**stored, name="stored.gguf"))
    expected = outcome(write_gguf(**exact, name="exact.gguf"))
    np.testing.assert_allclose(measured.logits, expected.logits, rtol=1e-4, atol=1e-5)


@llama_cpp_needed
def test_experts_in_mxfp4_and_llama_cpp(write_gguf: WriteGguf) -> None:
    """llama.cpp rounds what experts read to eight bits; measured here: 0.6 to 1.4 % of the logits."""
    from support.llama_cpp_oracle import logits  # noqa: PLC0415

    path = write_gguf(**gpt_oss()[0])
    expected = np.stack([logits(path, tokens.tolist())[-1] for tokens in PROMPTS]).astype(np.float64)
    difference = np.linalg.norm(outcome(path).logits - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert difference.max() < 0.02


GLM_LAYERS, GLM_TOKENS = 47, 154_880  # by which llama.cpp tells GLM 4.7 Flash from DeepSeek's models


@pytest.mark.parametrize(
    ("layers", "metadata", "scoring"),
    [
        (GLM_LAYERS, {}, "sigmoid"),
        (GLM_LAYERS + 1, {}, "sigmoid"),
        (GLM_LAYERS + 1, {"nextn_predict_layers": 1}, "sigmoid"),
        (GLM_LAYERS + 2, {}, "softmax"),
        (GLM_LAYERS, {"vocab_size": 102_400}, "softmax"),
        (GLM_LAYERS, {"expert_gating_func": 0}, "sigmoid"),
        (GLM_LAYERS, {"expert_gating_func": 1}, "softmax"),
    ],
)
def test_experts_of_a_file_without_their_scoring_are_told_by_its_sizes(
    layers: int, metadata: dict[str, Any], scoring: str, write_gguf: WriteGguf
) -> None:
    file = SPECIMENS["deepseek2"].file()
    own = {"block_count": layers, "expert_gating_func": None, "vocab_size": GLM_TOKENS} | metadata
    file["metadata"] |= {f"deepseek2.{key}": value for key, value in own.items()}
    file["metadata"] = {key: value for key, value in file["metadata"].items() if value is not None}
    with gs.open(write_gguf(**file)) as model:
        feed_forward = Blueprint.of(model).layer(1).feed_forward
    assert isinstance(feed_forward, Mixture)
    assert feed_forward.router.scoring == scoring


@llama_cpp_needed
def test_a_file_of_these_sizes_is_read_as_llama_cpp_reads_it(write_gguf: WriteGguf) -> None:
    specimen = SPECIMENS["deepseek2"]
    own = {**specimen.metadata, "expert_gating_func": None, "vocab_size": GLM_TOKENS}
    outside = {"token_embd.weight": (GLM_TOKENS, WIDTH), **TIED}
    sized = replace(specimen, layers=GLM_LAYERS, metadata=own, outside=outside)
    assert compare(write_gguf(**sized.file())).logits <= 1e-4
