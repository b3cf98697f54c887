"""Names and shapes that this reader can read and llama.cpp cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts

_LONGEST_NAME, _MOST_DIMENSIONS = 63, 4  # that ggml reads


@rule(
    "portability",
    "warning",
    "names and shapes that llama.cpp does not read",
    reads="structure",
    why="ggml has 64 bytes for a name, the last of them zero, and four dimensions. llama.cpp refuses files beyond.",
    remedy="Rename or reshape the tensors for use with llama.cpp.",
)
def portability(facts: Facts) -> Iterator[Fault]:
    tensors = list(facts.model.tensors.values())
    long = [tensor for tensor in tensors if len(tensor.name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME]
    if long:
        sentence = (
            f"{counted(len(long), 'name')} of more than {_LONGEST_NAME} bytes: {listed([t.name for t in long], 1)}"
        )
        yield Fault(sentence, facts.at_tensor(long[0], count=len(long)))
    deep = [tensor for tensor in tensors if len(tensor.shape) > _MOST_DIMENSIONS]
    if deep:
        names = listed([tensor.name for tensor in deep], 3)
        sentence = f"{counted(len(deep), 'tensor')} of more than {_MOST_DIMENSIONS} dimensions"
        yield Fault(f"{sentence}: {names}", facts.at_tensor(deep[0], count=len(deep)))
