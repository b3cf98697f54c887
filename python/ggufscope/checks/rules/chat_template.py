"""Chat templates that cannot be whole, or that reach for what a template has no business with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..findings import Place
from ..registry import Fault, rule
from ..templates import reaches, unbalanced
from .metadata_text import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "chat-template",
    "warning",
    "chat templates that are not whole, or reach beyond the conversation",
    reads="metadata",
    why="A template is a program that a runtime runs on what users write. One whose blocks are not closed fails there;"
    " one that asks for attributes as `__class__` tries to get out of the sandbox, an error. It is read here, and never"
    " run.",
    remedy="Take the template of the original model, and do not run this one.",
)
def chat_template(facts: Facts) -> Iterator[Fault]:
    metadata = facts.model.metadata
    n_characters = 0
    for key in metadata:
        if key.startswith("tokenizer.chat_template") and metadata.kind(key) == "string":
            template = str(metadata[key])
            if len(template) > LARGEST:
                continue  # `large-text` tells of it
            n_characters += len(template)
            if n_characters > LARGEST:
                yield Fault(
                    f"the chat templates from {key} on are not read: there are megabytes of them", Place(key=key)
                )
                return
            fault, reach = unbalanced(template), reaches(template)
            if reach is not None:
                yield Fault(f"{key} reaches for {reach}", Place(key=key), "error")
            if fault is not None:
                yield Fault(f"{key}: {fault}", Place(key=key))
