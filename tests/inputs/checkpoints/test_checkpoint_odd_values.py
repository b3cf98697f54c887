"""Odd values in the files beside a checkpoint: they are taken, or refused in one line; nothing else escapes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ggufscope as gs
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from support.checkpoints.families import FAMILIES
from support.checkpoints.writing import write_checkpoint, write_json

NUMBERS = st.sampled_from([0, -1, 1, 2, 3.5, 1e308, float("nan"), float("inf"), 2**31, 2**32, 2**63, 10**30])
ODD = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.sampled_from(
        [
            "",
            "llama3",
            "yarn",
            "linear",
            "longrope",
            "\x1b[2J",
            [],
            [1],
            ["x"],
            [None],
            {},
            [[]],
            {"rope_type": "llama3"},
        ]
    ),
    st.dictionaries(st.sampled_from(["rope_theta", "rope_type", "factor", "full_attention", "mrope_section"]), NUMBERS),
)
KEYS = (
    "head_dim", "rope_scaling", "rope_parameters", "rope_theta", "partial_rotary_factor", "rms_norm_eps", "vocab_size",
    "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "hidden_size", "text_config", "architectures",
    "sliding_window", "scoring_func", "bos_token_id", "num_local_experts",
)  # fmt: skip
OF_TOKENIZERS = st.sampled_from(["bos_token", "eos_token", "add_bos_token", "chat_template", "added_tokens_decoder"])
TOKENIZER = {
    "added_tokens": [{"id": 2, "content": "<x>", "special": True}],
    "pre_tokenizer": {"type": "ByteLevel", "use_regex": True},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<x>"}}, {"Sequence": {}}]},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]], "byte_fallback": False},
}
PLACES = [(key,) for key in TOKENIZER] + [("model", key) for key in TOKENIZER["model"]] + [("post_processor", "single")]


def refusal(directory: Path) -> str:
    """The line that refuses a checkpoint, all of whose metadata and tokenizer are read; empty for one that is taken."""
    try:
        with gs.open(directory) as model:
            dict(model.metadata)
            for tensor in model.tensors.values():
                tensor.dequantize()
            read_tokenizer(model)
    except gs.GGUFError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, Any]]]:
    at = tmp_path_factory.mktemp("odd")
    made = {name: FAMILIES[name]() for name in ("llama", "gemma3", "mixtral")}
    return {name: (write_checkpoint(at / name, tiny.tensors, tiny.config), tiny.config) for name, tiny in made.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    family=st.sampled_from(["llama", "gemma3", "mixtral"]), odd=st.dictionaries(st.sampled_from(KEYS), ODD, max_size=3)
)
def test_odd_values_in_a_config(family: str, odd: dict[str, Any], directories) -> None:
    directory, config = directories[family]
    write_json(directory / "config.json", {**config, **odd})
    assert "\n" not in refusal(directory)


@settings(max_examples=40, deadline=None)
@given(place=st.sampled_from(PLACES), odd=ODD, of_config=st.dictionaries(OF_TOKENIZERS, ODD, max_size=2))
def test_odd_values_in_a_tokenizer(place: tuple[str, ...], odd: Any, of_config: Any, directories) -> None:
    directory, config = directories["llama"]
    contents = json.loads(json.dumps(TOKENIZER))
    *path, last = place
    inside = contents
    for key in path:
        inside = inside[key]
    inside[last] = odd
    write_json(directory / "config.json", config)
    write_json(directory / "tokenizer.json", contents)
    write_json(directory / "tokenizer_config.json", of_config)
    assert "\n" not in refusal(directory)
