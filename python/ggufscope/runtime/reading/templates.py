"""Fixed forms of a chat turn around a prompt.

A chat template in a file is a program, and the file is a stranger's: it is searched for markers and never run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .tokenizer import Special

if TYPE_CHECKING:
    from ...models.model import Model
    from .tokenizer import Tokenizer

AUTO = "auto"


@dataclass(frozen=True)
class Template:
    """The form of a turn around a prompt.

    Attributes:
        name: as `--template` takes it.
        before: texts and special tokens in front of the prompt.
        after: those behind it, up to where the answer begins.
        marker: text by which a chat template of the file is recognized; None for the form without a turn.
        end: the token that ends a turn, None likewise.
    """

    name: str
    before: tuple[str | Special, ...] = ()
    after: tuple[str | Special, ...] = ()
    marker: str | None = None
    end: str | None = None

    def encode(self, tokenizer: Tokenizer, prompt: str) -> list[int]:
        """Token numbers of a prompt in this form. Names of control tokens in the prompt are text.

        Raises:
            GGUFError: The vocabulary has no tokens for something in it.
            ValueError: The prompt has surrogates that stand alone.
        """
        return tokenizer.encode_parts([*self.before, prompt, *self.after])

    def text(self, prompt: str) -> str:
        """The whole as text, special tokens by their names."""
        return "".join(part.text if isinstance(part, Special) else part for part in (*self.before, prompt, *self.after))

    def missing(self, tokenizer: Tokenizer) -> str | None:
        """The first special token of the form that the vocabulary lacks, None where it has all."""
        needed = (part.text for part in (*self.before, *self.after) if isinstance(part, Special))
        return next((text for text in needed if tokenizer.number(text) is None), None)


def _llama_3() -> Template:
    start, end, over = Special("<|start_header_id|>"), Special("<|end_header_id|>"), Special("<|eot_id|>")
    before = (start, "user", end, "\n\n")
    after = (over, start, "assistant", end, "\n\n")
    return Template("llama3", before, after, start.text, over.text)


def _turns(name: str, start: str, end: str, answering: str) -> Template:
    before = (Special(start), "user\n")
    after = (Special(end), "\n", Special(start), f"{answering}\n")
    return Template(name, before, after, start, end)


# Name → form. System prompts are left out, the default ones of some models included: the prompt is all there is.
TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        Template("none"),
        _llama_3(),
        _turns("chatml", "<|im_start|>", "<|im_end|>", "assistant"),
        _turns("gemma", "<start_of_turn>", "<end_of_turn>", "model"),
    )
}
CHOICES = (AUTO, *TEMPLATES)


@dataclass(frozen=True)
class TemplateChoice:
    """A form and what speaks for it, one line to print."""

    template: Template
    reason: str


def choose_template(asked: str, model: Model, tokenizer: Tokenizer) -> TemplateChoice:
    """The form for a model.

    `auto` takes a known form if the file's chat template has its marker, or, in a file without a chat template, if
    the token that ends its texts is the one that ends the form's turns, as in models tuned to chat. The vocabulary
    must have the form's tokens; their mere presence says nothing, since base models have them too.

    Args:
        asked: one of CHOICES.
        model: the file.
        tokenizer: its tokenizer.

    Raises:
        ValueError: There is no such form, or the vocabulary lacks a token of the form that was asked for.
    """
    if asked == AUTO:
        return _recognized(model, tokenizer)
    if asked not in TEMPLATES:
        raise ValueError(f"template must be one of {', '.join(CHOICES)}, not {asked!r}")
    lacking = TEMPLATES[asked].missing(tokenizer)
    if lacking is not None:
        raise ValueError(f"template {asked} needs the token {lacking}, which the model does not have")
    return TemplateChoice(TEMPLATES[asked], "as asked")


def _recognized(model: Model, tokenizer: Tokenizer) -> TemplateChoice:
    key = "tokenizer.chat_template"
    has_one = key in model.metadata and model.metadata.kind(key) == "string"
    own = model.metadata[key] if has_one else ""
    eos = tokenizer.vocabulary.eos
    last = None if eos is None else tokenizer.vocabulary.tokens[eos]
    for template in TEMPLATES.values():
        if template.marker is None or template.missing(tokenizer) is not None:
            continue
        if template.marker in own:
            return TemplateChoice(template, f"recognized in {key}")
        if not has_one and template.end == last:
            return TemplateChoice(template, f"the file has no chat template, but ends texts with {template.end}")
    reason = "the file's chat template is none of the known ones" if has_one else "the file has no chat template"
    return TemplateChoice(TEMPLATES["none"], reason)
