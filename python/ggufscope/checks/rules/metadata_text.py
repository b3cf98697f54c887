"""Text of the metadata that no program should show or believe as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...text.numbers import bytes_text
from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..facts import Facts

LARGEST = 1 << 20
_LARGEST_OF_LIST = 1 << 16  # characters of a text in a list, as a token
_MAY_BE_LARGE = ("tokenizer.huggingface.json", "tokenizer.rwkv.world")
_ALLOWED = "\n\r\t\f\v"  # licences have form feeds


@rule(
    "control-characters",
    "warning",
    "control characters in texts of the metadata, and in names",
    reads="metadata",
    why="Escape sequences in a name or a licence move the cursor and change what a terminal shows; marks of writing"
    " direction turn text around. ggufscope shows them as escapes; other programs may not.",
    remedy="Do not print this text with programs that do not escape it.",
)
def control_characters(facts: Facts) -> Iterator[Fault]:
    for key, text in _texts(facts):
        odd = _odd(text)
        if odd is not None:
            yield Fault(f"{key} holds the character U+{ord(odd):04X}", Place(key=key))
    for tensor in facts.model.tensors.values():
        odd = _odd(tensor.name)
        if odd is not None:
            sentence = f"the name of the tensor {tensor.name} holds the character U+{ord(odd):04X}"
            yield Fault(sentence, facts.at_tensor(tensor))


def _odd(text: str) -> str | None:
    """The first character that no text should have."""
    return next((c for c in text if not c.isprintable() and c not in _ALLOWED and _is_control(c)), None)


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


@rule(
    "large-text",
    "warning",
    "texts of the metadata of a megabyte and more, and of 65 kB in lists",
    reads="metadata",
    why="No name, licence or template is that long, and no token or merge of a list is of 65 kB. Programs that show or"
    " copy it are slowed down.",
    remedy="Look at the key: `ggufscope inspect --kv KEY`.",
)
def large_text(facts: Facts) -> Iterator[Fault]:
    for key, text in _texts(facts):
        if len(text) > LARGEST and key not in _MAY_BE_LARGE:
            yield Fault(f"{key} is a text of {bytes_text(len(text))}", Place(key=key, count=len(text)))
    for key in facts.model.metadata:
        if "[string]" not in facts.model.metadata.kind(key):
            continue
        lengths = [len(text) for text in _flat(facts.model.metadata[key])]
        long = [number for number, length in enumerate(lengths) if length > _LARGEST_OF_LIST]
        if long:
            sentence = f"text {long[0]} of {key} has {bytes_text(lengths[long[0]])}"
            yield Fault(sentence, Place(key=key, count=len(long)))


def _flat(texts: Iterable[Any]) -> Iterator[str]:
    """The texts of a list, and of lists in it."""
    for each in texts:
        if isinstance(each, str):
            yield each
        else:
            yield from _flat(each)


def _texts(facts: Facts) -> Iterator[tuple[str, str]]:
    """The keys that are not printable as they are, and texts; a key stands for itself."""
    for key in facts.model.metadata:
        yield key, key
        if facts.model.metadata.kind(key) == "string":
            yield key, str(facts.model.metadata[key])
