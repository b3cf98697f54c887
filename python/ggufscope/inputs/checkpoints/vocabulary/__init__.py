"""The tokenizer of a checkpoint as metadata of a GGUF file.

tokenizer.model              pieces with scores                         `llama`
tokenizer.json               pairs of characters, bytes for others      `llama`
pairs of bytes                             `gpt2`
tokenizer_config.json        special tokens, whether they are added, chat template
"""

from .vocabulary_keys import vocabulary_keys

__all__ = ["vocabulary_keys"]
