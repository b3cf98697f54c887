"""A vocabulary of invented words: the size and the fields of a real one, made by byte-pair merges of its own.

Every word is the concatenation of two earlier tokens, so that merges and tokens agree as in a trained file. The words
do not depend on the seed.
"""

import itertools
import string
from dataclasses import dataclass, field

from ..models.tokens import TokenType, byte_characters

CONSONANTS = "tnsrlhdcmfpgwbvkjz"
VOWELS = "eaoiu"
PATTERNS = (  # enough for 300 000 words
    (CONSONANTS, VOWELS),
    (CONSONANTS, VOWELS, CONSONANTS),
    (CONSONANTS, VOWELS, CONSONANTS, VOWELS),
    (CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS),
)


@dataclass(frozen=True)
class VocabularyPlan:
    """Size, special tokens and kind of a shape's vocabulary."""

    model: str  # tokenizer.ggml.model: "gpt2" (byte-level merges) or "llama" (SentencePiece with scores)
    size: int
    specials: tuple[str, ...]
    bos: int
    eos: int
    merges: int = 0
    pre: str = ""
    first_special: int | None = None  # None: specials fill the end ("gpt2") or the start ("llama")


@dataclass(frozen=True)
class SyntheticVocabulary:
    """Columns of a vocabulary, one entry per token; `merges` or `scores` stays empty, depending on the model."""

    tokens: list[str]
    types: list[int]
    scores: list[float] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)


def build_vocabulary(plan: VocabularyPlan) -> SyntheticVocabulary:
    """Make the vocabulary of a plan; always the same one."""
    return _byte_level(plan) if plan.model == "gpt2" else _sentence_pieces(plan)


def _byte_level(plan: VocabularyPlan) -> SyntheticVocabulary:
    first_special = plan.size - len(plan.specials) if plan.first_special is None else plan.first_special
    tokens = sorted(byte_characters())  # bytes that print come first, as in trained vocabularies
    n_bytes = len(tokens)
    tokens += words("Ġ", first_special - n_bytes)
    merges = all_merges(tokens, n_bytes, plan.merges)
    padding = [f"[PAD{i}]" for i in range(first_special + len(plan.specials), plan.size)]
    types = [TokenType.NORMAL] * first_special + [TokenType.CONTROL] * len(plan.specials)
    types += [TokenType.UNUSED] * len(padding)
    return SyntheticVocabulary([*tokens, *plan.specials, *padding], [int(kind) for kind in types], merges=merges)


def _sentence_pieces(plan: VocabularyPlan) -> SyntheticVocabulary:
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    head = [*plan.specials, *byte_tokens]
    letters = ["▁", *string.ascii_letters, *string.digits, *string.punctuation]
    pieces = letters + words("▁", plan.size - len(head) - len(letters))
    types = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    types += [TokenType.BYTE] * len(byte_tokens) + [TokenType.NORMAL] * len(pieces)
    scores = [0.0] * len(head) + [-float(rank) for rank in range(len(pieces))]
    return SyntheticVocabulary([*head, *pieces], [int(kind) for kind in types], scores=scores)


def words(space: str, count: int) -> list[str]:
    """The first `count` invented words, each alone and after `space`, the tokenizer's mark for a word's start.

    From `te` to `tetet`, the commonest letters first: every word ends in a letter, or begins with a mark or a
    syllable, that makes a shorter word of what remains.
    """
    starts = (space + letter for letter in CONSONANTS + VOWELS)
    spoken = ("".join(letters) for pattern in PATTERNS for letters in itertools.product(*pattern))
    marked = itertools.chain.from_iterable((word, space + word) for word in spoken)
    return list(itertools.islice(itertools.chain(starts, marked), count))


def all_merges(tokens: list[str], n_bytes: int, limit: int) -> list[str]:
    """Pairs "left right" of tokens that make a later token, in the order of the tokens; at least one for each.

    Converters of tiktoken vocabularies list every pair, more than two per token; `limit` ends the surplus.
    """
    known = set(tokens[:n_bytes])
    surplus = limit - (len(tokens) - n_bytes)
    merges: list[str] = []
    for token in tokens[n_bytes:]:
        pairs = [f"{token[:i]} {token[i:]}" for i in range(1, len(token)) if token[:i] in known and token[i:] in known]
        kept = pairs[: 1 + max(0, surplus)]
        surplus -= len(kept) - 1
        merges += kept
        known.add(token)
    return merges
