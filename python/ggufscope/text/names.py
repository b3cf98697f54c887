"""Names of files, as results keep them."""

import os
from os import PathLike


def base_name(path: str | PathLike[str]) -> str:
    r"""The last part of a path, in characters that UTF-8 can hold: bytes that are no UTF-8 become U+FFFD.

    A file may have any bytes in its name. Python passes them on as halves of surrogate pairs, which no JSON can hold.

    >>> base_name("models/m\udcff.gguf") == "m\N{REPLACEMENT CHARACTER}.gguf"
    True
    """
    return os.fsencode(os.path.basename(path)).decode("utf-8", "replace")
