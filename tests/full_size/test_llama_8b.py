"""A model of the size people use: complete, reproducible, and within the memory promised."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import ggufscope
from ggufscope.synth import make_plan
from support.measuring import measured

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = 8_030_261_248 + 64  # and those of rope_freqs
TENSOR_BYTES = 4_912_898_304


@pytest.fixture(scope="module")
def profile(saved_profile: Path) -> ggufscope.Profile:
    return ggufscope.Profile.load(saved_profile)


def test_the_file_has_the_tensors_of_the_real_one(llama_8b: Path) -> None:
    with ggufscope.open(llama_8b) as model:
        assert len(model.tensors) == 292
        assert model.n_parameters == PARAMETERS
        assert sum(tensor.n_bytes for tensor in model.tensors.values()) == TENSOR_BYTES
        assert Counter(tensor.type for tensor in model.tensors.values()) == {"Q4_K": 193, "Q6_K": 33, "F32": 66}
        assert len(model.metadata["tokenizer.ggml.tokens"]) == 128_256
        assert len(model.metadata["tokenizer.ggml.merges"]) == 280_147


def test_check_has_no_error_and_no_warning(llama_8b: Path) -> None:
    verdict = ggufscope.check(llama_8b)
    assert [(each.rule, each.severity) for each in verdict.findings] == [("embedding-rows", "note")]
    assert verdict.document.coverage == 1


def test_every_parameter_is_scanned(profile: ggufscope.Profile) -> None:
    assert profile.coverage == 1.0
    assert profile.total.n_elements == PARAMETERS
    assert profile.total.nan_count == profile.total.inf_count == 0
    assert len(profile.tensors) == 292
    assert len(profile.layers) == 32


def test_planted_sizes_are_found(profile: ggufscope.Profile) -> None:
    first, last = (profile.tensors[f"blk.{layer}.attn_v.weight"].l2_norm for layer in (0, 31))
    assert last / first == pytest.approx(2.3, rel=0.05)
    gains = [profile.tensors[f"blk.{layer}.ffn_norm.weight"].mean for layer in (0, 31)]
    assert gains == pytest.approx([0.20, 0.48], rel=0.05)


@pytest.mark.parametrize("name", ["token_embd.weight", "blk.0.attn_q.weight", "blk.31.ffn_down.weight"])
def test_one_thread_gives_the_same_numbers(llama_8b: Path, profile: ggufscope.Profile, name: str) -> None:
    with ggufscope.open(llama_8b) as model:
        alone = model.tensors[name].statistics(threads=1)
    row = profile.tensors[name]
    for field in ("mean", "std", "l1_norm", "l2_norm", "kurtosis", "abs_max_index", "sparsity", "outlier_fraction_6"):
        assert alone[field] == row[field], field
    assert alone.column_l2.max() == row.column_l2_max
    assert all((mine == theirs).all() for mine, theirs in zip(alone.histogram, row.histogram, strict=True))


def test_the_saved_profile_is_small(saved_profile: Path) -> None:
    assert saved_profile.stat().st_size <= 2_000_000


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")


@needs_proc
def test_memory_beyond_the_mapping_is_little(peaks: dict[str, int]) -> None:
    assert 0 < peaks["writing"] < 150_000_000
    assert 0 < peaks["profiling"] < 150_000_000


@needs_proc
def test_opening_reads_no_vocabulary(llama_8b: Path) -> None:
    script = """
        import ggufscope
        with ggufscope.open(sys.argv[1]) as small: pass  # imports done
        before = anonymous()
        model = ggufscope.open(sys.argv[1])
        opened = anonymous() - before
        tokens = list(model.metadata["tokenizer.ggml.tokens"])
        print(json.dumps({"opened": opened, "read": anonymous() - before, "tokens": len(tokens)}))
    """
    found = measured(script, llama_8b)
    assert found["tokens"] == 128_256
    assert found["opened"] < 2_000_000 < found["read"]


def test_the_plan_is_what_was_written(llama_8b: Path) -> None:
    plan = make_plan("llama-3.1-8b", "Q4_K_M")
    with ggufscope.open(llama_8b) as model:
        written = [(tensor.name, tensor.type, tensor.shape, tensor.n_bytes) for tensor in model.tensors.values()]
    assert written == [(e.tensor.name, e.type_name, e.tensor.dimensions, e.n_bytes) for e in plan.tensors]
