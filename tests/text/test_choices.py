"""Names in the order that people count in, and those most like a wrong one."""

from __future__ import annotations

from ggufscope.text.choices import natural_key, near, offered


def test_numbers_in_names_are_numbers() -> None:
    names = ["blk.10.a", "10", "blk.2.a", "2", "blk.2", "a", "9" * 40]
    assert sorted(names, key=natural_key) == ["2", "10", "9" * 40, "a", "blk.2", "blk.2.a", "blk.10.a"]


def test_near_names_come_first() -> None:
    names = ["token_embd", "attn_q", "attn_v", "ATTN_K", "ffn_up"]
    assert near("attn_vv", names)[0] == "attn_v"
    assert near("attn_k", names)[0] == "ATTN_K"
    assert near("*embd*", names) == ["token_embd"]
    assert near("zzz", names) == []
    assert near("a1", [f"a{number}" for number in range(3000)]) == []  # too many to compare
    assert offered("attn_vv", names).startswith("attn_v, ")
    assert offered("zzz", names, most=2) == "token_embd, attn_q and 3 more"
    assert sorted(offered("attn_vv", names).split(", ")) == sorted(names)
