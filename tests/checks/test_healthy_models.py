"""Models with nothing wrong: every small architecture, real files, vocabularies, and files that are no models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.synth.blocks import quantize
from support import tiny_models
from support.architectures import SPECIMENS
from support.real_files import VOCABULARIES, vocabularies_needed

NUMBERS = np.random.default_rng(0)


def grave(path: Path) -> list[str]:
    """Errors and warnings on a file."""
    return [f"{each.rule}: {each.sentence}" for each in gs.check(path).findings if each.severity != "note"]


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_small_model_of_every_architecture_is_sound(write_gguf: Any, name: str) -> None:
    assert grave(write_gguf(**SPECIMENS[name].file())) == []


@pytest.mark.parametrize("name", tiny_models.KINDS)
def test_a_tiny_model_is_sound(write_gguf: Any, name: str) -> None:
    assert grave(write_gguf(**tiny_models.sample(name).file())) == []


def test_a_synthetic_model_is_sound(tiny_model: Path) -> None:
    assert grave(tiny_model) == []


def test_smollm2_is_sound(smollm2: Path) -> None:
    assert grave(smollm2) == []


def test_gemma3_is_sound(gemma3: Path) -> None:
    assert grave(gemma3) == []


def test_stories_are_sound(stories260k: Path) -> None:
    assert grave(stories260k) == []


@vocabularies_needed
def test_the_vocabularies_of_llama_cpp_are_sound() -> None:
    files = sorted(VOCABULARIES.glob("*.gguf"))
    assert len(files) >= 15
    assert {path.name: grave(path) for path in files if grave(path)} == {}


def weights(*shape: int) -> Any:
    return NUMBERS.standard_normal(shape).astype(np.float32) / 8


def test_an_adapter_may_be_untrained_in_parts(write_gguf: Any) -> None:
    tensors = {
        "blk.0.attn_q.weight.lora_a": weights(8, 64),
        "blk.0.attn_q.weight.lora_b": np.zeros((64, 8), np.float32),
        "blk.7.ffn_up.weight.lora_a": weights(8, 64),
        "blk.7.ffn_up.weight.lora_b": weights(96, 8),
    }
    metadata = {"general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": 16.0, "llama.block_count": 32}
    path = write_gguf(tensors=tensors, metadata=metadata)
    assert (grave(path), gs.check(path).findings) == ([], [])


def test_an_adapter_has_no_nan_either(write_gguf: Any) -> None:
    lora = weights(8, 64)
    lora[3, 1] = np.nan
    path = write_gguf(tensors={"blk.0.attn_q.weight.lora_a": lora}, metadata={"general.type": "adapter"})
    assert [each.rule for each in gs.check(path).findings] == ["nan"]


@pytest.mark.parametrize("metadata", [{"general.type": "mmproj"}, {}])
def test_a_projector_has_layers_of_its_own(write_gguf: Any, metadata: dict[str, Any]) -> None:
    tensors = {
        "v.patch_embd.weight": weights(64, 3, 4, 4),
        "v.position_embd.weight": np.zeros((16, 64), np.float32),
        **{f"v.blk.{layer}.attn_q.weight": weights(64, 64) for layer in range(2)},
        **{f"v.blk.{layer}.attn_q.bias": np.zeros(64, np.float32) for layer in range(2)},
        "mm.0.weight": weights(64, 64),
    }
    path = write_gguf(tensors=tensors, metadata={**metadata, "clip.vision.block_count": 27}, architecture="clip")
    assert grave(path) == []


def test_an_imatrix_may_know_nothing_of_an_expert(write_gguf: Any) -> None:
    sums = np.abs(weights(4, 2048))
    sums[2] = 0
    tensors = {
        "blk.0.ffn_up_exps.weight.in_sum2": sums,
        "blk.0.ffn_up_exps.weight.counts": np.array([[9], [4], [0], [7]], np.float32),
    }
    path = write_gguf(tensors=tensors, metadata={"general.type": "imatrix"}, architecture=None)
    [finding] = gs.check(path).findings
    assert (finding.rule, finding.severity, finding.place.experts) == ("importance", "note", [2])


def test_a_control_vector_is_no_model(write_gguf: Any) -> None:
    path = write_gguf(tensors={"direction.1": weights(64)}, architecture="controlvector")
    assert gs.check(path).findings == []


def test_tables_of_integers_are_no_weights(write_gguf: Any) -> None:
    file = tiny_models.sample("llama").file()
    file["tensors"]["blk.0.ffn_gate_tid2eid.weight"] = np.zeros((200, 2), np.int32)
    assert grave(write_gguf(**file)) == []


def test_dense_layers_stand_in_front_of_mixtures(write_gguf: Any) -> None:
    """Layers of several kinds lack what others have, and nothing is missing."""
    tensors = {"token_embd.weight": weights(200, 64)}
    for layer in range(12):
        mixture = {"ffn_gate_inp": (4, 64), "ffn_up_exps": (4, 96, 64), "ffn_down_exps": (4, 64, 96)}
        dense = {"ffn_up": (96, 64), "ffn_down": (64, 96)}
        shapes = dense if layer in {0, 6} else mixture
        tensors |= {f"blk.{layer}.{role}.weight": weights(*shape) for role, shape in shapes.items()}
    path = write_gguf(tensors=tensors, metadata={"new.block_count": 12}, architecture="new")
    assert grave(path) == []


def test_layers_may_be_pruned_away(write_gguf: Any) -> None:
    """Metadata that give a layer neither heads nor neurons, as NVIDIA's pruned models do."""
    tensors = {"token_embd.weight": weights(200, 64)}
    tensors |= {f"blk.{layer}.attn_q.weight": weights(64, 64) for layer in (0, 2, 3)}
    counts = {"new.attention.head_count": [4, 0, 4, 4], "new.feed_forward_length": [96, 0, 96, 96]}
    path = write_gguf(tensors=tensors, metadata={"new.block_count": 4, **counts}, architecture="new")
    assert grave(path) == []


def test_ternary_weights_in_another_type_are_no_damage(write_gguf: Any) -> None:
    tensors = {}
    for name in ("Q4_0", "Q8_0", "Q4_K", "Q2_K"):
        ternary = np.sign(weights(128, 256)) * (NUMBERS.random((128, 256)) > 0.3) * np.float32(0.03)
        blocks = quantize(ternary.astype(np.float32).reshape(-1), name)
        tensors[f"blk.0.{name.lower()}.weight"] = (blocks.reshape(128, -1), name)
    assert grave(write_gguf(tensors=tensors, architecture="new")) == []
