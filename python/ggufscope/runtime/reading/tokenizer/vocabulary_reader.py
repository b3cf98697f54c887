"""Reads the vocabulary in a model's metadata, and checks it before anything believes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...._core import GGUFError
from ....models.tokens import TokenType
from .kinds import KINDS, Kind
from .pre_tokenizers import PRE_TOKENIZERS
from .special_texts import ENDS, FILL_IN
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....models.model import Model

_LONGEST_TOKEN = 4096  # characters; the longest of real vocabularies, runs of spaces, have a few hundred
_NO_TOKEN = 0xFFFFFFFF  # writers put it for "there is none"


def read_vocabulary(model: Model) -> Vocabulary:
    """Read the vocabulary of a model.

    Raises:
        GGUFError: There is none, of a kind not known here, or malformed; names the key.
    """
    return _Reader(model).read()


class _Reader:
    """Reads keys of one model, each with the type it must have."""

    def __init__(self, model: Model) -> None:
        self._path = model.path
        self._metadata = model.metadata
        self._name = (model.name or "").lower()

    def read(self) -> Vocabulary:
        kind = self._kind()
        tokens = self._tokens()
        types = self._types(tokens)
        usual = (("bos", kind.usual_bos), ("eos", kind.usual_eos))
        bos, eos = (self._special(name, len(tokens), number) for name, number in usual)
        pre = self._text("tokenizer.ggml.pre") if kind.has_merges else None
        adds_bos = kind.adds_bos if pre not in PRE_TOKENIZERS else PRE_TOKENIZERS[pre].adds_bos
        return Vocabulary(
            kind=kind.name,
            pre=pre,
            tokens=tokens,
            types=types,
            scores=self._scores(len(tokens)) if kind.has_scores else None,
            merges=self._strings("tokenizer.ggml.merges") if kind.has_merges else None,
            bos=bos,
            eos=eos,
            ends=self._ends(tokens, eos),
            add_bos=self._adds("bos", bos, adds_bos),
            add_eos=self._adds("eos", eos, False),
            add_space=kind.adds_space and self._flag("tokenizer.ggml.add_space_prefix", True),
            strip_after_special="phi-3" in self._name or "phi3" in self._name,
        )

    def _kind(self) -> Kind:
        if "tokenizer.ggml.model" not in self._metadata:
            raise self._refusal("tokenizer.ggml.model", "the file has no tokenizer")
        model = self._text("tokenizer.ggml.model")
        if model not in KINDS:
            known = ", ".join(f"{name} ({kind.name})" for name, kind in KINDS.items())
            raise self._refusal("tokenizer.ggml.model", f"tokenizer {model!r} is not supported; there are {known}")
        return KINDS[model]

    def _tokens(self) -> list[str]:
        key = "tokenizer.ggml.tokens"
        tokens = [text or f"[EMPTY_{number}]" for number, text in enumerate(self._strings(key))]  # as llama.cpp
        if not tokens:
            raise self._refusal(key, "the vocabulary is empty")
        if len(set(tokens)) != len(tokens):
            first: dict[str, int] = {}
            twice = next(n for n, text in enumerate(tokens) if first.setdefault(text, n) != n)
            raise self._refusal(key, f"tokens {first[tokens[twice]]} and {twice} are the same")
        longest = max(range(len(tokens)), key=lambda number: len(tokens[number]))
        if len(tokens[longest]) > _LONGEST_TOKEN:
            length = len(tokens[longest])
            raise self._refusal(key, f"token {longest} has {length} characters, the limit is {_LONGEST_TOKEN}")
        return tokens

    def _types(self, tokens: list[str]) -> npt.NDArray[np.int32]:
        key = "tokenizer.ggml.token_type"
        types = np.full(len(tokens), TokenType.NORMAL, np.int32)
        if key in self._metadata:
            types = self._numbers(key, "iu", len(tokens)).astype(np.int32)
        # Texts that can only be control tokens count as such, as llama.cpp has it: files were written with other types.
        for number, text in enumerate(tokens):
            if text in ENDS or text in FILL_IN:
                types[number] = TokenType.CONTROL
        return types

    def _scores(self, n_tokens: int) -> npt.NDArray[np.float32]:
        key = "tokenizer.ggml.scores"
        scores = self._numbers(key, "fi", n_tokens).astype(np.float32)
        if np.isnan(scores).any():
            raise self._refusal(key, f"the score of token {int(np.argmax(np.isnan(scores)))} is NaN")
        return scores

    def _ends(self, tokens: list[str], eos: int | None) -> frozenset[int]:
        named = (self._special(name, len(tokens), None) for name in ("eot", "eom"))
        texts = (number for number, text in enumerate(tokens) if text in ENDS)
        return frozenset(number for number in (eos, *named, *texts) if number is not None)

    def _adds(self, name: str, token: int | None, default: bool) -> bool:
        key = f"tokenizer.ggml.add_{name}_token"
        adds = self._flag(key, default)
        if adds and token is None:
            raise self._refusal(
                f"tokenizer.ggml.{name}_token_id", f"a text needs a {name} token, and the file has none"
            )
        return adds

    def _special(self, name: str, n_tokens: int, default: int | None) -> int | None:
        key = f"tokenizer.ggml.{name}_token_id"
        if key not in self._metadata:
            return default if default is not None and default < n_tokens else None
        value = self._metadata[key]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._refusal(key, f"a token number, not {self._metadata.kind(key)}")
        if value in {_NO_TOKEN, -1}:
            return None
        if not 0 <= value < n_tokens:
            raise self._refusal(key, f"token {value} of a vocabulary of {n_tokens}")
        return value

    def _text(self, key: str) -> str:
        value = self._value(key, "string")
        return str(value)

    def _strings(self, key: str) -> list[str]:
        values: list[str] = self._value(key, "array[string]")
        return values

    def _flag(self, key: str, default: bool) -> bool:
        return bool(self._value(key, "bool")) if key in self._metadata else default

    def _numbers(self, key: str, dtypes: str, length: int) -> npt.NDArray[Any]:
        values = self._value(key, None)
        if not isinstance(values, np.ndarray) or values.dtype.kind not in dtypes:
            raise self._refusal(key, f"an array of numbers, not {self._metadata.kind(key)}")
        if len(values) != length:
            raise self._refusal(key, f"{len(values)} entries for {length} tokens")
        return values

    def _value(self, key: str, kind: str | None) -> Any:
        """The value of a key that must be there, of type `kind` unless that is None."""
        if key not in self._metadata:
            raise self._refusal(key, "the key is missing")
        if kind is not None and self._metadata.kind(key) != kind:
            raise self._refusal(key, f"must be {kind}, not {self._metadata.kind(key)}")
        return self._metadata[key]

    def _refusal(self, key: str, reason: str) -> GGUFError:
        return GGUFError(f"{self._path}: {key}: {reason}")
