"""FP8 checkpoints: the same weights as a checkpoint in float32 of the numbers times their scales."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ml_dtypes import bfloat16, float8_e4m3fn
from safetensors.numpy import save_file

import ggufscope as gs

Array = npt.NDArray[Any]
WIDTH, INNER, VOCABULARY = 384, 200, 32


def config(heads: int, **others: Any) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": 1,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "vocab_size": VOCABULARY,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 64,
        **others,
    }


def write(directory: Path, settings: dict[str, Any], tensors: dict[str, Array]) -> Path:
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    save_file(tensors, str(directory / "model.safetensors"), {"format": "pt"})
    return directory / "model.safetensors"


def scales(shape: tuple[int, ...], kind: str, chance: np.random.Generator) -> tuple[Array, Array]:
    """Scales as they are stored, and that of each weight."""
    rows, columns = shape
    by_kind = {"one": (1, 1), "row": (rows, 1), "row of a vector": (rows, 1)}
    side = {"block": 128, "small block": 32}.get(kind, 1)
    size = by_kind.get(kind) or (math.ceil(rows / side), math.ceil(columns / side))
    stored = chance.uniform(0.5, 2, size).astype(np.float32)
    height, width = (math.ceil(rows / size[0]), math.ceil(columns / size[1])) if kind in by_kind else (side, side)
    spread = np.repeat(np.repeat(stored, height, 0)[:rows], width, 1)[:, :columns]
    form = {"one": (), "row of a vector": (rows,)}.get(kind, size)
    return stored.reshape(form), spread


def both(heads: int, kind: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """A layer in FP8, and in float32."""
    chance = np.random.default_rng(heads)
    plain: dict[str, Array] = {
        "model.embed_tokens.weight": chance.normal(size=(VOCABULARY, WIDTH)).astype(np.float32),
        "model.norm.weight": np.ones(WIDTH, np.float32),
        "model.layers.0.input_layernorm.weight": np.ones(WIDTH, np.float32),
        "model.layers.0.post_attention_layernorm.weight": np.ones(WIDTH, np.float32),
    }
    scaled = dict(plain)
    square, up = (WIDTH, WIDTH), (INNER, WIDTH)
    shapes = {f"self_attn.{each}_proj": square for each in "qkvo"}
    shapes |= {"mlp.gate_proj": up, "mlp.up_proj": up, "mlp.down_proj": (WIDTH, INNER)}
    for name, shape in shapes.items():
        stem = f"model.layers.0.{name}.weight"
        numbers = chance.normal(size=shape).astype(float8_e4m3fn)
        stored, spread = scales(shape, kind, chance)
        scaled |= {stem: numbers, f"{stem}_scale": stored}
        plain[stem] = numbers.astype(np.float32) * spread
    return scaled, plain


@pytest.mark.parametrize(
    ("heads", "kind"),
    [
        (6, "block"),  # heads of 64 rows: two share a block
        (3, "block"),
        (4, "block"),  # heads of 96: their halves lie in several blocks, and pairs take a row of each
        (2, "small block"),
        (4, "row"),
        (4, "row of a vector"),
        (4, "one"),
    ],
)
def test_weights_are_those_of_the_checkpoint_in_float32(heads: int, kind: str, tmp_path: Path) -> None:
    scaled, plain = both(heads, kind)
    fp8 = write(tmp_path / "fp8", config(heads), scaled)
    float32 = write(tmp_path / "float32", config(heads), plain)
    with gs.open(fp8) as model, gs.open(float32) as expected:
        assert {name for name in model.tensors if not name.endswith(".scale")} == set(expected.tensors)
        for name, tensor in expected.tensors.items():
            found = model.tensors[name]
            weights = found.dequantize()
            if found.factor is not None and found.factor.grid is None:
                weights = weights * found.factor.values()
            assert (found.factor is None) == (f"{name.removesuffix('weight')}scale" not in model.tensors)
            assert np.array_equal(weights, tensor.dequantize()), name
            assert found.statistics().l2_norm == tensor.statistics().l2_norm
        (diff,) = gs.diff(expected, model).models
        assert {row.unchanged for row in diff.tensors} == {1.0}


def test_scales_in_bfloat16_are_widened(tmp_path: Path) -> None:
    scaled, _ = both(4, "row")
    narrow = {name: array.astype(bfloat16) if name.endswith("_scale") else array for name, array in scaled.items()}
    with gs.open(write(tmp_path / "m", config(4), narrow)) as model:
        tensor = model.tensors["blk.0.attn_q.weight"]
        assert model.tensors["blk.0.attn_q.scale"].type == "F32"
        assert tensor.factor is not None
        stored = narrow["model.layers.0.self_attn.q_proj.weight_scale"].astype(np.float32)
        assert sorted(tensor.factor.values()) == sorted(stored.reshape(-1))


def test_scales_that_fit_no_weights_are_refused(tmp_path: Path) -> None:
    scaled, _ = both(4, "one")
    scaled["model.layers.0.mlp.up_proj.weight_scale"] = np.ones((6, 5), np.float32)
    path = write(tmp_path / "m", config(4), scaled)
    with pytest.raises(gs.GGUFError, match=r"up_proj.weight_scale': \[6, 5\] scales of \[200, 384\] weights"):
        gs.open(path)


def test_a_block_of_zeros_may_have_any_scale(tmp_path: Path) -> None:
    """Where a scale of all of a matrix that is zero is an error."""
    severities = {}
    for kind in ("block", "one"):
        scaled, _ = both(6, kind)
        scaled["model.layers.0.mlp.up_proj.weight_scale"].reshape(-1)[0] = 0
        found = gs.check(write(tmp_path / kind, config(6), scaled)).findings
        (severities[kind],) = {finding.severity for finding in found if finding.rule == "factors"}
    assert severities == {"block": "warning", "one": "error"}


@pytest.mark.parametrize("size", [(32, 32), (64, 32), (1, 96), None])
def test_keys_that_are_turned_keep_their_scales(size: tuple[int, int] | None, tmp_path: Path) -> None:
    """The converter takes `kv_b_proj` of latent attention apart, and turns the keys of each head."""
    heads, keys, values, latent = 3, 32, 64, 96
    settings = config(heads) | {
        "architectures": ["DeepseekV2ForCausalLM"],
        "model_type": "deepseek_v2",
        "kv_lora_rank": latent,
        "qk_nope_head_dim": keys,
        "qk_rope_head_dim": 16,
        "v_head_dim": values,
        "first_k_dense_replace": 1,
    }
    chance = np.random.default_rng(1)
    shape = (heads * (keys + values), latent)
    rows, columns = size or shape
    stored = chance.uniform(0.5, 2, (math.ceil(shape[0] / rows), math.ceil(latent / columns))).astype(np.float32)
    numbers = chance.normal(size=shape).astype(float8_e4m3fn)
    spread = np.repeat(np.repeat(stored, rows, 0)[: shape[0]], columns, 1)[:, :latent]
    name = "model.layers.0.self_attn.kv_b_proj.weight"
    around = {"model.embed_tokens.weight": np.ones((VOCABULARY, WIDTH), np.float32)}
    fp8 = write(tmp_path / "fp8", settings, around | {name: numbers, f"{name}_scale_inv": stored})
    float32 = write(tmp_path / "float32", settings, around | {name: numbers.astype(np.float32) * spread})
    with gs.open(fp8) as model, gs.open(float32) as expected:
        for role, form in (("attn_k_b", (heads, latent, keys)), ("attn_v_b", (heads, values, latent))):
            tensor = model.tensors[f"blk.0.{role}.weight"]
            assert tensor.factor is not None
            assert tensor.shape == form
            outside = 1 if tensor.factor.grid is not None else tensor.factor.values()
            assert np.array_equal(tensor.dequantize() * outside, expected.tensors[tensor.name].dequantize())


def test_blocks_of_another_size_than_the_config_says_are_refused(tmp_path: Path) -> None:
    scaled, _ = both(4, "block")
    settings = config(4, quantization_config={"quant_method": "fp8", "weight_block_size": [128, 128]})
    with gs.open(write(tmp_path / "right", settings, scaled)) as model:
        assert model.tensors["blk.0.attn_v.weight"].dequantize().shape == (WIDTH, WIDTH)
    settings["quantization_config"]["weight_block_size"] = [128, 100]
    with pytest.raises(gs.GGUFError, match=r"blocks of 128 x 128 by their number, of 128 x 100 by the config"):
        gs.open(write(tmp_path / "wrong", settings, scaled))
    settings["quantization_config"]["weight_block_size"] = "128"
    with pytest.raises(gs.GGUFError, match=r"weight_block_size: must be two whole numbers from 1 on"):
        gs.open(write(tmp_path / "no size", settings, scaled))
