"""The sequences of a probe: random tokens in the shape of prompts, and drafts of what the model writes itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import TraceError
from ...models.tokens import TokenType
from ..trace_document import ProbeRecord
from .draws import check_seed, uniform
from .probes import OWN, RANDOM
from .readings import Item, Reading, drawable, embedding_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...models.model import Model
    from .probe_shape import ProbeShape
    from .tokenizer import Tokenizer

    TokenIds = npt.NDArray[np.int32]

_NEVER_WRITTEN = (TokenType.CONTROL, TokenType.UNKNOWN, TokenType.UNUSED)
_FIRST = 1 << 62  # a step beyond any, for the draw of a first token
_NO_BEGINNING = "each sequence begins with a random token: the vocabulary has none that begins or ends a text"


@dataclass(frozen=True, eq=False)
class Draft:
    """Sequences that the model is to write before it reads them.

    Attributes:
        beginnings: of each sequence, the tokens that it is written behind.
        record: of the probe.
        allowed: bool (vocabulary,), tokens that may be written.
        seed: of the draws.
        shape: of each sequence.
        warnings: sentences for the reader.
        instead: advice for a model that cannot write; empty for none.
    """

    beginnings: list[TokenIds]
    record: ProbeRecord
    allowed: npt.NDArray[np.bool_]
    seed: int
    shape: ProbeShape
    warnings: tuple[str, ...]
    instead: str = ": take --probe random"

    @property
    def length(self) -> int:
        """Tokens to write of each."""
        return self.shape.length

    def outline(self) -> Reading:
        """The reading it will be, with token 0 in place of what is not written yet."""
        return self.reading([[0] * self.length for _ in self.beginnings])

    def reading(self, written: Sequence[Sequence[int]]) -> Reading:
        """What is to be read once the model wrote so."""
        sequences = [
            [*beginning[self.record.dropped :].tolist(), *tokens]
            for beginning, tokens in zip(self.beginnings, written, strict=True)
        ]
        return _reading(self.record, sequences, self.shape, self.seed, self.warnings)


def draft_own_words(model: Model, shape: ProbeShape, n_sequences: int, seed: int) -> Draft:
    """The draft of a probe in the model's own words.

    It is written behind what stands in front of a prompt; where nothing does, behind the token that separates texts,
    which is not read; and where there is none either, each sequence begins with a token drawn from the vocabulary.

    Args:
        model: the file, of a model that continues a text.
        shape: of the sequences.
        n_sequences: their number.
        seed: of the draws.

    Raises:
        ValueError: A seed that is none.
        TraceError: The model has no token embedding, or no token that may be written.
    """
    check_seed(seed)
    allowed = writable(shape, embedding_rows(model))
    if not allowed.any():
        raise TraceError("the vocabulary has no token that could be written: take --probe random")
    before, dropped, warnings = list(shape.before), 0, shape.warnings
    if not before and shape.separator is not None:
        before, dropped = [shape.separator], 1
    beginnings = [before] * n_sequences
    if not before:
        beginnings = [[first] for first in _first_tokens(model, n_sequences, seed)]
        warnings = (*warnings, _NO_BEGINNING)
    record = _record(OWN, n_sequences, shape, before, dropped)
    tokens = [np.array(beginning, np.int32) for beginning in beginnings]
    return Draft(tokens, record, allowed, seed, shape, warnings)


def writable(shape: ProbeShape, n_rows: int) -> npt.NDArray[np.bool_]:
    """Tokens that are text, bool (n_rows,): none of control, none unknown or unused, none that begins or ends one."""
    vocabulary = shape.vocabulary
    if vocabulary is None:
        return np.ones(n_rows, bool)
    kept = np.zeros(n_rows, bool)
    n_tokens = min(n_rows, len(vocabulary.tokens))
    kept[:n_tokens] = ~np.isin(vocabulary.types[:n_tokens], _NEVER_WRITTEN)
    special = {vocabulary.bos, vocabulary.eos, vocabulary.unknown, *vocabulary.ends}
    kept[[token for token in special if token is not None and token < n_rows]] = False
    return kept


def _first_tokens(model: Model, n_sequences: int, seed: int) -> list[int]:
    ordinary = np.flatnonzero(drawable(model)[0])
    return [int(ordinary[int(uniform(seed, sequence, _FIRST) * len(ordinary))]) for sequence in range(n_sequences)]


def draw_sequences(model: Model, shape: ProbeShape, n_sequences: int, seed: int) -> Reading:
    """Sequences of random tokens, all ordinary ones alike, in the shape of prompts.

    Raises:
        ValueError: A seed that is none.
        TraceError: The model has no token embedding, or only tokens of bytes and control.
    """
    check_seed(seed)
    kept, assumed = drawable(model)
    drawn = np.random.default_rng(seed).choice(np.flatnonzero(kept), (n_sequences, shape.length))
    sequences = [[*shape.before, *tokens] for tokens in drawn.tolist()]
    record = _record(RANDOM, n_sequences, shape, list(shape.before), 0)
    return _reading(record, sequences, shape, seed, (*assumed, *shape.warnings))


def _record(kind: str, n_sequences: int, shape: ProbeShape, before: list[int], dropped: int) -> ProbeRecord:
    return ProbeRecord(kind, n_sequences, shape.length, shape.prompts, before, dropped, list(shape.behind))


def _reading(
    record: ProbeRecord, sequences: list[list[int]], shape: ProbeShape, seed: int, warnings: tuple[str, ...]
) -> Reading:
    names = [f"probe {number}" for number in range(len(sequences))] if len(sequences) > 1 else ["probe"]
    shown = shape.tokenizer if record.kind == OWN else None
    vocabulary = shape.vocabulary
    return Reading(
        source="probe",
        name=None,
        items=[_item(name, [*tokens, *shape.behind], shown) for name, tokens in zip(names, sequences, strict=True)],
        tokenizer=shape.tokenizer,
        template=shape.choice.template.name,
        template_reason=shape.choice.reason,
        opening=() if vocabulary is None else vocabulary.opening,
        stop=frozenset() if vocabulary is None else vocabulary.ends,
        seed=seed,
        warnings=list(warnings),
        probe=record,
    )


def _item(name: str, tokens: list[int], tokenizer: Tokenizer | None) -> Item:
    """A sequence, with its text where one is wanted."""
    wrapped = None if tokenizer is None else tokenizer.decode(tokens, special=True)
    return Item(name, np.array(tokens, np.int32), wrapped=wrapped)
