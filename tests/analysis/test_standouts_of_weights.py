"""What stands out in weights: planted in a random model, each is found, and nothing else."""

import json

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.analysis_result import Analysis
from ggufscope.analysis.inputs.read_input import read_input
from ggufscope.analysis.standouts import WEIGHTS, Weights
from support.analysis_models import FFN, HEAD, QUERIES, WIDTH, draw, language_model
from support.architectures import SPECIMENS

VOCABULARY = 600
NO_HEADS = "no layer has softmax attention with projections of its own"
METADATA = {
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "llama.feed_forward_length": FFN,
    "llama.context_length": 64,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": [f"▁t{token}" for token in range(VOCABULARY)],
}
# Norms that differ between the layers, as those of a trained model do.
SIZES = {role: [1.0, 1.2, 1.5, 1.1] for role in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up")}
SIZES["ffn_down"] = SIZES["attn_q"]


def model(*, identical=False):
    """Arguments of `write_gguf`: a random model, and its tensors to plant things in."""
    arguments = language_model(4, sizes=None if identical else SIZES, identical=identical)
    arguments["metadata"] |= METADATA
    arguments["tensors"]["token_embd.weight"] = draw(7, VOCABULARY, WIDTH)
    arguments["tensors"]["output_norm.weight"] = np.ones(WIDTH, np.float32)
    return arguments


def found_in(write_gguf, arguments):
    """The findings of all kinds of weights that found something."""
    standouts = gs.analyze(write_gguf(**arguments), preset="heuristic").standouts
    return {kind: record for kind in (kind.name for kind in WEIGHTS) if (record := standouts.kinds[kind]).n_found}


def test_nothing_stands_out_in_a_random_model(write_gguf):
    assert found_in(write_gguf, model()) == {}


def dead_neuron(tensors):
    tensors["blk.2.ffn_up.weight"][5] = 0
    return "dead_neuron", {"layer": 2, "place": {"neuron": 5}}


def quiet_neuron(tensors):
    tensors["blk.1.ffn_down.weight"][:, 3] *= 1e-5
    return "dead_neuron", {"layer": 1, "place": {"neuron": 3}}


def equal_neurons(tensors):
    for name in ("gate", "up"):
        tensors[f"blk.0.ffn_{name}.weight"][9] = tensors[f"blk.0.ffn_{name}.weight"][4]
    return "duplicate_neuron", {"layer": 0, "place": {"neuron": 4, "other_neuron": 9}}


def nearly_equal_neurons(tensors):
    for name in ("gate", "up"):
        matrix = tensors[f"blk.3.ffn_{name}.weight"]
        matrix[2] = 3 * matrix[1] * (1 + 0.005 * draw(3, WIDTH, std=1))
    return "duplicate_neuron", {"layer": 3, "place": {"neuron": 1, "other_neuron": 2}}


def dead_head(tensors):
    tensors["blk.1.attn_output.weight"][:, HEAD : 2 * HEAD] = 0
    return "dead_head", {"layer": 1, "head": 1}


def equal_heads(tensors):
    matrix = tensors["blk.2.attn_q.weight"]
    matrix[HEAD : 2 * HEAD] = matrix[:HEAD]  # heads 0 and 1 read the same keys
    return "duplicate_head", {"layer": 2, "head": 0, "place": {"other_head": 1}}


def equal_key_heads(tensors):
    for name in "kv":
        matrix = tensors[f"blk.2.attn_{name}.weight"]
        matrix[HEAD : 2 * HEAD] = matrix[:HEAD]
    return "duplicate_head", {"layer": 2, "head": None, "place": {"key_head": 0, "other_key_head": 1}}


def zero_rows(tensors):
    tensors["token_embd.weight"][[3, 8]] = 0
    return "unused_tokens", {"place": {"token": 3}, "value": 2}


def alike_rows(tensors):
    tensors["token_embd.weight"][20:40] = draw(1, WIDTH) * (1 + 0.01 * draw(2, 20, WIDTH, std=1))
    return "unused_tokens", {"place": {"token": 20}, "value": 20}


def identical_rows(tensors):
    tensors["token_embd.weight"][[11, 12]] = tensors["token_embd.weight"][10]
    return "identical_tokens", {"place": {"token": 10, "other_token": 11}, "value": 3}


def long_row(tensors):
    tensors["token_embd.weight"][17] *= 5
    return "token_norm", {"place": {"token": 17}}


def common_direction(tensors):
    tensors["token_embd.weight"] += 0.02 * np.sign(draw(5, WIDTH))
    return "common_direction", {"layer": None}


def following_output(tensors):
    tensors["output.weight"] = tensors["token_embd.weight"] + draw(6, VOCABULARY, WIDTH)
    return "output_rows", {"layer": None}


PLANTED = [
    dead_neuron,
    quiet_neuron,
    equal_neurons,
    nearly_equal_neurons,
    dead_head,
    equal_heads,
    equal_key_heads,
    zero_rows,
    alike_rows,
    identical_rows,
    long_row,
    common_direction,
    following_output,
]


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_planted_is_found_and_nothing_else(write_gguf, plant):
    arguments = model()
    kind, expected = plant(arguments["tensors"])
    found = found_in(write_gguf, arguments)
    assert list(found) == [kind]
    assert found[kind].n_found == 1
    item = found[kind].items[0]
    assert {name: getattr(item, name) for name in expected} == expected
    assert item.kind == kind
    assert item.sentence.endswith(".")


def test_matrices_of_one_size_and_the_hypotheses_that_they_blind(write_gguf):
    arguments = model(identical=True)
    (item,) = found_in(write_gguf, arguments)["norms_alike"].items
    assert "H2, H3 and H4 say nothing of scale here" in item.sentence
    norm = float(np.linalg.norm(arguments["tensors"]["blk.0.attn_v.weight"].astype(np.float64)))
    assert item.evidence["v_norm"] == pytest.approx(norm)


def test_heads_of_other_keys_are_no_duplicates(write_gguf):
    arguments = model()
    matrix = arguments["tensors"]["blk.2.attn_q.weight"]
    last = QUERIES - 1  # reads the last key head
    matrix[last * HEAD :] = matrix[:HEAD]
    assert found_in(write_gguf, arguments) == {}


def test_token_texts_are_escaped(write_gguf):
    arguments = model()
    identical_rows(arguments["tensors"])
    arguments["metadata"]["tokenizer.ggml.tokens"] = ["\x1b[2J\u202e" for _ in range(VOCABULARY)]
    (item,) = found_in(write_gguf, arguments)["identical_tokens"].items
    assert "\\x1b[2J\\u202e" in item.sentence
    assert item.sentence.isprintable()


def test_a_profile_knows_norms_and_says_what_it_cannot_tell(write_gguf):
    profile = gs.profile(write_gguf(**model(identical=True)))
    kinds = gs.analyze(profile).standouts.kinds
    assert kinds["norms_alike"].n_found == 1
    assert kinds["dead_neuron"].not_applicable == "the weights themselves are needed, and the input is a profile"


def test_findings_survive_saving_and_older_files_have_none(write_gguf, tmp_path):
    arguments = model()
    dead_neuron(arguments["tensors"])
    analysis = gs.analyze(write_gguf(**arguments), preset="heuristic")
    analysis.save(tmp_path / "out")
    loaded = Analysis.load(tmp_path / "out")
    assert [item.sentence for item in loaded.standouts] == [item.sentence for item in analysis.standouts]
    plain = json.loads(analysis.to_json())
    del plain["standouts"]
    older = Analysis.from_json(json.dumps(plain))
    assert older.standouts.missing
    assert len(older.standouts) == 0


@pytest.mark.parametrize("name", SPECIMENS)
def test_no_part_of_a_random_model_of_any_architecture_is_dead_or_a_duplicate(name, write_gguf):
    with read_input(write_gguf(**SPECIMENS[name].file())) as analysed:
        weights = Weights(analysed.table, analysed.profile, analysed.model)
        for kind in WEIGHTS:
            if kind.name in {"dead_neuron", "duplicate_neuron", "dead_head", "duplicate_head"}:
                record = kind.search(weights, None)
                assert record.items == []
                assert record.not_applicable in {None, "no layer has an FFN", NO_HEADS}


def test_a_neuron_of_an_expert(write_gguf):
    arguments = SPECIMENS["qwen3moe"].file()
    arguments["tensors"]["blk.1.ffn_down_exps.weight"][2, :, 5] = 0
    with read_input(write_gguf(**arguments)) as analysed:
        weights = Weights(analysed.table, analysed.profile, analysed.model)
        found = {kind.name: kind.search(weights, None) for kind in WEIGHTS if kind.name.endswith("_neuron")}
    (item,) = found["dead_neuron"].items
    assert (item.layer, item.place) == (1, {"neuron": 5, "expert": 2})
    assert item.sentence == "Layer 1, expert 2, neuron 5 is dead: its weights of down are all zero."
    assert found["duplicate_neuron"].items == []
