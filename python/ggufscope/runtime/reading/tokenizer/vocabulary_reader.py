"""Reads the vocabulary in a model's metadata, and checks it before anything believes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import KINDS, Kind
from .metadata_keys import PREFIX, MetadataKeys
from .pre_tokenizers import NOT_CUT, PRE_TOKENIZERS, PreTokenizer
from .special_tokens import SpecialTokens
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from ....models.model import Model

_USUAL_PRE = "default"  # as llama.cpp takes it, with a warning
_NO_PRE = f"no {PREFIX}pre: text is cut as llama.cpp cuts it then ({_USUAL_PRE!r}), which may differ from training"
_LONGEST_TOKEN = 4096  # characters; the longest of real vocabularies, runs of spaces, have a few hundred


def read_vocabulary(model: Model) -> Vocabulary:
    """Read the vocabulary of a model, without what only its kind has.

    Raises:
        GGUFError: There is none, of a kind not known here, or malformed; names the key.
    """
    keys = MetadataKeys(model)
    return vocabulary_of_kind(keys, kind_of(keys))


def kind_of(keys: MetadataKeys) -> Kind:
    """The kind of a model's tokenizer.

    Raises:
        GGUFError: There is no tokenizer, or one of a kind not known here.
    """
    if "model" not in keys:
        raise keys.refusal("model", "the file has no tokenizer")
    model = keys.text("model")
    if model not in KINDS:
        raise keys.refusal("model", f"tokenizer {model!r} is not supported; there are {', '.join(KINDS)}")
    return KINDS[model]


def vocabulary_of_kind(keys: MetadataKeys, kind: Kind) -> Vocabulary:
    """Read the vocabulary of a tokenizer whose kind is known.

    Raises:
        GGUFError: Something is missing or malformed; names the key.
    """
    tokens = _tokens(keys)
    n_tokens = len(tokens)
    named = {
        "bos": kind.usual_bos,
        "eos": kind.usual_eos,
        "unknown": kind.usual_unknown,
        "seperator": kind.usual_separator,
    }  # as files spell it
    special_ids = {name: keys.special(name, n_tokens, default) for name, default in named.items()}
    pre_name, notes = _pre_name(keys, kind)
    pre = NOT_CUT if pre_name is None else _pre_tokenizer(keys, pre_name)
    special = SpecialTokens(keys, {text: number for number, text in enumerate(tokens)}, special_ids["eos"])
    opening, closing = _frame(keys, kind, pre, special_ids)
    return Vocabulary(
        kind=kind.name,
        pre=pre,
        tokens=tokens,
        types=special.types,
        stored_types=special.stored_types,
        bos=special_ids["bos"],
        eos=special_ids["eos"],
        unknown=special_ids["unknown"],
        ends=special.ends,
        opening=opening,
        closing=closing,
        add_space=keys.flag("add_space_prefix", kind.adds_space),
        strips_before=special.strips_before(pre_name),
        strips_after=special.strips_after(pre_name),
        notes=notes,
    )


def _tokens(keys: MetadataKeys) -> list[str]:
    tokens = [text or f"[EMPTY_{number}]" for number, text in enumerate(keys.strings("tokens"))]  # as llama.cpp
    if not tokens:
        raise keys.refusal("tokens", "the vocabulary is empty")
    if len(set(tokens)) != len(tokens):
        first: dict[str, int] = {}
        twice = next(n for n, text in enumerate(tokens) if first.setdefault(text, n) != n)
        raise keys.refusal("tokens", f"tokens {first[tokens[twice]]} and {twice} are the same")
    longest = max(range(len(tokens)), key=lambda number: len(tokens[number]))
    if len(tokens[longest]) > _LONGEST_TOKEN:
        length = len(tokens[longest])
        raise keys.refusal("tokens", f"token {longest} has {length} characters, the limit is {_LONGEST_TOKEN}")
    return tokens


def _pre_name(keys: MetadataKeys, kind: Kind) -> tuple[str | None, tuple[str, ...]]:
    """The name of the pre-tokenizer, and a note where the file does not tell it."""
    if kind.pre != "named":
        return kind.pre, ()
    name = keys.text("pre") if "pre" in keys else ""
    return (name, ()) if name else (_USUAL_PRE, (_NO_PRE,))


def _pre_tokenizer(keys: MetadataKeys, name: str) -> PreTokenizer:
    if name not in PRE_TOKENIZERS:
        known = f"one of the {len(PRE_TOKENIZERS)} that llama.cpp knows"
        raise keys.refusal("pre", f"pre-tokenizer {name!r} is not {known} (docs/runtime.md)")
    return PRE_TOKENIZERS[name]


def _frame(
    keys: MetadataKeys, kind: Kind, pre: PreTokenizer, special_ids: dict[str, int | None]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens in front of a text and behind it."""

    def token(name: str, wanted: bool) -> tuple[int, ...]:
        if not wanted:
            return ()
        number = special_ids[name]
        if number is None:
            raise keys.refusal(f"{name}_token_id", f"a text needs a {name} token, and the file has none")
        return (number,)

    if kind.frame != "asked":
        return token("bos", kind.frame == "always"), token("seperator", kind.frame == "always")
    asked = kind.adds_bos if pre is NOT_CUT else pre.adds_bos
    add_bos = keys.flag("add_bos_token", bool(asked)) or asked == "always"
    return token("bos", add_bos), token("eos", keys.flag("add_eos_token", kind.adds_eos))
