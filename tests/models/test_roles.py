"""Layers and roles of the names that real converters write, and of names nobody should have written."""

from __future__ import annotations

import gguf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggufscope.models.roles import Place, gguf_constants, place


@pytest.mark.parametrize(
    ("name", "layer", "role"),
    [
        ("token_embd.weight", None, "token_embd"),
        ("output.weight", None, "output"),
        ("output_norm.bias", None, "output_norm.bias"),
        ("rope_freqs.weight", None, "rope_freqs"),
        ("blk.0.attn_q.weight", 0, "attn_q"),
        ("blk.31.attn_q.bias", 31, "attn_q.bias"),  # qwen2
        ("blk.3.attn_q_norm.weight", 3, "attn_q_norm"),  # qwen3
        ("blk.3.attn_qkv.weight", 3, "attn_qkv"),  # phi, gpt2
        ("blk.9.post_attention_norm.weight", 9, "post_attention_norm"),  # gemma
        ("position_embd.weight", None, "position_embd"),  # gpt2, bert
        ("token_types.weight", None, "token_types"),  # bert
        ("token_embd_norm.weight", None, "token_embd_norm"),
        ("blk.7.layer_output_norm.weight", 7, "layer_output_norm"),
        ("blk.7.ffn_gate_inp.weight", 7, "ffn_gate_inp"),  # mixtral
        ("blk.7.ffn_gate_exps.weight", 7, "ffn_gate_exps"),
        ("blk.7.attn_kv_a_mqa.weight", 7, "attn_kv_a_mqa"),  # deepseek
        ("blk.7.exp_probs_b.bias", 7, "exp_probs_b.bias"),
        ("blk.7.ssm_a", 7, "ssm_a"),  # mamba, without .weight
        ("blk.5.attn_q.weight.scale", 5, "attn_q.scale"),
        ("blk.5.attn_q.scale", 5, "attn_q.scale"),  # NVFP4
        ("blk.5.something_new.weight", 5, "something_new"),
        ("blk.2.attn_q.weight.lora_a", 2, "attn_q.lora_a"),
    ],
)
def test_main_stack(name: str, layer: int | None, role: str) -> None:
    assert place(name) == Place(layer=layer, role=role)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("enc.blk.4.attn_q.weight", Place(4, "enc.attn_q", "enc")),  # t5
        ("dec.blk.4.cross_attn_q.weight", Place(4, "dec.cross_attn_q", "dec")),
        ("v.blk.11.attn_out.weight", Place(11, "v.attn_out", "v")),
        ("v.sam.blk.1.attn.qkv.weight", Place(1, "v.sam.attn.qkv", "v.sam")),
        ("a.proj_blk.1.cross_attn_k.weight", Place(1, "a.proj_blk.cross_attn_k", "a.proj_blk")),
        ("convnext.2.dw.weight", Place(2, "convnext.dw", "convnext")),
        ("mm.0.weight", Place(None, "mm.0", "mm")),
        ("v.patch_embd.weight", Place(None, "v.patch_embd", "v")),
        ("v.patch_embedding.weight", Place(None, None, "v")),  # Ollama's files of text and vision
        ("mm.mm_input_projection.weight", Place(None, None, "mm")),
        ("a.conv1d.0.weight", Place(None, "a.conv1d.0", "a")),
        ("dec.output_norm.weight", Place(None, "dec.output_norm", "dec")),
    ],
)
def test_other_stacks_are_told_apart(name: str, expected: Place) -> None:
    assert place(name) == expected


def test_old_files_store_each_expert_by_itself() -> None:
    assert place("blk.0.ffn_gate.3.weight") == Place(0, "ffn_gate_exps", None, expert=3)


@pytest.mark.parametrize(
    "name",
    ["", ".", "weight", ".weight", "blk", "blk.", "blk..attn_q", "blk.x.attn_q.weight", "blk.-1.attn_q.weight",
     "blk.0.", "blk.0. attn", "blk.99999999999999999999.attn_q.weight", "blk.999999.attn_q.weight",
     "model.layers.0.self_attn.q_proj.weight", "blk.\u0663.attn_q.weight", "lm_head", "v", "v.", "vision.patch",
     "x" * 63, "\x00\x1b"],
)  # fmt: skip
def test_names_that_say_nothing(name: str) -> None:
    assert place(name) == Place()


@given(st.text() | st.from_regex(r"(enc\.|v\.)?blk\.[0-9]{0,12}\..{0,20}"))
def test_any_name_is_taken(name: str) -> None:
    found = place(name)
    assert found.layer is None or 0 <= found.layer < 100_000
    assert found.role is None or found.role


def test_every_name_of_the_gguf_package_has_a_role() -> None:
    for pattern in gguf.TENSOR_NAMES.values():
        found = place(pattern.replace("{bid}", "12") + ".weight")
        assert found.role is not None, pattern
        if "blk.{bid}." in pattern:
            assert found.layer == 12, pattern


def test_roles_keep_all_names_apart() -> None:
    names = {pattern.replace("{bid}", "1") for pattern in gguf.TENSOR_NAMES.values()}
    assert len({place(name + ".weight") for name in names}) == len(names)


def test_the_tables_alone_are_those_of_the_package() -> None:
    assert set(gguf_constants().TENSOR_NAMES.values()) == set(gguf.TENSOR_NAMES.values())
