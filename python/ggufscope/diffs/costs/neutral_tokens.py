"""The tokens that a reference reads to tell what errors do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core import GGUFError
from ...errors import MissingExtraError
from ...runtime.reading.readings import draw_tokens, text_reading
from ...text.escape import escape
from ..readings.material import NEUTRAL, neutral_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ...models.model import Model


def neutral_tokens(model: Model, count: int) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """The first tokens of the text that comes along, with what the model has in front, and warnings.

    A model whose tokenizer is not known here reads random tokens.
    """
    try:
        reading = text_reading(model, neutral_text(), NEUTRAL)
    except (GGUFError, MissingExtraError) as error:
        reading = draw_tokens(model, count, seed=0)
        warning = f"the text could not be read ({escape(error)}): random tokens were, on which costs are untested"
        return reading.items[0].tokens[:count], (warning, *reading.warnings)
    return reading.items[0].tokens[:count], tuple(reading.warnings)
