"""A checkpoint against what a converter made of it: no error where it did well, and each fault by its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.fidelity_record import Fidelity
from support.checkpoints.converting import Tensors, architecture, converted, metadata, permuted
from support.checkpoints.families import HEADS, KV, Tiny, gemma3, llama, mixtral, qwen3
from support.checkpoints.writing import write_checkpoint

Keys = dict[str, Any]
Plant = Callable[[Tensors, Keys], object]
FAMILIES: dict[str, Callable[[], Tiny]] = {each.__name__: each for each in (llama, qwen3, gemma3, mixtral)}


@pytest.fixture
def judged(tmp_path: Path, write_gguf: Callable[..., Path]) -> Callable[..., tuple[Fidelity, Any]]:
    """A function that gives the verdict on a conversion of a family with a fault planted, and the whole record."""

    def judge(family: str, plant: Plant = lambda *_: None, dtype: str = "F32") -> tuple[Fidelity, Any]:
        tiny = FAMILIES[family]()
        directory = write_checkpoint(tmp_path / family, tiny.tensors, tiny.config, dtype=dtype)
        tensors, keys = converted(tiny, family, dtype), metadata(tiny, family)
        plant(tensors, keys)
        path = write_gguf(tensors, keys, architecture=architecture(family))
        (record,) = gs.diff(directory, path).models
        assert record.fidelity is not None
        return record.fidelity, record

    return judge


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_faithful_conversion_has_no_error(family: str, dtype: str, judged) -> None:
    fidelity, record = judged(family, dtype=dtype)
    assert (fidelity.faithful, fidelity.exact, fidelity.faults) == (True, True, [])
    assert fidelity.sentence.startswith("The converter wrote what the checkpoint has")
    assert record.summary.error_squares == 0
    assert not [*record.missing, *record.extra, *record.reshaped]


def _quantize(kind: str, tensors: Tensors) -> None:
    type_ = gguf.GGMLQuantizationType[kind]
    for name, weights in tensors.items():
        if weights.ndim > 1 and weights.shape[-1] % 32 == 0:
            tensors[name] = gguf.quants.quantize(weights, type_), kind  # type: ignore[assignment]


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
def test_the_error_of_a_quantizer_is_no_fault(kind: str, judged) -> None:
    fidelity, record = judged("mixtral", lambda tensors, _: _quantize(kind, tensors))
    assert (fidelity.faithful, fidelity.exact) == (True, False)
    assert 0 < record.summary.nmse < 0.02


def _rows(names: str, change: Callable[[np.ndarray], np.ndarray]) -> Plant:
    def plant(tensors: Tensors, _: Keys) -> None:
        found = [name for name in tensors if names in name]
        assert found
        for name in found:
            tensors[name] = np.ascontiguousarray(change(tensors[name]))

    return plant


def _exchange(one: str, other: str) -> Plant:
    def plant(tensors: Tensors, _: Keys) -> None:
        tensors[one], tensors[other] = tensors[other], tensors[one]

    return plant


def _undone(rows: np.ndarray, n_heads: int) -> np.ndarray:
    order = permuted(np.arange(len(rows)), n_heads)
    return rows[np.argsort(order)]


def _experts_exchanged(stack: np.ndarray) -> np.ndarray:
    return stack[[0, 2, 1, 3]]


def _without(name: str) -> Plant:
    return lambda tensors, _: tensors.pop(name)


def _key(name: str, value: Any) -> Plant:
    return lambda _, keys: keys.__setitem__(name, value)


PLANTED: dict[str, tuple[str, Plant, str, str]] = {
    "queries_not_permuted": ("llama", _rows("attn_q.weight", lambda w: _undone(w, HEADS)), "not-permuted", "attn_q"),
    "keys_not_permuted": ("llama", _rows("attn_k.weight", lambda w: _undone(w, KV)), "not-permuted", "attn_k"),
    "keys_permuted_twice": ("llama", _rows("attn_k.weight", lambda w: permuted(w, KV)), "permuted-twice", "attn_k"),
    "permuted_without_a_rule": ("qwen3", _rows("attn_q.w", lambda w: permuted(w, HEADS)), "permuted-twice", "attn_q"),
    "one_forgotten": ("gemma3", _rows("attn_norm", lambda w: w - 1), "one-not-added", "attn_norm"),
    "one_doubled": ("gemma3", _rows("ffn_norm", lambda w: w + 1), "one-added-twice", "ffn_norm"),
    "one_where_no_rule_says_so": ("llama", _rows("ffn_norm", lambda w: w + 1), "one-added-twice", "ffn_norm"),
    "a_tensor_missing": ("llama", _without("blk.1.ffn_up.weight"), "missing", "blk.1.ffn_up.weight"),
    "output_lost": ("llama", _without("output.weight"), "output-lost", "output.weight"),
    "experts_exchanged": (
        "mixtral", _rows("blk.0.ffn_up_exps", _experts_exchanged), "experts-reordered", "blk.0.ffn_up_exps",
    ),
    "gate_and_up_exchanged": (
        "llama", _exchange("blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"), "exchanged", "blk.0.ffn_gate.weight",
    ),
    "layers_exchanged": (
        "llama", _exchange("blk.0.ffn_down.weight", "blk.1.ffn_down.weight"), "exchanged", "blk.0.ffn_down.weight",
    ),
    "square_matrix_transposed": ("llama", _rows("blk.1.attn_output", lambda w: w.T), "transposed", "blk.1.attn_output"),
    "matrix_transposed": ("llama", _rows("blk.1.ffn_down", lambda w: w.T), "transposed", "blk.1.ffn_down"),
    "a_matrix_scaled": ("llama", _rows("blk.1.attn_v", lambda w: w * 1.001), "altered", "blk.1.attn_v"),
    "rope_base": ("llama", _key("llama.rope.freq_base", 10000.0), "hyperparameter", "llama.rope.freq_base"),
    "epsilon": ("llama", _key("llama.attention.layer_norm_rms_epsilon", 1e-6), "hyperparameter", "epsilon"),
    "heads": ("llama", _key("llama.attention.head_count_kv", 4), "hyperparameter", "head_count_kv"),
    "rope_base_left_out": (
        "llama", lambda _, keys: keys.pop("llama.rope.freq_base"), "hyperparameter", "llama.rope.freq_base",
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
def test_a_fault_is_named(planted: str, judged) -> None:
    family, plant, kind, name = PLANTED[planted]
    fidelity, record = judged(family, plant)
    assert not fidelity.faithful
    assert {fault.kind for fault in fidelity.faults} == {kind}
    assert any(name in each for fault in fidelity.faults for each in fault.names)
    assert all(name in fault.sentence or fault.names[0].split(".")[-2] in fault.sentence for fault in fidelity.faults)
    assert fidelity.sentence.startswith("The converter did not write what the checkpoint has: ")
    if kind not in {"altered", "transposed"}:
        assert record.summary.error_squares == 0, "what is undone leaves no error"


OF_WEIGHTS = [name for name, (_, _, kind, _) in PLANTED.items() if kind not in {"hyperparameter", "altered", "missing"}]


@pytest.mark.parametrize("planted", OF_WEIGHTS)
def test_a_fault_is_named_behind_the_error_of_a_quantizer(planted: str, judged) -> None:
    family, plant, kind, _ = PLANTED[planted]

    def both(tensors: Tensors, keys: Keys) -> None:
        plant(tensors, keys)
        _quantize("Q4_0", tensors)

    fidelity, record = judged(family, both)
    assert {fault.kind for fault in fidelity.faults} == {kind}
    if kind != "transposed":
        assert record.summary.nmse < 0.02, "the quantizer's alone"


def test_a_tied_output_may_be_left_out(tmp_path: Path, write_gguf) -> None:
    tiny = llama()
    tiny.tensors["lm_head.weight"] = tiny.tensors["model.embed_tokens.weight"].copy()
    directory = write_checkpoint(tmp_path / "tied", tiny.tensors, tiny.config, dtype="BF16")
    tensors = converted(tiny, "llama", "BF16")
    del tensors["output.weight"]
    (record,) = gs.diff(directory, write_gguf(tensors, metadata(tiny, "llama"))).models
    assert record.fidelity is not None
    assert record.fidelity.faithful


def test_of_a_quantized_checkpoint_nothing_can_be_told(tmp_path: Path, write_gguf, run_command) -> None:
    tiny = llama()
    packed = {name.replace("_proj.weight", "_proj.qweight"): each for name, each in tiny.tensors.items()}
    directory = write_checkpoint(tmp_path / "packed", packed, tiny.config)
    path = write_gguf(converted(tiny, "llama"), metadata(tiny, "llama"))
    (record,) = gs.diff(directory, path).models
    assert record.fidelity is not None
    assert record.fidelity.faithful is None
    _, shown, _ = run_command("diff", directory, path)
    assert "cannot be told: its tables do not know 14 tensors" in " ".join(shown.split())


def test_the_verdict_is_saved_and_shown(tmp_path: Path, write_gguf, run_command) -> None:
    tiny = llama()
    directory = write_checkpoint(tmp_path / "m", tiny.tensors, tiny.config)
    tensors, keys = converted(tiny, "llama"), metadata(tiny, "llama")
    _exchange("blk.0.ffn_gate.weight", "blk.0.ffn_up.weight")(tensors, keys)
    path, out = write_gguf(tensors, keys), tmp_path / "diff.json"
    _, shown, _ = run_command("diff", directory, path, "-o", out)
    assert "blk.0.ffn_gate.weight: has the weights of blk.0.ffn_up.weight" in " ".join(shown.split())
    (record,) = gs.Diff.load(out).models
    assert record.fidelity is not None
    assert [fault.kind for fault in record.fidelity.faults] == ["exchanged", "exchanged"]


def test_a_gguf_reference_has_no_converter_to_judge(write_gguf) -> None:
    tiny = llama()
    path = write_gguf(converted(tiny, "llama"), metadata(tiny, "llama"))
    (record,) = gs.diff(path, path).models
    assert record.fidelity is None


@pytest.mark.parametrize(("change", "faults"), [(1e-7, []), (0.01, ["altered"])])
def test_numbers_computed_of_the_config_agree_but_for_rounding(
    change: float, faults: list[str], tmp_path: Path, write_gguf: Callable[..., Path]
) -> None:
    tiny = llama()
    scaling = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    directory = write_checkpoint(tmp_path / "llama", tiny.tensors, {**tiny.config, "rope_scaling": scaling})
    tensors, keys = converted(tiny, "llama", "F32"), metadata(tiny, "llama")
    with gs.open(directory) as model:
        factors = model.tensors["rope_freqs.weight"]
        assert factors.source == ()
        tensors["rope_freqs.weight"] = (factors.dequantize() * np.float32(1 + change)).astype(np.float32)
    (record,) = gs.diff(directory, write_gguf(tensors, keys, architecture=architecture("llama"))).models
    assert record.fidelity is not None
    assert [fault.kind for fault in record.fidelity.faults] == faults
    assert ("the last digits of what is computed of the config" in record.fidelity.sentence) == (not faults)
