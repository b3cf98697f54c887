"""Files that people write for a model to read, read whole; one of the wrong form is told with what is expected."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ...saving.reading import open_input

if TYPE_CHECKING:
    from os import PathLike

PROMPTS_FORM = (
    'a file of prompts is JSON, as {"prompts": [{"id": "japan", "category": "facts",'
    ' "prompt": "Which city is the capital of Japan?", "accepted": ["Tokyo"]}]}'
)
TOKENS_FORM = "a file of token ids is JSON, as [[1, 422, 9], [1, 17]], or has a line for each sequence, as 1 422 9"
TEXT_FORM = "a text is a file of plain text in UTF-8, as Once upon a time there was"


def read_input(path: str | PathLike[str], largest: int, form: str) -> bytes:
    """The content of a file, which may be a pipe; of a larger one the first `largest` + 1 bytes.

    Raises:
        OSError: It cannot be read; of a directory with the form that was expected.
    """
    try:
        with open_input(path, pipes=True) as file:
            return file.read(largest + 1)
    except IsADirectoryError as error:
        raise IsADirectoryError(errno.EISDIR, f"Is a directory; {form}", error.filename) from None
