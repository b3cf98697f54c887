"""The shape of a prompt, which sequences of a probe have: the form around it, and its length."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from ..._core import GGUFError
from ...errors import MissingExtraError
from ...text.escape import escape
from .templates import AUTO, CHOICES, TEMPLATES, TemplateChoice, choose_template
from .tokenizer import read_tokenizer, read_vocabulary

if TYPE_CHECKING:
    from ...models.model import Model
    from .prompts import NamedPrompts
    from .tokenizer import Tokenizer, Vocabulary

USUAL_LENGTH = 32  # tokens, where no prompt says how many
_FEWEST = 2
_PLAIN = "none"
_ENDOFTEXT = "<|endoftext|>"


@dataclass(frozen=True)
class ProbeShape:
    """What stands around the tokens of a probe's sequence, and how many they are.

    Attributes:
        before: tokens in front: what begins a text, and what the template puts in front of a prompt.
        behind: tokens behind, which the template puts there, and what ends a text that nothing follows.
        length: tokens in between.
        prompts: name of the set of prompts that has this length; None where none could be read.
        choice: the template, and the reason for it.
        vocabulary: None where the file has none that is known here.
        tokenizer: None where the file has none that is known here.
        warnings: sentences on what the file leaves out and is assumed.
    """

    before: tuple[int, ...]
    behind: tuple[int, ...]
    length: int
    prompts: str | None
    choice: TemplateChoice
    vocabulary: Vocabulary | None = None
    tokenizer: Tokenizer | None = None
    warnings: tuple[str, ...] = ()

    @property
    def separator(self) -> int | None:
        """The token that stands between texts, which one can be written behind; None where there is none."""
        if self.vocabulary is None:
            return None
        return self.vocabulary.numbers.get(_ENDOFTEXT, self.vocabulary.eos)


def probe_shape(model: Model, prompts: NamedPrompts, template: str, *, closed: bool = False) -> ProbeShape:
    """The shape of the prompts of a set: the template's form, and their median length without it.

    A model without a tokenizer that is known here has no template, and its sequences are 32 tokens long.

    Args:
        model: the file.
        prompts: the set.
        template: as for `templates.choose_template`.
        closed: whether each ends with the tokens that the file asks for, as for `readings.read_prompt_set`.

    Raises:
        ValueError: There is no such template, or the vocabulary lacks its tokens.
        GGUFError: There is no tokenizer for the template that was asked for.
        MissingExtraError: Likewise.
    """
    if template not in CHOICES:
        raise ValueError(f"template must be one of {', '.join(CHOICES)}, not {template!r}")
    try:
        tokenizer = read_tokenizer(model)
        choice = choose_template(template, model, tokenizer)
        return _of_prompts(tokenizer, choice, prompts, closed)
    except (GGUFError, MissingExtraError) as error:
        if template not in {AUTO, _PLAIN}:
            raise
        return _without_prompts(model, error, closed)


def _of_prompts(tokenizer: Tokenizer, choice: TemplateChoice, prompts: NamedPrompts, closed: bool) -> ProbeShape:
    vocabulary, template = tokenizer.vocabulary, choice.template
    before = tokenizer.encode_parts(template.before)
    after = tokenizer.encode_parts(template.after)[len(vocabulary.opening) :]
    whole = median(len(template.encode(tokenizer, prompt.prompt)) for prompt in prompts.prompts.prompts)
    return ProbeShape(
        before=tuple(before),
        behind=(*after, *(vocabulary.closing if closed else ())),
        length=max(_FEWEST, round(whole - len(before) - len(after))),
        prompts=prompts.name,
        choice=choice,
        vocabulary=vocabulary,
        tokenizer=tokenizer,
        warnings=vocabulary.notes,
    )


def _without_prompts(model: Model, error: Exception, closed: bool) -> ProbeShape:
    """The opening of the vocabulary, where that at least can be read, and a usual length."""
    reason = f"no prompt says how long a sequence is, {USUAL_LENGTH} tokens are taken: {escape(error)}"
    choice = TemplateChoice(TEMPLATES[_PLAIN], "there is no tokenizer for one")
    try:
        vocabulary = read_vocabulary(model)
    except GGUFError as unknown:
        nothing = f"nothing stands in front of the sequences: {escape(unknown)}"
        return ProbeShape((), (), USUAL_LENGTH, None, choice, warnings=(reason, nothing))
    behind = vocabulary.closing if closed else ()
    return ProbeShape(vocabulary.opening, behind, USUAL_LENGTH, None, choice, vocabulary, warnings=(reason,))
