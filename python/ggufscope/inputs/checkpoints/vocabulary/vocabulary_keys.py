"""All keys of a checkpoint's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..key_values import KeyValue
from .byte_fallback import byte_fallback, is_byte_fallback
from .byte_pairs import byte_pairs
from .sentence_pieces import sentence_pieces
from .special_tokens import SpecialTokens, chat_template_keys
from .tokenizer_files import MOST_TOKENS, TokenizerFiles

if TYPE_CHECKING:
    from ..config import Config
    from ..conversion import Conversion
    from ..side_files import SideFiles
    from .token_list import TokenList

LIBRARY_KEY = "tokenizer.huggingface.json"  # GGUF's key for a whole tokenizer.json


def vocabulary_keys(config: Config, conversion: Conversion, side: SideFiles) -> list[KeyValue]:
    """The keys of the tokenizer; none where the checkpoint has no tokenizer, or one of a kind that is not written here.

    Raises:
        GGUFError: A file of the tokenizer is malformed.
        OSError: One cannot be read.
    """
    files = TokenizerFiles.read(side)
    tokens = _tokens(config, conversion, files, side)
    if tokens is None:
        return []
    keys = [
        KeyValue("tokenizer.ggml.model", "string", tokens.model),
        *([KeyValue("tokenizer.ggml.pre", "string", tokens.pre)] if tokens.pre is not None else []),
        KeyValue("tokenizer.ggml.tokens", "string", tokens.texts),
        *([KeyValue("tokenizer.ggml.scores", "float32", tokens.scores)] if tokens.scores else []),
        KeyValue("tokenizer.ggml.token_type", "int32", tokens.kinds),
        *([KeyValue("tokenizer.ggml.merges", "string", tokens.merges)] if tokens.merges else []),
        *SpecialTokens(files, config, len(tokens.texts)).keys(),
        *chat_template_keys(files, side),
        *_always(config, conversion, files, len(tokens.texts)),
    ]
    return list({each.key: each for each in keys}.values())


def _tokens(config: Config, conversion: Conversion, files: TokenizerFiles, side: SideFiles) -> TokenList | None:
    n_tokens = config.count("vocab_size")
    if n_tokens is not None and n_tokens > MOST_TOKENS:
        raise config.refusal(("vocab_size",), f"must be at most {MOST_TOKENS}")
    pieces = side.contents("tokenizer.model")
    if pieces is not None:
        return sentence_pieces(pieces, files, side, n_tokens, conversion.added_as_they_are)
    if is_byte_fallback(files):
        return byte_fallback(files)
    if files.model.get("type") == "BPE" and files.model.get("byte_fallback") is not True:
        return byte_pairs(files, n_tokens, conversion.architecture)
    return None


def _always(config: Config, conversion: Conversion, files: TokenizerFiles, n_tokens: int) -> list[KeyValue]:
    """Keys that the converter writes for an architecture, whatever its tokenizer says."""
    space = conversion.adds_space_prefix
    told = (files.config or {}).get("add_prefix_space")
    if space is None and conversion.architecture == "llama" and isinstance(told, bool):
        space = told
    bos = conversion.adds_bos
    if conversion.architecture == "llama" and config.count("vocab_size") == _GRANITE_SMALL:
        bos = False
    keys = []
    if space is not None:
        keys.append(KeyValue("tokenizer.ggml.add_space_prefix", "bool", space))
    if bos is not None:
        keys.append(KeyValue("tokenizer.ggml.add_bos_token", "bool", bos))
    keys += [
        KeyValue(f"tokenizer.ggml.{name}_token_id", "uint32", number)
        for name, number in conversion.token_ids.items()
        if number < n_tokens
    ]
    return keys


_GRANITE_SMALL = 49152  # tokens, of Granite and of SmolLM: the converter takes either for the first
