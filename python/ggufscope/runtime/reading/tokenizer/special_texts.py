"""Texts that make a token special whatever type the file gives it (llama.cpp, src/llama-vocab.cpp, `load`)."""

# End a text or a turn.
ENDS = frozenset({
    "</s>", "<eos>", "<EOT>", "_<EOT>", "<end_of_turn>", "<|end|>", "<|end_of_text|>", "<|endoftext|>", "<|eom_id|>",
    "<|eot_id|>", "<|file_sep|>", "<|fim_pad|>", "<|fim_repo|>", "<|im_end|>", "<|repo_name|>",
})  # fmt: skip

# Mark the parts of a text with a gap to fill.
FILL_IN = frozenset({
    "<fim-middle>", "<fim-prefix>", "<fim-suffix>", "<fim_middle>", "<fim_prefix>", "<fim_suffix>", "<|fim_middle|>",
    "<|fim_prefix|>", "<|fim_suffix|>",
})  # fmt: skip
