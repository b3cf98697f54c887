"""The tokens that both models read: of a text, of prompts, or of the neutral text that comes along."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from ..._core import GGUFError
from ...errors import DiffError, MissingExtraError
from ...runtime.reading.fitting import check_context
from ...runtime.reading.given import prompts_of, text_of
from ...runtime.reading.readings import read_prompt_set, read_tokens, text_reading
from ...runtime.reading.tokenizer import read_tokenizer
from ...text.escape import escape

if TYPE_CHECKING:
    from ...models.model import Model
    from ...runtime.reading.readings import Reading
    from ...runtime.shape import ModelShape
    from ..run_choice import RunChoice

NEUTRAL = "neutral.txt"


def neutral_text() -> str:
    """The text that ships with ggufscope: prose, dialogue, facts, code, a proof, a recipe, a letter."""
    return files("ggufscope.diffs").joinpath("data", NEUTRAL).read_text("utf-8")


def read_material(reference: Model, shapes: tuple[ModelShape, ModelShape], choice: RunChoice) -> Reading:
    """Everything to be read, by the tokenizer of the reference.

    Args:
        reference: whose tokenizer is used.
        shapes: of the reference and of the model.
        choice: what to read; the neutral text is cut to the shorter context.

    Raises:
        ValueError: More than one of text, prompts and tokens.
        DiffError: There are no two tokens to compare.
        TraceError: The text, or the file of ids, cannot be read, or something in it is beyond a model.
        PromptsError: The prompts are malformed.
        GGUFError: The reference has no tokenizer that is known.
    """
    text, prompts, tokens = choice.text, choice.prompts, choice.tokens
    if sum(each is not None for each in (text, prompts, tokens)) > 1:
        raise ValueError("a text, prompts and token ids exclude each other: choose one")
    if tokens is not None:
        reading = _with_tokenizer(read_tokens(reference, tokens), reference)
    elif prompts is not None:
        named = prompts_of(prompts)
        reading = read_prompt_set(reference, named.prompts, named.name, choice.template)
    elif text is not None:
        written = text_of(text)
        reading = text_reading(reference, written.text, written.name)
    else:
        contexts = [shape.context_length for shape in shapes if shape.context_length is not None]
        reading = _cut(text_reading(reference, neutral_text(), NEUTRAL), min(contexts, default=None))
    for shape in shapes:
        check_context(reading, shape)
    if max(len(item.tokens) for item in reading.items) < 2:
        raise DiffError("there is nothing to compare: no sequence has more than its first token")
    return reading


def _with_tokenizer(reading: Reading, reference: Model) -> Reading:
    """Token ids, and the tokenizer that says them as text, where there is one."""
    try:
        return replace(reading, tokenizer=read_tokenizer(reference))
    except (GGUFError, MissingExtraError) as error:
        return replace(reading, warnings=[*reading.warnings, f"tokens are shown by their ids: {escape(error)}"])


def _cut(reading: Reading, most: int | None) -> Reading:
    """A text of one piece with so many tokens at most, and a sentence that says so."""
    (item,) = reading.items
    if most is None or len(item.tokens) <= most:
        return reading
    warning = f"of the neutral text {most} tokens are read: the context of a model is no longer"
    cut = replace(item, tokens=item.tokens[:most])
    return replace(reading, items=[cut], warnings=[*reading.warnings, warning])
