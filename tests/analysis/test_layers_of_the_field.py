"""Layers as files of the field have them: without attention, beside next-token blocks and other stacks, merged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from support.analysis_models import draw
from support.model_files import write_model

WIDTH, HEAD, FFN = 64, 32, 128


def numbers(architecture: str, n_layers: int, **more: Any) -> dict[str, Any]:
    keys = {"block_count": n_layers, "embedding_length": WIDTH, "attention.head_count": 2, "attention.head_count_kv": 1}
    keys |= {"attention.key_length": HEAD, "attention.value_length": HEAD, "attention.layer_norm_rms_epsilon": 1e-6}
    return {f"{architecture}.{key}": value for key, value in (keys | more).items()}


def block(layer: int, value_size: float = 1.0, prefix: str = "") -> dict[str, Any]:
    """A layer whose weights are its own."""
    seed = 100 * layer
    return {
        f"{prefix}blk.{layer}.{role}.weight": data
        for role, data in {
            "attn_norm": 1 + draw(seed, WIDTH),
            "attn_q": draw(seed + 1, 2 * HEAD, WIDTH),
            "attn_k": draw(seed + 2, HEAD, WIDTH),
            "attn_v": draw(seed + 3, HEAD, WIDTH) * np.float32(value_size),
            "attn_output": draw(seed + 4, WIDTH, 2 * HEAD),
            "ffn_norm": 1 + draw(seed + 5, WIDTH),
            "ffn_gate": draw(seed + 6, FFN, WIDTH),
            "ffn_up": draw(seed + 7, FFN, WIDTH),
            "ffn_down": draw(seed + 8, WIDTH, FFN),
        }.items()
    }


def linear_block(layer: int) -> dict[str, Any]:
    """A layer of linear attention: attn_qkv has the rows of 2 + 2 + 2 heads, which it does not have."""
    name = f"blk.{layer}."
    kept = {key: data for key, data in block(layer).items() if "ffn" in key or "attn_norm" in key}
    qkv = np.concatenate([draw(100 * layer + i, 64, WIDTH, std=std) for i, std in ((1, 0.02), (2, 0.05), (3, 0.1))])
    state = {f"{name}ssm_a": -np.abs(draw(layer, 4)), f"{name}ssm_out.weight": qkv[:64]}
    return kept | state | {f"{name}attn_qkv.weight": qkv}


def findings(source: Any) -> dict[str, tuple[str, str, float | None]]:
    return {key: (each.verdict, each.measured, each.value) for key, each in gs.analyze(source).hypotheses.items()}


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Three layers of linear attention, then one of softmax, twice; with head counts by layer, and with one for all."""
    directory = tmp_path_factory.mktemp("hybrid")
    tensors = {}
    for layer in range(8):
        tensors |= block(layer) if layer % 4 == 3 else linear_block(layer)
    by_layer = numbers("qwen35", 8, **{"attention.head_count_kv": [0, 0, 0, 1] * 2})
    return {
        kind: write_model(directory / f"{kind}.gguf", tensors, metadata, architecture="qwen35")
        for kind, metadata in (("by layer", by_layer), ("for all", numbers("qwen35", 8)),
                               ("misleading", numbers("qwen35", 8, **{"attention.head_count_kv": 2})))
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["by layer", "for all", "misleading"])
def test_layers_without_attention_have_no_heads(hybrid: dict[str, Any], kind: str) -> None:
    profile = gs.profile(hybrid[kind])
    assert all(set(table.layers) <= {3, 7} for table in profile.heads.values())
    analysis = gs.analyze(hybrid[kind])
    verdicts = {key: finding.verdict for key, finding in analysis.hypotheses.items()}
    assert [verdicts[key] for key in ("H2", "H3", "H4")] == ["not applicable"] * 3
    assert analysis.layers["risk"].tolist() == [50.0] * 8
    assert findings(hybrid[kind]) == findings(hybrid["for all"])


def test_components_that_drop_out_are_named_beside_the_index(hybrid: dict[str, Any], run_command: Any) -> None:
    _, out, _ = run_command("analyze", hybrid["by layer"])
    assert "\nnot in the index entropy, dominance, sparsity\n" in out
    analysis = gs.analyze(hybrid["by layer"])
    names = ("attention entropy", "FFN dominance", "value sparsity")
    assert f"not in the index, heuristic: {', '.join(names)}" in analysis._repr_html_()
    reason = analysis.document.preset.dropped["attention_entropy"]
    assert reason == "k_norm, value_sparsity, q_gate_ratio are not defined on every layer"


def test_a_next_token_block_changes_no_verdict(tmp_path: Any) -> None:
    trunk = {}
    for layer in range(12):
        trunk |= block(layer, 1 + 0.02 * layer)
    extra = block(12, 2.5) | {"blk.12.nextn.eh_proj.weight": draw(1, WIDTH, 2 * WIDTH)}
    alone = write_model(tmp_path / "trunk.gguf", trunk, numbers("glm4moe", 12), architecture="glm4moe")
    metadata = numbers("glm4moe", 13, nextn_predict_layers=1)
    whole = write_model(tmp_path / "whole.gguf", trunk | extra, metadata, architecture="glm4moe")
    assert findings(whole) == findings(alone)
    assert findings(whole)["H3"][0] == "does not hold"
    analysis, profile = gs.analyze(whole), gs.profile(whole)
    assert analysis.document.model.n_layers == 12
    assert "block 12 predicts tokens behind the next one, outside the layers" in analysis.document.notes
    assert "not analysed, as they are not of the main stack: 1 next-token-prediction block" in analysis.document.notes
    np.testing.assert_array_equal(analysis.layers["risk"], gs.analyze(alone).layers["risk"])
    assert {name: row.n_elements for name, row in profile.stack_totals.items()} == {
        "main": sum(tensor.size for tensor in trunk.values()),
        "nextn": sum(tensor.size for tensor in extra.values()),
    }
    assert profile.total.n_elements == profile.model.n_elements
    assert gs.profile(alone).thirds == {name: row for name, row in profile.thirds.items() if row.stack is None}


