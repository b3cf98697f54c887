"""Text to token numbers and back, from the tokenizer that a model file carries; numbers as llama.cpp gives them.

    metadata ──▶ Vocabulary ──────────▶ text cut at special tokens ──▶ Pieces, a class per kind ──▶ numbers
                 vocabulary_reader.py   fragments.py                   kinds.py

Nothing of the file is executed: pre-tokenizers are known by name (pre_tokenizers.py), chat templates are data.
"""

from .tokenizer import Special, Tokenizer, read_tokenizer
from .vocabulary import Vocabulary
from .vocabulary_reader import read_vocabulary

__all__ = ["Special", "Tokenizer", "Vocabulary", "read_tokenizer", "read_vocabulary"]
