"""Models of which one key or one tensor is not what it should be: an answer, or one line that says why not."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.index import ranking
from ggufscope.analysis.index.sensitivity import sensitivity
from ggufscope.errors import ProfileError, TraceError
from ggufscope.runtime.engines.streamed import open_engine
from support.architectures import SPECIMENS
from support.gguf_writer import ARRAY, BOOL, FLOAT32, FLOAT64, INT32, STRING, UINT8, UINT32, Array, Tensor
from support.hostile_files.sound_llama import YARN, Keys, Tensors, file_of, sound_keys, sound_tensors

REFUSALS = (gs.GGUFError, ProfileError, TraceError)
TINY = 1e-38
NUMBERS = [(UINT32, 0), (UINT32, 1), (UINT32, 3), (UINT32, 2**32 - 1), (INT32, -1)]
NUMBERS += [(FLOAT64, 5e-324), (FLOAT64, 1e308)]
NUMBERS += [(FLOAT32, value) for value in (float("nan"), float("inf"), 0.0, 1.0, -1.0, TINY, 1 / TINY)]
VALUES = [
    *NUMBERS,
    (STRING, "yarn"),
    (ARRAY, Array(UINT32, [])),
    (ARRAY, Array(UINT32, [1])),
    (ARRAY, Array(INT32, [-1] * 200)),
    (ARRAY, Array(FLOAT32, [float("nan")] * 200)),
    (ARRAY, Array(STRING, ["a"] * 200)),
    (ARRAY, Array(ARRAY, [Array(UINT8, [1]), Array(UINT8, [2, 3])])),
]
SHAPES: list[tuple[int, ...]] = [
    (),
    (0,),
    (1,),
    (3,),
    (64,),
    (1, 1),
    (0, 64),
    (64, 0),
    (3, 64),
    (2, 64, 64),
    (1, 1, 1, 1, 1),
]
KEYS = {
    "llama": (*YARN, "rope.freq_base", "rope.dimension_count", "rope.scaling.attn_factor", "block_count",
              "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
              "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.causal",
              "attention.layer_norm_rms_epsilon", "attention.scale", "attention.sliding_window",
              "nextn_predict_layers", "expert_count", "expert_used_count", "embedding_scale", "logit_scale"),
    "general": ("type", "architecture", "name"),
    "tokenizer.ggml": ("model", "pre", "tokens", "token_type", "scores", "merges", "bos_token_id", "eos_token_id",
                       "add_bos_token"),
}  # fmt: skip

# Specimen → keys that llama does not have, as parts of an architecture read them.
OWN_KEYS = {
    "mistral4": ("attention.key_length_mla", "attention.value_length_mla", "attention.kv_lora_rank",
                 "attention.temperature_length", "attention.temperature_scale", "expert_gating_func",
                 "expert_weights_norm", "expert_weights_scale", "rope.scaling.yarn_log_multiplier"),
    "gemma4 experts": ("attention.key_length_swa", "attention.value_length_swa", "attention.shared_kv_layers",
                       "attention.sliding_window_pattern", "final_logit_softcapping", "rope.dimension_count_swa",
                       "rope.freq_base_swa", "vocab_size"),
    "qwen35": ("rope.dimension_sections", "ssm.group_count", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank"),
    "apertus": ("xielu.alpha_n", "xielu.alpha_p", "xielu.beta", "xielu.eps"),
    "mpt": ("attention.clamp_kqv", "attention.layer_norm_epsilon", "attention.max_alibi_bias"),
    "mistral3-long": ("rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "rope.scale_linear"),
    "granitemoe": ("residual_scale", "rope.scaling.finetuned"),
    "bailingmoe2": ("expert_group_count", "expert_group_used_count"),
    "gemma3n": ("altup.active_idx", "altup.num_inputs"),
    "gemma2": ("attn_logit_softcapping",),
    "hunyuan-dense": ("rope.scaling.alpha",),
    "gptneox": ("use_parallel_residual",),
    "modern-bert": ("hidden_activation",),
}  # fmt: skip
EXTREMES = [
    (UINT32, 2**32 - 1),
    (INT32, -1),
    (FLOAT32, float("nan")),
    (FLOAT32, TINY),
    (FLOAT32, 1 / TINY),
    (FLOAT64, 1e308),
    (ARRAY, Array(INT32, [-1] * 200)),
]


@pytest.fixture(autouse=True)
def _few_weightings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw few weightings of the index, with which no key and no tensor has to do: they take a third of an analysis."""
    monkeypatch.setattr(ranking, "sensitivity", partial(sensitivity, draws=100))


