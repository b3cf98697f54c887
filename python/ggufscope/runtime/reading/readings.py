"""Readings for a model: a set of prompts, a text, token ids, or random tokens in one piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..._core import GGUFError
from ...architecture.limits import NotApplicableError
from ...architecture.vocabulary import ordinary_tokens
from ...errors import MissingExtraError, TraceError
from ...text.escape import escape
from ...text.names import base_name
from ..trace_document import ProbeRecord
from .draws import check_seed
from .probes import RANDOM
from .templates import choose_template
from .token_files import read_token_sequences
from .tokenizer import read_tokenizer, read_vocabulary

if TYPE_CHECKING:
    from os import PathLike

    import numpy.typing as npt

    from ...models.model import Model
    from .prompts import Question, QuestionSet
    from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Item:
    """One piece to read.

    Attributes:
        id: unlike any other's.
        tokens: int32 (n,).
        text: before the template; None for random tokens.
        wrapped: with what the template puts around it.
        prompt: of a set, with the answers that it accepts; None for others.
        marks: int32 (n,), numbers by which repeats are looked for in place of tokens; None: the tokens themselves.
    """

    id: str
    tokens: npt.NDArray[np.int32]
    text: str | None = None
    wrapped: str | None = None
    prompt: Question | None = None
    marks: npt.NDArray[np.int32] | None = None


@dataclass(frozen=True)
class Reading:
    """Everything to read, and the facts of it that a trace keeps; see `trace_document.TraceSettings`."""

    source: str
    name: str | None
    items: list[Item]
    tokenizer: Tokenizer | None = None
    template: str = "none"
    template_reason: str = "there is nothing to wrap"
    opening: tuple[int, ...] = ()
    stop: frozenset[int] = frozenset()
    seed: int | None = None
    warnings: list[str] = field(default_factory=list)
    probe: ProbeRecord | None = None


def read_prompt_set(model: Model, prompts: QuestionSet, name: str, template: str, *, closed: bool = False) -> Reading:
    """The prompts of a set, each in the template's form.

    Args:
        model: the file.
        prompts: the set.
        name: of the set.
        template: as for `templates.choose_template`.
        closed: end each with the tokens that the file asks for; where an answer may follow, nothing ends it.

    Raises:
        GGUFError: The model has no tokenizer, or one that is not known here.
        MissingExtraError: Its tokenizer needs a package that is not installed.
        ValueError: There is no such template, or the vocabulary lacks its tokens.
    """
    tokenizer = read_tokenizer(model)
    choice = choose_template(template, model, tokenizer)
    closing = tokenizer.vocabulary.closing if closed else ()
    items = [
        Item(
            id=prompt.id,
            tokens=np.array([*choice.template.encode(tokenizer, prompt.prompt), *closing], np.int32),
            text=prompt.prompt,
            wrapped=choice.template.text(prompt.prompt),
            prompt=prompt,
        )
        for prompt in prompts.prompts
    ]
    return Reading(
        source="prompts",
        name=name,
        items=items,
        tokenizer=tokenizer,
        template=choice.template.name,
        template_reason=choice.reason,
        opening=tokenizer.vocabulary.opening,
        stop=tokenizer.ends,
        warnings=list(tokenizer.vocabulary.notes),
    )


def text_reading(model: Model, text: str, name: str, *, closed: bool = False) -> Reading:
    """A text in one piece, as it is, under a name.

    Args:
        model: the file.
        text: that is read.
        name: of the text.
        closed: as for `read_prompt_set`.

    Raises:
        GGUFError: As `read_prompt_set`.
        MissingExtraError: Likewise.
    """
    tokenizer = read_tokenizer(model)
    tokens = np.array(tokenizer.encode(text) if closed else tokenizer.encode_parts([text]), np.int32)
    return Reading(
        source="text",
        name=name,
        items=[Item("text", tokens, text, text)],
        tokenizer=tokenizer,
        template_reason="a text is read as it is",
        opening=tokenizer.vocabulary.opening,
        stop=tokenizer.ends,
        warnings=list(tokenizer.vocabulary.notes),
    )


def read_tokens(model: Model, path: str | PathLike[str], *, answered: bool = False) -> Reading:
    """The sequences of token ids in a file, as they are; that works for every vocabulary.

    Args:
        model: the file.
        path: of the ids.
        answered: answers are wanted: as text where the tokenizer is known, else as ids, and a warning says why.

    Raises:
        TraceError: The model has no token embedding, or the file has no ids, or one that is out of range.
        OSError: The file cannot be read.
    """
    sequences = read_token_sequences(path, embedding_rows(model))
    tokenizer, warnings = _decoder(model) if answered else (None, [])
    try:
        stop = read_vocabulary(model).ends
    except GGUFError as error:
        stop, warnings = frozenset(), [*warnings, f"no token is known to end an answer: {escape(error)}"]
    names = [f"sequence {place}" for place in range(len(sequences))] if len(sequences) > 1 else ["tokens"]
    return Reading(
        source="tokens",
        name=base_name(path),
        items=[Item(name, np.array(ids, np.int32)) for name, ids in zip(names, sequences, strict=True)],
        tokenizer=tokenizer,
        template_reason="token ids are read as they are",
        stop=stop,
        warnings=warnings,
    )


def _decoder(model: Model) -> tuple[Tokenizer | None, list[str]]:
    """The tokenizer for answers, or None and a sentence that says why there is none."""
    try:
        return read_tokenizer(model), []
    except (GGUFError, MissingExtraError) as error:
        return None, [f"answers are shown as token ids: {escape(error)}"]


def draw_tokens(model: Model, n_tokens: int, seed: int) -> Reading:
    """Random tokens of the vocabulary, all ordinary ones alike, behind what begins a text.

    No text is made and nothing is tokenized: that works for every vocabulary.

    Raises:
        ValueError: Fewer than two tokens, or a negative seed.
        TraceError: The model has no token embedding, or only tokens of bytes and control.
    """
    if isinstance(n_tokens, bool) or n_tokens < 2:
        raise ValueError(f"a probe takes two tokens or more, not {n_tokens!r}")
    check_seed(seed)
    kept, assumed = drawable(model)
    try:
        opening, warnings = read_vocabulary(model).opening, list(assumed)
    except GGUFError as error:
        opening, warnings = (), [*assumed, f"nothing stands in front of the random tokens: {escape(error)}"]
    drawn = np.random.default_rng(seed).choice(np.flatnonzero(kept), n_tokens)
    tokens = np.concatenate([np.array(opening, np.int32), drawn]).astype(np.int32)
    record = ProbeRecord(RANDOM, 1, n_tokens, None, list(opening), 0, [])
    return Reading("probe", None, [Item("probe", tokens)], opening=opening, seed=seed, warnings=warnings, probe=record)


def drawable(model: Model) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Tokens to draw from, and the assumptions made; see `ordinary_tokens`.

    Raises:
        TraceError: The model has no token embedding, or only tokens of bytes and control.
    """
    try:
        return ordinary_tokens(model, embedding_rows(model))
    except NotApplicableError as limit:
        raise TraceError(str(limit)) from None


def embedding_rows(model: Model) -> int:
    """Rows of the token embedding, which bound the ids of tokens.

    Raises:
        TraceError: The model has none.
    """
    table = model.tensors.get("token_embd.weight")
    if table is None:
        raise TraceError("there is no token_embd.weight")
    return table.n_rows
