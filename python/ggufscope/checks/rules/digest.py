"""Files whose name is a digest that their content does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.names import base_name
from ..findings import Place
from ..named_digests import DIGEST, difference
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    DIGEST,
    "error",
    "files that are not what the digest in their name says",
    reads="files",
    why="Ollama and the Hugging Face cache name a file by the SHA-256 of its content. A file of another content was cut"
    " off, damaged or replaced.",
    remedy="Remove the file and get it again.",
)
def digest(facts: Facts) -> Iterator[Fault]:
    for number, actual in facts.file_hashes.items():
        path = facts.model.files[number]
        sentence = difference(path, actual.removeprefix("sha256:"))
        if sentence is not None:
            yield Fault(sentence, Place(file=base_name(path)))