def test_text_beside_vision_is_read_as_text_alone(tmp_path: Any) -> None:
    text: dict[str, Any] = {}
    for layer in range(6):
        text |= block(layer)
    vision = {f"v.blk.{i}.attn_q.weight": draw(i, 32, 32, std=0.5) for i in range(9)}
    other = vision | {"v.patch_embedding.weight": draw(50, 32, 32), "a.blk.0.conv_dw.weight": draw(51, 32, 5)}
    alone = write_model(tmp_path / "text.gguf", text, numbers("gemma3", 6), architecture="gemma3")
    whole = write_model(tmp_path / "whole.gguf", text | other, numbers("gemma3", 6), architecture="gemma3")
    assert findings(whole) == findings(alone)
    profiles = [gs.profile(path) for path in (whole, alone)]
    assert {third: profiles[0].thirds[third] for third in ("early", "middle", "late")} == profiles[1].thirds
    with gs.open(whole) as model:
        assert len(model.layers) == len(profiles[0].stacks[None]) == gs.analyze(model).document.model.n_layers == 6
    assert "not analysed, as they are not of the main stack: 1 audio layer + 9 vision layers" in (
        gs.analyze(profiles[0]).document.notes
    )


def mixture(n_experts: int, width: int, hidden: int, merged: bool) -> dict[str, Any]:
    tensors = {"token_embd.weight": draw(7, 64, width), "output_norm.weight": 1 + draw(8, width)}
    for layer in range(4):
        name, seed = f"blk.{layer}.", 1000 * layer
        gate, up = (draw(seed + i, n_experts, hidden, width, std=0.02 * (1 + 0.1 * layer * i)) for i in (1, 2))
        tensors |= {f"{name}{norm}.weight": 1 + draw(seed + 3, width) for norm in ("attn_norm", "ffn_norm")}
        tensors |= {
            f"{name}attn_{role}.weight": draw(seed + 4 + i, width, width)
            for i, role in enumerate(("q", "k", "v", "output"))
        }
        tensors[f"{name}ffn_gate_inp.weight"] = draw(seed + 9, n_experts, width)
        tensors[f"{name}ffn_down_exps.weight"] = draw(seed + 10, n_experts, width, hidden)
        if merged:
            tensors[f"{name}ffn_gate_up_exps.weight"] = np.concatenate([gate, up], axis=1)
        else:
            tensors |= {f"{name}ffn_gate_exps.weight": gate, f"{name}ffn_up_exps.weight": up}
    return tensors


@pytest.mark.parametrize(("n_experts", "width", "hidden"), [(4, 64, 96), (2, 16, 24)], ids=["experts", "tiny experts"])
def test_merged_gate_and_up_are_taken_apart(tmp_path: Any, n_experts: int, width: int, hidden: int) -> None:
    more = {"embedding_length": width, "attention.head_count_kv": 2, "expert_count": n_experts, "expert_used_count": 2}
    more |= {"attention.key_length": width // 2, "attention.value_length": width // 2}
    paths = {}
    for merged in (False, True):
        tensors = mixture(n_experts, width, hidden, merged)
        paths[merged] = write_model(tmp_path / f"{merged}.gguf", tensors, numbers("qwen3moe", 4, **more),
                                    architecture="qwen3moe")  # fmt: skip
    apart, whole = (gs.profile(path) for path in paths.values())
    for layer in range(4):
        for role in ("ffn_gate_exps", "ffn_up_exps"):
            ours, row = whole.halves[layer, role], apart.tensors[f"blk.{layer}.{role}.weight"]
            assert ours.n_bytes == row.n_bytes
            for field in ("l2_norm", "rms", "kurtosis", "sparsity", "min", "max", "mean", "n_elements"):
                assert ours[field] == pytest.approx(row[field], rel=1e-12), field
    for key, row in apart.experts.items():
        assert whole.experts[key].l2_norm == pytest.approx(row.l2_norm, rel=1e-12)
    one, other = (gs.analyze(path) for path in paths.values())
    for name, values in one.layers.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(other.layers[name], values, rtol=1e-12, err_msg=name)
    assert np.isfinite(other.layers["ffn_dominance"]).all()
    assert [each[:2] for each in findings(paths[True]).values()] == [
        each[:2] for each in findings(paths[False]).values()
    ]
    assert "known on every layer" not in str(other.hypotheses)  # of the invariant products
    pairs = zip(one.document.other_presets, other.document.other_presets, strict=True)
    assert all([each.risk for each in a.layers] == [each.risk for each in b.layers] for a, b in pairs)
    whole.save(tmp_path / "profile.json")
    np.testing.assert_array_equal(gs.analyze(tmp_path / "profile.json").layers["risk"], other.layers["risk"])
