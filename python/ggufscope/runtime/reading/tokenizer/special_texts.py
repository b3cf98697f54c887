"""Texts that make a token special whatever type the file gives it (llama.cpp, src/llama-vocab.cpp, `load`)."""

from __future__ import annotations

# End a text or a turn.
ENDS = frozenset({
    "</s>", "<eos>", "<EOT>", "_<EOT>", "[EOS]", "[EOT]", "[e~[", "<end_of_turn>", "<end_of_utterance>", "<turn|>",
    "<|call|>", "<|calls|>", "<|end|>", "<|end_of_text|>", "<|endoftext|>", "<|eom_id|>", "<|eot_id|>", "<|flush|>",
    "<|im_end|>", "<|return|>", "<|tool_response>", "<\uff5cend▁of▁sentence\uff5c>",
})  # fmt: skip

# Have a role besides. The first key that is there names the token of the role; without one its texts do.
ROLES: dict[tuple[str, ...], frozenset[str]] = {
    ("fim_pre", "prefix"): frozenset({
        "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<\uff5cfim▁begin\uff5c>", "<PRE>", "▁<PRE>",
        "<|code_prefix|>", "<|prefix|>",
    }),
    ("fim_suf", "suffix"): frozenset({
        "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<\uff5cfim▁hole\uff5c>", "<SUF>", "▁<SUF>",
        "<|code_suffix|>", "<|suffix|>",
    }),
    ("fim_mid", "middle"): frozenset({
        "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<\uff5cfim▁end\uff5c>", "<MID>", "▁<MID>",
        "<|code_middle|>", "<|middle|>",
    }),
    ("fim_pad",): frozenset({"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}),
    ("fim_rep",): frozenset({"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}),
    ("fim_sep",): frozenset({"<|file_sep|>"}),
}  # fmt: skip
ENDING_ROLES = frozenset({("fim_pad",), ("fim_rep",), ("fim_sep",)})  # their tokens end a text, too

# Are shown in an answer (gpt-oss).
SHOWN = frozenset({"<|channel|>", "<|constrain|>", "<|message|>", "<|start|>"})

# Beside which a text of `ENDS` ends nothing: either set suffices. The type that it then has is in special_tokens.py.
TURNS_GO_ON = (frozenset({"<|return|>", "<|call|>"}), frozenset({"<|return|>", "<|calls|>"}),
               frozenset({"<|flush|>", "<|call|>"}), frozenset({"<|flush|>", "<|calls|>"}))  # fmt: skip
PLAIN_END = frozenset({"<|tool_response>", "<|plamo:eos|>"})

# Special tokens after which white space is kept where others drop it (phi-3).
KEEP_SPACE_AFTER = frozenset({"<unk>", "<s>", "<|endoftext|>"})