def answered(path: Path, metadata: Keys, table: Tensors) -> int:
    """Answers of analyze and trace; what they refuse, they refuse as the fault of the model."""
    path.write_bytes(file_of(metadata, table))
    refusals = []
    for ask in (gs.analyze, partial(gs.trace, probe=3)):
        try:
            ask(path, threads=1)
        except REFUSALS as refusal:
            refusals.append(str(refusal))
    assert all(refusal and "\n" not in refusal for refusal in refusals)
    assert judged(path)
    return 2 - len(refusals)


def judged(path: Path) -> bool:
    """Whether check gives a verdict whose sentences are whole."""
    return all(finding.sentence and "\n" not in finding.sentence for finding in gs.check(path, threads=1).findings)


def test_the_model_itself_is_answered(tmp_path: Path) -> None:
    assert answered(tmp_path / "m.gguf", sound_keys(), sound_tensors()) == 2


@pytest.mark.parametrize("key", [f"{group}.{key}" for group, names in KEYS.items() for key in names])
def test_a_key_that_is_not_what_it_should_be(tmp_path: Path, key: str) -> None:
    for value in VALUES:
        answered(tmp_path / "m.gguf", sound_keys() | {key: value}, sound_tensors())


def specimen(name: str) -> tuple[str, Keys, Tensors]:
    """The architecture of a specimen, its metadata and its tensors."""
    kinds = {bool: BOOL, int: UINT32, float: FLOAT32, str: STRING}
    file = SPECIMENS[name].file()
    metadata = {"general.architecture": (STRING, file["architecture"])}
    for key, value in file["metadata"].items():
        values = [each.item() if isinstance(each, np.generic) else each for each in np.atleast_1d(value).tolist()]
        kind = kinds[type(values[0])]
        metadata[key] = (ARRAY, Array(kind, values)) if np.ndim(value) else (kind, values[0])
    table = {each: Tensor(each, values.shape, 0, values.tobytes()) for each, values in file["tensors"].items()}
    return file["architecture"], metadata, table


def spelled(key: str, architecture: str) -> str:
    return key if key.startswith("xielu.") else f"{architecture}.{key}"


@pytest.mark.parametrize("name", OWN_KEYS)
def test_a_key_of_an_architecture_that_is_not_what_it_should_be(tmp_path: Path, name: str) -> None:
    architecture, metadata, table = specimen(name)
    assert answered(tmp_path / "m.gguf", metadata, table)
    for key in OWN_KEYS[name]:
        for value in EXTREMES:
            answered(tmp_path / "m.gguf", metadata | {spelled(key, architecture): value}, table)


def test_every_key_that_an_architecture_reads_is_tried(write_gguf: Any) -> None:
    tried = {*KEYS["llama"], *(key for keys in OWN_KEYS.values() for key in keys)}
    for each in SPECIMENS.values():
        with gs.open(write_gguf(**each.file())) as model:
            reads = mock.Mock(side_effect=model.metadata.get)
            with mock.patch.object(type(model.metadata), "get", reads):
                open_engine(model, 1).close()
        names = [call.args[0] for call in reads.call_args_list]
        own = {
            key.removeprefix(f"{each.architecture}.") for key in names if not key.startswith(("tokenizer.", "general."))
        }
        assert own <= tried, each.architecture


@pytest.mark.parametrize("name", [name for name in sound_tensors() if not name.startswith("blk.0.")])
def test_a_tensor_that_is_not_what_it_should_be(tmp_path: Path, name: str) -> None:
    for shape in SHAPES:
        data = np.ones(shape, np.float32).tobytes()
        answered(tmp_path / "m.gguf", sound_keys(), sound_tensors() | {name: Tensor(name, shape, 0, data)})
