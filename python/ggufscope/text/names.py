"""Names of files, as results keep them."""

import os
from os import PathLike

_OF_CHECKPOINTS = (".safetensors", ".safetensors.index.json")


def base_name(path: str | PathLike[str]) -> str:
    r"""The last part of a path, in characters that UTF-8 can hold: bytes that are no UTF-8 become U+FFFD.

    A file may have any bytes in its name. Python passes them on as halves of surrogate pairs, which no JSON can hold.

    >>> base_name("models/m\udcff.gguf") == "m\N{REPLACEMENT CHARACTER}.gguf"
    True
    """
    return os.fsencode(os.path.basename(path)).decode("utf-8", "replace")


def short_name(name: str) -> str:
    """The last part of the name of a model; of a checkpoint behind its directory, since all are called alike.

    >>> short_name("hf://org/name/m-Q4_K.gguf"), short_name("/models/Qwen3-0.6B/model.safetensors")
    ('m-Q4_K.gguf', 'Qwen3-0.6B/model.safetensors')
    """
    path = name.rstrip("/")
    last = base_name(path)
    directory = base_name(os.path.dirname(path)) if last.endswith(_OF_CHECKPOINTS) else ""
    return f"{directory}/{last}" if directory else last
