"""A model of the size people use: complete, reproducible, and within the memory promised."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import ggufscope
from ggufscope.synth import make_plan

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = 8_030_261_248 + 64  # and those of rope_freqs
TENSOR_BYTES = 4_912_898_304


@pytest.fixture(scope="module")
def profile(llama_8b: Path) -> ggufscope.Profile:
    return ggufscope.profile(llama_8b, threads=2, keep_vectors=False)


def test_the_file_has_the_tensors_of_the_real_one(llama_8b: Path) -> None:
    with ggufscope.open(llama_8b) as model:
        assert len(model.tensors) == 292
        assert model.n_parameters == PARAMETERS
        assert sum(tensor.n_bytes for tensor in model.tensors.values()) == TENSOR_BYTES
        assert Counter(tensor.type for tensor in model.tensors.values()) == {"Q4_K": 193, "Q6_K": 33, "F32": 66}
        assert len(model.metadata["tokenizer.ggml.tokens"]) == 128_256
        assert len(model.metadata["tokenizer.ggml.merges"]) == 280_147


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


def test_one_thread_gives_the_same_profile(llama_8b: Path, profile: ggufscope.Profile) -> None:
    alone = ggufscope.profile(llama_8b, threads=1, keep_vectors=False)
    assert alone.to_json(reproducible=True) == profile.to_json(reproducible=True)


def test_the_saved_profile_is_small(profile: ggufscope.Profile) -> None:
    assert len(profile.to_json().encode()) <= 2_000_000


def measured(script: str, *arguments: str) -> dict[str, int]:
    """What a script prints as JSON, run in an interpreter of its own with `anonymous()` to ask for its memory.

    Anonymous memory is what a process holds beyond file mappings, in bytes; its peak is sampled.
    """
    prelude = """
        import json, re, sys
        def anonymous():
            return int(re.search(r"RssAnon:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1000
        peak = 0
        def sample(*_):
            global peak
            peak = max(peak, anonymous())
    """
    source = textwrap.dedent(prelude) + textwrap.dedent(script)
    done = subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")


@needs_proc
def test_profiling_takes_little_memory_beyond_the_mapping(llama_8b: Path) -> None:
    script = """
        import ggufscope
        profile = ggufscope.profile(sys.argv[1], threads=2, progress=sample)
        sample()
        print(json.dumps({"peak": peak, "elements": profile.total.n_elements}))
    """
    found = measured(script, str(llama_8b))
    assert found["elements"] == PARAMETERS
    assert found["peak"] < 150_000_000


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
    found = measured(script, str(llama_8b))
    assert found["tokens"] == 128_256
    assert found["opened"] < 2_000_000 < found["read"]


@needs_proc
def test_writing_takes_little_memory() -> None:
    script = """
        from ggufscope.synth import synthesize
        synthesize("llama-3.1-8b", "/dev/null", "Q4_K_M", progress=sample)
        print(json.dumps({"peak": peak}))
    """
    assert measured(script)["peak"] < 150_000_000


def test_the_plan_is_what_was_written(llama_8b: Path) -> None:
    plan = make_plan("llama-3.1-8b", "Q4_K_M")
    with ggufscope.open(llama_8b) as model:
        written = [(tensor.name, tensor.type, tensor.shape, tensor.n_bytes) for tensor in model.tensors.values()]
    assert written == [(e.tensor.name, e.type_name, e.tensor.dimensions, e.n_bytes) for e in plan.tensors]
