"""The head of a view: the model it is about, facts in a line, and a warning where the weights are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import bytes_text, counted
from ..text.phrases import SYNTHETIC_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console


class DescribedModel(Protocol):
    """A model, or the record of one in a result."""

    @property
    def architecture(self) -> str | None: ...
    @property
    def file_type(self) -> str | None: ...
    @property
    def synthetic(self) -> bool: ...


def render_headline(
    console: Console,
    title: str,
    model: DescribedModel,
    facts: Sequence[str],
    *,
    more: Iterable[Text] = (),
    unbroken: bool = False,
    without_architecture: str | None = None,
) -> None:
    """Print title, then kind and facts in a line, then more lines.

    Args:
        console: to print to.
        title: of the model; a path stays whole, to be copied.
        model: whose kind is named.
        facts: behind the kind.
        more: further lines.
        unbroken: leave it to the terminal to break the line of facts.
        without_architecture: in place of an architecture that the model does not name.
    """
    glyphs = Glyphs.of(console.encoding)
    console.print(Text(glyphs.cut(title, LONGEST_TEXT), "bold"), soft_wrap=True)
    kind = (model.architecture or without_architecture, model.file_type)
    named = [glyphs.cut(text, LONGEST_TEXT) for text in kind if text]
    console.print(Text(dotted([*named, *facts], glyphs)), soft_wrap=unbroken)
    for line in more:
        console.print(line, soft_wrap=True)
    warn_of_synthetic(console, model)


def warn_of_synthetic(console: Console, model: DescribedModel) -> None:
    """Say that the weights are made up, if they are."""
    if model.synthetic:
        console.print(Text(SYNTHETIC_LINE, "bold yellow"))


def dotted(parts: Sequence[str], glyphs: Glyphs) -> str:
    """Parts of a line with dots between them."""
    return f" {glyphs.dot} ".join(parts)


def sizes(n_parameters: int, n_bytes: int, bits_per_weight: float | None) -> list[str]:
    """Facts on how large a model is."""
    return [
        counted(n_parameters, "parameter"),
        *([f"{bits_per_weight:.2f} bits per weight"] if bits_per_weight is not None else []),
        bytes_text(n_bytes),
    ]
