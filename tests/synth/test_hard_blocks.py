"""Hard files: random codes and heavy-tailed scales of the prescribed size, in every type."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ggufscope
from ggufscope import _core
from ggufscope.commands import app as cli
from ggufscope.synth.blocks import quantizable_types
from ggufscope.synth.hard import hard_blocks
from ggufscope.synth.weights import GROUP, POOL_GROUPS
from support import reference_formats
from support.format_registry import WEIGHT_TYPES

RMS = 0.0165
N_ELEMENTS = POOL_GROUPS * GROUP
TYPES = {description["name"]: description for description in WEIGHT_TYPES if description["ggml"]}
INTEGERS = {"I8", "I16", "I32", "I64"}  # a weight of 1 is 1024 steps


@pytest.mark.parametrize("name", sorted(TYPES.keys() - INTEGERS))
def test_hard_blocks_have_the_prescribed_size(name: str) -> None:
    assert name in quantizable_types()
    blocks = hard_blocks(name, 32 * GROUP, RMS, np.random.default_rng(1))
    weights = np.empty(32 * GROUP, np.float32)
    _core.decode(blocks, TYPES[name]["id"], weights)
    assert np.isfinite(weights).all()
    assert np.sqrt(np.square(weights, dtype=np.float64).mean()) == pytest.approx(RMS, rel=0.1)


@pytest.mark.parametrize("name", ["Q4_K", "Q5_K"])
def test_one_in_64_scales_is_zero_and_sizes_of_blocks_have_heavy_tails(name: str) -> None:
    blocks = hard_blocks(name, N_ELEMENTS, RMS, np.random.default_rng(2)).reshape(-1, TYPES[name]["bytes_per_block"])
    scales = reference_formats.scales(blocks, name)
    assert np.mean(scales == 0) == pytest.approx(1 / 64, rel=0.3)
    sizes = reference_formats.dequantize(blocks, name).reshape(len(blocks), -1).std(axis=1)
    assert sizes.max() > 10 * np.median(sizes)
    assert sizes.min() < np.median(sizes) / 10


def test_a_hard_file_says_so_and_has_the_tensors_of_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "m.gguf", tmp_path / "hard.gguf"]
    assert cli.main(["synth", "tiny", str(paths[0]), "--layers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hard"] is False
    assert cli.main(["synth", "tiny", str(paths[1]), "--layers", "1", "--hard"]) == 0
    assert "Codes are random, and scales have heavy tails" in capsys.readouterr().out
    with ggufscope.open(paths[0]) as model, ggufscope.open(paths[1]) as hard:
        assert hard.metadata["ggufscope.synthetic.hard"] is True
        assert "ggufscope.synthetic.hard" not in model.metadata
        tensors = [
            [(tensor.name, tensor.type, tensor.shape) for tensor in opened.tensors.values()] for opened in (model, hard)
        ]
        assert tensors[0] == tensors[1]
        zero = ggufscope.profile(hard, fast=True).tensors["blk.0.attn_q.weight"].block_scale_zero_fraction
    assert zero == pytest.approx(1 / 64, rel=0.5)
