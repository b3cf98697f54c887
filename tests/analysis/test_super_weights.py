"""Super weights: planted in random models, dense and of experts, each is found at its place, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.standouts import WEIGHTS, Weights
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY

if TYPE_CHECKING:
    from ggufscope.runtime.standout_document import StandoutKind

WriteGguf = Callable[..., Path]
Arguments = dict[str, Any]
BEGIN, CHANNEL, ROW, NEURON, EXPERT = 1, 3, 21, 17, 4
TOKENIZER = {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *(f"▁t{token}" for token in range(3, VOCABULARY))],
    "tokenizer.ggml.scores": [0.0] * VOCABULARY,
    "tokenizer.ggml.token_type": [2, 3, 3, *[1] * (VOCABULARY - 3)],
    "tokenizer.ggml.bos_token_id": BEGIN,
    "tokenizer.ggml.eos_token_id": 2,
}


def model(kind: str) -> Arguments:
    """A random model with a vocabulary, as arguments of `write_gguf`."""
    arguments = SPECIMENS[kind].file()
    kept = {key: value for key, value in arguments["metadata"].items() if not key.startswith("tokenizer.")}
    return {**arguments, "metadata": kept | TOKENIZER}


def plant(tensors: dict[str, Any], layer: int, neuron: tuple[Any, ...] = (NEURON,), suffix: str = "") -> None:
    """A neuron that the first token alone sets off, by a channel that no other token has, and one weight behind it."""
    tensors["token_embd.weight"][:, CHANNEL] = 0
    tensors["token_embd.weight"][BEGIN, CHANNEL] = 20
    for name in ("gate", "up"):
        weights = tensors[f"blk.{layer}.ffn_{name}{suffix}.weight"]
        weights[neuron] = 0
        weights[(*neuron, CHANNEL)] = 10
    tensors[f"blk.{layer}.ffn_down{suffix}.weight"][(*neuron[:-1], ROW, NEURON)] = 3


def search(path: Path, no_openings: str | None = None, name: str = "super_weight") -> StandoutKind:
    (kind,) = (kind for kind in WEIGHTS if kind.name == name)
    with gs.open(path) as opened:
        return kind.search(Weights(None, None, opened, 2, no_openings=no_openings), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["llama", "gemma3", "mixtral"])
def test_a_random_model_has_none(write_gguf: WriteGguf, kind: str) -> None:
    record = search(write_gguf(**model(kind)))
    assert (record.items, record.not_applicable) == ([], None)
    added = record.series["added"].values
    assert all(isinstance(value, float) and value < 100 for value in added)


def test_a_planted_one_is_found_where_it_is(write_gguf: WriteGguf) -> None:
    arguments = model("llama")
    plant(arguments["tensors"], 1)
    record = search(write_gguf(**arguments))
    (found,) = record.items
    assert (found.layer, found.place) == (1, {"row": ROW, "column": NEURON})
    assert found.evidence["weight"] == 3
    assert found.evidence["share_of_channel"] == pytest.approx(1, abs=0.01)
    assert found.evidence["token"] == 0
    assert found.evidence["rank_in_row"] == 1
    assert found.value == pytest.approx(found.evidence["weight"] * found.evidence["neuron"], rel=0.01)
    assert found.compared is not None
    assert found.compared > 1000
    assert found.sentence.startswith(f"blk.1.ffn_down.weight[{ROW},{NEURON}] = 3 makes 100 %")
    assert "position 0" in found.sentence


def test_two_of_one_neuron_have_their_own_shares_of_its_column(write_gguf: WriteGguf) -> None:
    arguments = model("llama")
    plant(arguments["tensors"], 1)
    column = arguments["tensors"]["blk.1.ffn_down.weight"][:, NEURON]
    column[ROW + 1] = 4
    found = {item.place["row"]: item for item in search(write_gguf(**arguments)).items}
    assert {row: item.evidence["energy_share"] for row, item in found.items()} == {
        ROW: pytest.approx(9 / np.square(column).sum(), rel=1e-4),
        ROW + 1: pytest.approx(16 / np.square(column).sum(), rel=1e-4),
    }


def test_a_norm_behind_the_ffn_is_no_hindrance(write_gguf: WriteGguf) -> None:
    arguments = model("gemma3")
    plant(arguments["tensors"], 1)
    arguments["tensors"]["blk.1.post_ffw_norm.weight"][ROW] = 3000
    (found,) = search(write_gguf(**arguments)).items
    assert (found.layer, found.place) == (1, {"row": ROW, "column": NEURON})


def test_that_of_an_expert_says_which(write_gguf: WriteGguf) -> None:
    arguments = model("mixtral")
    plant(arguments["tensors"], 0, (EXPERT, NEURON), "_exps")
    router = arguments["tensors"]["blk.0.ffn_gate_inp.weight"]
    router[:, CHANNEL] = 0
    router[EXPERT, CHANNEL] = 10
    (found,) = search(write_gguf(**arguments)).items
    assert (found.layer, found.place) == (0, {"expert": EXPERT, "row": ROW, "column": NEURON})
    assert found.sentence.startswith(f"blk.0.ffn_down_exps.weight[{EXPERT},{ROW},{NEURON}] = 3 makes")


def test_without_a_run_there_are_candidates_by_the_weights_alone(write_gguf: WriteGguf) -> None:
    arguments = model("llama")
    plant(arguments["tensors"], 1)
    record = search(write_gguf(**arguments), "a reason")
    (found,) = record.items
    assert (found.layer, found.place, found.value) == (1, {"row": ROW, "column": NEURON}, None)
    assert "may be a super weight" in found.sentence
    assert record.summary is not None
    assert "the model was not run (a reason)" in record.summary
    assert search(write_gguf(**model("llama"), name="random.gguf"), "a reason").items == []


def test_of_a_model_that_reads_both_ways_there_are_candidates_alone(write_gguf: WriteGguf) -> None:
    arguments = model("llama-both-ways")
    plant(arguments["tensors"], 1)
    record = search(write_gguf(**arguments))
    assert [item.place for item in record.items] == [{"row": ROW, "column": NEURON}]
    assert record.summary is not None
    assert "attention goes both ways" in record.summary


def test_ablation_tells_what_it_does_beside_another_weight(write_gguf: WriteGguf) -> None:
    arguments = model("llama")
    plant(arguments["tensors"], 1)
    path = write_gguf(**arguments)
    (found,) = gs.analyze(path, probe="own:2", ablate=True).standouts.of("super_weight")
    assert found.evidence["left"] < 0.01
    assert found.evidence["kl_mean"] > 1e4 * found.evidence["other_kl_mean"] > 0
    assert found.evidence["probe_kl_mean"] > 1e4 * found.evidence["probe_other_kl_mean"] > 0
    assert found.evidence["same_top"] < 1
    assert "Counted as zero, it leaves" in found.sentence
    assert "on 2 sequences of own words" in found.sentence


def test_ablation_of_nothing_is_nothing(write_gguf: WriteGguf) -> None:
    kind = gs.analyze(write_gguf(**model("llama")), ablate=True).standouts.kinds["super_weight"]
    assert (kind.items, kind.not_applicable) == ([], None)


def test_gains_that_shut_a_massive_channel_out_are_found(write_gguf: WriteGguf) -> None:
    arguments = model("llama")
    plant(arguments["tensors"], 0)
    assert search(write_gguf(**arguments, name="open.gguf"), name="tuned_gain").items == []
    arguments["tensors"]["blk.1.ffn_norm.weight"][ROW] = 0.002
    (found,) = search(write_gguf(**arguments), name="tuned_gain").items
    assert found.place == {"channel": ROW, "ffn": 1, "first_layer": 1, "last_layer": 1}
    usual = np.median(np.abs(arguments["tensors"]["blk.1.ffn_norm.weight"]))
    assert found.compared == pytest.approx(0.002 / usual, rel=1e-6)
    assert found.evidence == {"norms": 1, "shut": 1, "least_of_all": 1}
    assert search(write_gguf(**arguments), "a reason", "tuned_gain").not_applicable is not None


def test_a_profile_is_not_enough(write_gguf: WriteGguf) -> None:
    profile = gs.profile(write_gguf(**model("llama")))
    record = gs.analyze(profile).standouts.kinds["super_weight"]
    assert record.not_applicable is not None
    assert "the input is a profile" in record.not_applicable
    with pytest.raises(ValueError, match="to ablate weights takes the model itself"):
        gs.analyze(profile, ablate=True)
