"""The head of a view: the file it is about, the model's name and facts in a line, and a warning for made-up weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import bytes_text, counted
from ..text.phrases import SYNTHETIC_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..text.glyphs import Glyphs
    from .screen import Screen


class DescribedModel(Protocol):
    """A model, or the record of one in a result."""

    @property
    def architecture(self) -> str | None: ...
    @property
    def file_type(self) -> str | None: ...
    @property
    def synthetic(self) -> bool: ...


def render_headline(
    screen: Screen,
    file: str | None,
    name: str | None,
    model: DescribedModel,
    facts: Sequence[str],
    *,
    n_bytes: int | None = None,
    n_files: int = 1,
    without_architecture: str | None = None,
) -> None:
    """Print which file it is, then name, kind and facts in a line.

    Two quantizations of a model have one name: only the file tells them apart.

    Args:
        screen: to print to.
        file: name of the model's first file, as it was given; None of a model without one.
        name: of the model, or its title.
        model: whose kind is told.
        facts: behind the kind.
        n_bytes: of all files, where that is known.
        n_files: how many there are.
        without_architecture: in place of an architecture that the model does not name.
    """
    glyphs = screen.glyphs
    kind = model.architecture or without_architecture
    title, *names = (glyphs.cut(text, LONGEST_TEXT) for text in named(file, name) or [kind or "unnamed model"])
    more = [counted(n_files, "file")] if n_files > 1 else []
    size = [bytes_text(n_bytes)] if n_bytes is not None else []
    screen.headline(dotted([title, *more, *size], glyphs))
    kinds = [glyphs.cut(text, LONGEST_TEXT) for text in (kind, model.file_type) if text]
    line = dotted([*dict.fromkeys([*names, *kinds]), *facts], glyphs)
    if line:
        screen.line(line)
    warn_of_synthetic(screen, model)


def named(file: str | None, name: str | None) -> list[str]:
    """The file of a model, where it has one, and its name, where that is another; to be escaped."""
    return list(dict.fromkeys(text for text in (file, name) if text))


def against_text(models: Sequence[str], reference: str, glyphs: Glyphs) -> str:
    """Which files a view compares."""
    first = glyphs.cut(models[0], LONGEST_TEXT) if len(models) == 1 else counted(len(models), "model")
    return f"{first} against {glyphs.cut(reference, LONGEST_TEXT)}"


def warn_of_synthetic(screen: Screen, model: DescribedModel) -> None:
    """Say that the weights are made up, if they are."""
    if model.synthetic:
        screen.line(SYNTHETIC_LINE, "bold yellow")


def dotted(parts: Sequence[str], glyphs: Glyphs) -> str:
    """Parts of a line with dots between them."""
    return f" {glyphs.dot} ".join(parts)


def sizes(n_parameters: int, bits_per_weight: float | None) -> list[str]:
    """Facts on how large a model is."""
    return [
        counted(n_parameters, "parameter"),
        *([f"{bits_per_weight:.2f} bits per weight"] if bits_per_weight is not None else []),
    ]
