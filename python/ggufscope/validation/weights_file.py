"""Fitted weights as a TOML file for `ggufscope analyze --weights`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.settings import SHORT_NAMES
from ..text.escape import escape
from .wording import fit_sentence, power_sentence

if TYPE_CHECKING:
    from .validation_document import ValidationDocument

MARK = "# ggufscope weights"


def weights_toml(document: ValidationDocument) -> str | None:
    """The text of the file, what the weights are worth in front of them; None where none were fitted."""
    fit = document.fit
    if fit.weights is None:
        return None
    comments = [
        f"of {escape(document.model.title)}",
        fit_sentence(fit),
        *filter(None, [power_sentence(fit) if fit.exploratory else None]),
    ]
    lines = [MARK, *(f"# {comment}" for comment in comments), "", "[weights]"]
    lines += [f"{SHORT_NAMES[name]} = {weight:.7g}" for name, weight in fit.weights.items()]
    return "\n".join(lines) + "\n"
