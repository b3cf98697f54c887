"""Checkpoints seen as GGUF files: every tensor and key as a converter written apart makes them."""

from pathlib import Path

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.models.notes import notes_of
from support.checkpoints.converting import architecture, converted, metadata
from support.checkpoints.families import FAMILIES
from support.checkpoints.writing import read_back, write_checkpoint

WITH_USUAL_CONFIG = ("llama", "mixtral", "qwen3", "gemma3")


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_tensors_are_those_of_a_converter(family: str, dtype: str, tmp_path: Path) -> None:
    tiny = FAMILIES[family]()
    directory = write_checkpoint(tmp_path / family, tiny.tensors, tiny.config, dtype=dtype)
    expected = converted(tiny, family, dtype)
    with gs.open(directory) as model:
        assert model.architecture == architecture(family)
        assert set(model.tensors) == set(expected)
        for name, tensor in model.tensors.items():
            assert tensor.shape == expected[name].shape, name
            assert tensor.dequantize().tobytes() == expected[name].tobytes(), name
            kept = len(tensor.shape) > 1 and name.endswith(".weight") and "gate_inp" not in name
            assert tensor.type == (dtype if kept and name != "position_embd.weight" else "F32"), name


@pytest.mark.parametrize("family", WITH_USUAL_CONFIG)
def test_keys_are_those_of_a_converter(family: str, tmp_path: Path) -> None:
    tiny = FAMILIES[family]()
    with gs.open(write_checkpoint(tmp_path / family, tiny.tensors, tiny.config)) as model:
        prefix = f"{architecture(family)}."
        ours = {key: value for key, value in model.metadata.items() if key.startswith(prefix)}
    expected = metadata(tiny, family)
    beyond = set(ours) - set(expected)
    assert beyond <= {"llama.attention.key_length", "llama.attention.value_length"}, "transformers fills these in"
    assert {key: np.float32(value) for key, value in ours.items() if key not in beyond} == {
        key: np.float32(value) for key, value in expected.items()
    }


def test_tensors_know_where_they_come_from(tmp_path: Path) -> None:
    tiny = FAMILIES["mixtral"]()
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config, dtype="BF16", n_files=3)
    with gs.open(directory) as model:
        assert model.files == [str(directory / f"model-0000{n}-of-00003.safetensors") for n in (1, 2, 3)]
        experts = model.tensors["blk.1.ffn_up_exps.weight"]
        assert experts.source == tuple(
            f"model.layers.1.block_sparse_moe.experts.{expert}.w3.weight" for expert in range(4)
        )
        for name, tensor in model.tensors.items():
            contents = Path(tensor.file).read_bytes()
            position = tensor.position(0)
            plain = (
                len(tensor.source) == 1
                and tensor.type == "BF16"
                and not name.endswith(("attn_q.weight", "attn_k.weight"))
            )
            assert (position is not None) == plain, name
            if position is not None:
                assert contents[position : position + tensor.n_bytes] == tensor.read(0, tensor.n_bytes), name


def test_a_checkpoint_without_a_config_keeps_its_names(tmp_path: Path) -> None:
    tiny = FAMILIES["llama"]()
    with gs.open(write_checkpoint(tmp_path / "plain", tiny.tensors, None, dtype="BF16")) as model:
        assert model.architecture is None
        assert list(model.tensors) == list(dict.fromkeys(model.tensors))
        assert {name: tensor.shape for name, tensor in model.tensors.items()} == {
            name: each.shape for name, each in tiny.tensors.items()
        }
        for name, tensor in model.tensors.items():
            assert tensor.dequantize().tobytes() == read_back(tiny.tensors[name], "BF16").tobytes(), name


@pytest.mark.parametrize(
    ("classes", "why"),
    [
        (None, "there is no config.json beside it"),
        ([], "its config.json names no class"),
        (["NobodysForCausalLM"], "its class, NobodysForCausalLM, is not known"),
        (["LlamaForCausalLM"], None),
    ],
)
def test_notes_tell_why_tensors_keep_their_names(tmp_path: Path, classes: list[str] | None, why: str | None) -> None:
    tiny = FAMILIES["llama"]()
    config = None if classes is None else {**tiny.config, "architectures": classes}
    with gs.open(write_checkpoint(tmp_path / "noted", tiny.tensors, config)) as model:
        notes = [note for note in notes_of(model) if "own names" in note]
    assert notes == ([] if why is None else [f"tensors are seen under their own names: {why}"])


def test_names_that_no_table_has_stay(tmp_path: Path) -> None:
    tiny = FAMILIES["llama"]()
    tensors = tiny.tensors | {"model.layers.0.self_attn.odd.weight": np.ones((3, 4), np.float32)}
    tensors["model.layers.7.self_attn.q_proj.weight"] = np.ones((32, 4), np.float32)  # a layer too many
    with gs.open(write_checkpoint(tmp_path / "odd", tensors, tiny.config)) as model:
        assert model.tensors["model.layers.0.self_attn.odd.weight"].shape == (3, 4)
        assert "model.layers.7.self_attn.q_proj.weight" in model.tensors
        assert notes_of(model)[:2] == [
            "left out, as by llama.cpp's converter: model.layers.0.self_attn.rotary_emb.inv_freq,"
            " model.layers.1.self_attn.rotary_emb.inv_freq",
            "not known to llama.cpp's converter, under their own names: model.layers.0.self_attn.odd.weight,"
            " model.layers.7.self_attn.q_proj.weight",
        ]


def test_profiles_of_a_checkpoint_and_of_its_conversion_are_equal(tmp_path: Path, write_gguf) -> None:
    tiny = FAMILIES["llama"]()
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config)
    written = write_gguf(converted(tiny, "llama"), metadata(tiny, "llama"))
    ours, theirs = (gs.profile(each, threads=2).to_columns() for each in (directory / "model.safetensors", written))
    position = {name: at for at, name in enumerate(theirs["name"])}
    order = [position[name] for name in ours["name"]]
    for column in ("name", "rms", "kurtosis", "l2_norm", "max", "min"):
        np.testing.assert_array_equal(ours[column], np.asarray(theirs[column])[order])


def test_a_model_of_a_checkpoint_pickles_as_its_files(tmp_path: Path) -> None:
    import pickle  # noqa: PLC0415

    tiny = FAMILIES["gemma3"]()
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config, dtype="BF16", n_files=2)
    with gs.open(directory) as model, pickle.loads(pickle.dumps(model)) as again:  # noqa: S301
        assert again.files == model.files
        assert again.identity == model.identity
        assert list(again.tensors) == list(model.tensors)


@pytest.mark.parametrize("form", ["language_model.model.", "model.language_model."])
def test_of_a_model_of_text_and_images_the_language_model_is_seen(form: str, tmp_path: Path) -> None:
    tiny = FAMILIES["gemma3"]()
    tensors = {name.replace("model.", form, 1): each for name, each in tiny.tensors.items()}
    tensors["vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight"] = np.ones((4, 4), np.float32)
    tensors["multi_modal_projector.mm_input_projection_weight"] = np.ones((4, 4), np.float32)
    text = {key: value for key, value in tiny.config.items() if key != "architectures"}
    config = {"architectures": ["Gemma3ForConditionalGeneration"], "text_config": text, "vision_config": {}}
    expected = converted(tiny, "gemma3")
    with gs.open(write_checkpoint(tmp_path / "m", tensors, config)) as model:
        assert model.metadata["gemma3.attention.sliding_window"] == 32
        assert set(model.tensors) == set(expected)
        for name, tensor in model.tensors.items():
            assert tensor.dequantize().tobytes() == expected[name].tobytes(), name
