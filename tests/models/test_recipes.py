"""Recipes: the patterns, the command, and what llama.cpp's quantizer makes of it."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ggufscope as gs
from ggufscope.arrays.arguments import describe_type
from ggufscope.models.recipes import Recipe, recipe_for, recipe_of
from ggufscope.models.recipes.layers import layers_pattern
from ggufscope.models.recipes.quantizer import LABELS, is_quantized_ever
from support import tiny_models
from support.needs import llama_cpp_needed
from support.quantized_files import quantize_by

if TYPE_CHECKING:
    from ggufscope.models.model import Model
    from support.command_line import RunCommand


@given(st.sets(st.integers(0, 260), min_size=1))
def test_patterns_match_their_layers_alone(layers: set[int]) -> None:
    pattern = re.compile(f"^{layers_pattern(layers)}$")
    assert {layer for layer in range(300) if pattern.search(str(layer))} == layers


ROLES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
BLOCKS = {"Q4_K": 144, "Q6_K": 210, "Q5_K": 176, "Q8_0": 272}


def mix(write_gguf: Any, types: dict[str, str], layers: int = 12, **more: Any) -> Path:
    """A file of matrices of one row pair of 256, of the types given by name, else Q4_K."""
    names = [f"blk.{layer}.{role}.weight" for layer in range(layers) for role in ROLES]
    names += ["output.weight", "token_embd.weight"]
    tensors: dict[str, Any] = {
        name: (np.zeros((2, BLOCKS[types.get(name, "Q4_K")]), np.uint8), types.get(name, "Q4_K")) for name in names
    }
    tensors["output_norm.weight"] = np.ones(256, np.float32)
    return write_gguf(tensors | more, {"general.file_type": 15})


def in_layers(role: str, layers: Any, type_name: str) -> dict[str, str]:
    return {f"blk.{layer}.{role}.weight": type_name for layer in layers}


def recipe(path: Path) -> Recipe:
    with gs.open(path) as model:
        found = recipe_of(model)
        assert wrong_types(found, model) == {}
        return found


def wrong_types(found: Recipe, model: Model) -> dict[str, tuple[str, str]]:
    return {
        name: (found.type_of(name, tensor.shape[-1]), tensor.type)
        for name, tensor in model.tensors.items()
        if name not in found.not_made
        and is_quantized_ever(name, tensor.shape)
        and found.type_of(name, tensor.shape[-1]) != tensor.type
    }


def test_a_mix_takes_few_anchored_patterns(write_gguf: Any) -> None:
    more = [0, 1, 2, 5, 8, 10, 11]
    types = in_layers("attn_v", more, "Q6_K") | in_layers("ffn_down", more, "Q6_K") | {"output.weight": "Q6_K"}
    types |= in_layers("attn_output", range(12), "Q5_K")
    found = recipe(mix(write_gguf, types))
    assert (found.label, found.output_type, found.embedding_type) == ("Q4_K_M", "Q6_K", None)
    assert [(rule.pattern, rule.type) for rule in found.rules] == [
        (r"^blk\.([0-258]|1[01])\.(attn_v|ffn_down)\.weight$", "Q6_K"),
        (r"^blk\.[0-9]+\.attn_output\.weight$", "Q5_K"),
    ]


def test_first_match_wins(write_gguf: Any) -> None:
    """A role whose layers have several types has those of few layers first, and the usual one for any layer."""
    types = in_layers("ffn_up", range(12), "Q5_K") | in_layers("ffn_up", [3, 7], "Q8_0")
    rules = recipe(mix(write_gguf, types)).rules
    assert [(rule.pattern, rule.type) for rule in rules] == [
        (r"^blk\.[37]\.ffn_up\.weight$", "Q8_0"),
        (r"^blk\.[0-9]+\.ffn_up\.weight$", "Q5_K"),
    ]


def test_the_base_is_the_one_that_needs_the_fewest_patterns(write_gguf: Any) -> None:
    types = {name: "Q6_K" for role in ROLES for name in in_layers(role, range(12), "")}
    types |= {"output.weight": "Q6_K", "token_embd.weight": "Q6_K"}
    found = recipe(mix(write_gguf, types | in_layers("attn_q", range(12), "Q4_K")))
    assert (found.base, found.label, len(found.rules)) == ("Q6_K", "Q6_K", 1)
    assert (found.output_type, found.embedding_type) == (None, None)


def test_output_is_not_attention_output(write_gguf: Any) -> None:
    """Unanchored, a pattern for output.weight would also hit blk.0.attn_output.weight."""
    found = recipe(mix(write_gguf, {"output.weight": "Q8_0"}))
    assert (found.output_type, found.rules) == ("Q8_0", [])
    words = found.words()
    assert words[words.index("--output-tensor-type") + 1] == "q8_0"


def test_embeddings_of_layers_have_patterns_where_the_option_would_be_wrong(write_gguf: Any) -> None:
    other = {"per_layer_token_embd.weight": (np.zeros((2, 210), np.uint8), "Q6_K")}
    found = recipe(mix(write_gguf, {"token_embd.weight": "Q8_0"}, **other))
    assert found.embedding_type is None
    assert {rule.pattern for rule in found.rules} == {
        r"^token_embd\.weight$",
        r"^per_layer_token_embd\.weight$",
    }
    alike = {"per_layer_token_embd.weight": (np.zeros((2, 272), np.uint8), "Q8_0")}
    found = recipe(mix(write_gguf, {"token_embd.weight": "Q8_0"}, **alike))
    assert (found.embedding_type, found.rules) == ("Q8_0", [])


def test_types_fall_back_where_blocks_do_not_divide_rows(write_gguf: Any) -> None:
    tensors = {
        "blk.0.attn_q.weight": (np.zeros((2, 22 * 3), np.uint8), "Q5_0"),  # rows of 96, as Q4_K
        "blk.0.attn_v.weight": (np.zeros((2, 34 * 3), np.uint8), "Q8_0"),  # as Q6_K
        "blk.0.ffn_up.weight": (np.zeros((2, 144), np.uint8), "Q4_K"),
        "blk.0.ffn_down.weight": (np.zeros((2, 210), np.uint8), "Q6_K"),
        "blk.0.attn_k.weight": np.ones((2, 43), np.float16),
    }
    found = recipe(write_gguf(tensors, {"general.file_type": 15}))
    assert found.base == "Q4_K"
    assert [(rule.pattern, rule.type) for rule in found.rules] == [
        (r"^blk\.[0-9]+\.(ffn_down|attn_v)\.weight$", "Q6_K")
    ]


def test_what_the_quantizer_does_not_do_is_told(write_gguf: Any, run_command: RunCommand) -> None:
    tensors = {
        "blk.0.attn_q.weight": (np.zeros((2, 144), np.uint8), "Q4_K"),
        "blk.0.attn_k.weight": (np.zeros((2, 4 * 36), np.uint8), "NVFP4"),
        "blk.0.ffn_gate_inp.weight": (np.zeros((2, 34), np.uint8), "Q8_0"),
        "blk.0.attn_V.weight": (np.zeros((2, 34), np.uint8), "Q8_0"),
    }
    path = write_gguf(tensors)
    found = recipe(path)
    assert set(found.not_made) == {"blk.0.attn_k.weight", "blk.0.ffn_gate_inp.weight"}
    # Patterns have no capitals: one for attn_V would be found in attn_q, and so that one has the pattern.
    assert (found.base, [rule.pattern for rule in found.rules]) == ("Q8_0", [r"^blk\.[0-9]+\.attn_q\.weight$"])
    code, text, _ = run_command("inspect", path, "--recipe")
    assert code == 0
    assert "# not made so: blk.0.attn_k.weight: llama-quantize does not make NVFP4" in text


def test_plain_files_and_types_that_ask_for_importance(write_gguf: Any) -> None:
    halves = {f"blk.{layer}.attn_q.weight": np.ones((2, 64), np.float16) for layer in range(3)}
    found = recipe(write_gguf(halves))
    assert (found.words(), found.rules) == (["llama-quantize", "REFERENCE.gguf", "RESULT.gguf", "F16"], [])
    found = recipe(write_gguf(halves | {"blk.1.attn_k.weight": (np.zeros((2, 66), np.uint8), "IQ2_XXS")}))
    assert found.needs_importance
    assert "--imatrix" in found.words()


def test_the_command_survives_a_shell(write_gguf: Any, run_command: RunCommand) -> None:
    path = mix(write_gguf, in_layers("attn_v", [1, 2], "Q6_K") | {"blk.3.ffn_down.weight": "Q8_0"})
    code, text, error = run_command("inspect", path, "--recipe")
    assert (code, error) == (0, "")
    command = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    expected = recipe(path)
    assert shlex.split(command.replace("\\\n", " ")) == expected.words()
    document = json.loads(run_command("inspect", path, "--recipe", "--json")[1])
    assert (document["schema"], document["command"]) == ("ggufscope.recipe/1", expected.words())


def test_other_files_are_refused(write_gguf: Any, run_command: RunCommand) -> None:
    path = write_gguf({"x.weight": np.ones((2, 32), np.float32)}, {"general.type": "adapter"})
    assert run_command("inspect", path, "--recipe")[0] == 2
    code, _, error = run_command("inspect", write_gguf({"x_norm.weight": np.ones(32, np.float32)}), "--recipe")
    assert code == 2
    assert "no tensor that llama-quantize would make a type of" in error


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_mix_is_reproduced(data: st.DataObject) -> None:
    kinds = st.sampled_from(["Q4_K", "Q6_K", "Q8_0", "F16"])
    names = [f"blk.{layer}.{role}.weight" for layer in range(4) for role in ("attn_q", "attn_k", "ffn_up")]
    wanted = {name: data.draw(kinds) for name in [*names, "output.weight", "token_embd.weight", "blk.0.odd_A.weight"]}
    tensors = [Shaped(name, data.draw(st.sampled_from([256, 256, 512]))) for name in wanted]
    found = recipe_for(tensors, wanted)  # type: ignore[arg-type]
    assert found.not_made == {}
    assert {each.name: found.type_of(each.name, each.shape[-1]) for each in tensors} == wanted


class Shaped:
    """A tensor as far as recipes look at it."""

    kind = "matrix"
    type = "F16"

    def __init__(self, name: str, columns: int) -> None:
        self.name, self.shape = name, (4, columns)


def test_many_odd_names_take_little_time() -> None:
    """Each would be held against all others; they are told as what no pattern names."""
    odd = {f"Odd{number}.weight": "Q8_0" for number in range(3000)}
    stacks = {f"a{number}.blk.0.x.weight": ("Q8_0", "Q6_K")[number % 2] for number in range(3000)}
    tensors = [Shaped(name, 256) for name in odd | stacks]
    started = time.process_time()
    found = recipe_for(tensors, odd | stacks)  # type: ignore[arg-type]
    assert time.process_time() - started < 5
    assert found.not_made.keys() == odd.keys()


# What llama.cpp's own quantizer makes of recipes.


def assert_reproduced(found: Recipe, source: Path, target: Path, wanted: dict[str, str]) -> None:
    quantize_by(found, source, target)
    with gs.open(target) as made:
        types = {name: tensor.type for name, tensor in made.tensors.items()}
    assert types == wanted


@llama_cpp_needed
@pytest.mark.parametrize("seed", range(4))
def test_llama_cpp_makes_the_types_of_a_tiny_model(seed: int, tmp_path: Path, write_gguf: Any) -> None:
    chance = np.random.default_rng(seed)
    source = write_gguf(**tiny_models.sample("llama").file(), name="source.gguf")
    with gs.open(source) as model:
        wanted = {name: tensor.type for name, tensor in model.tensors.items()}
        choice = ["Q4_0", "Q8_0", "Q5_1", "IQ4_NL", "F16", "MXFP4"]
        for name, tensor in model.tensors.items():
            if is_quantized_ever(name, tensor.shape):
                wanted[name] = str(chance.choice(choice)) if tensor.shape[-1] % 32 == 0 else "F16"
        found = recipe_for(list(model.tensors.values()), wanted)
    assert found.not_made == {}
    assert_reproduced(found, source, tmp_path / "made.gguf", wanted)


@llama_cpp_needed
@pytest.mark.slow
def test_llama_cpp_makes_the_types_of_a_mix_again(gemma3: Path, tmp_path: Path) -> None:
    """From the same file with everything Q8_0, as a stand-in for its original."""
    plain, again = tmp_path / "q8.gguf", tmp_path / "again.gguf"
    quantize_by(Recipe("Q8_0", "Q8_0"), gemma3, plain)
    with gs.open(gemma3) as model:
        wanted = {name: tensor.type for name, tensor in model.tensors.items()}
        found = recipe_of(model)
    assert len(found.rules) <= 2
    assert_reproduced(found, plain, again, wanted)


def test_labels_are_those_of_the_quantizer() -> None:
    assert {describe_type(kind)["name"] for kind in LABELS} == set(LABELS)
