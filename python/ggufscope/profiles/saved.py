"""The saved form of a profile: one line per row, read only after everything in it was checked.

`schema` spells the layout. A profile is checked when it is read, not when it is written: its rows come straight from
the core's registry, and the check would take as long as the writing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import ProfileError
from ..saving.form import SavedForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from ..saving.form import Plain

SCHEMA = "ggufscope.profile/1"


def _layout() -> type[BaseModel]:
    from .schema import document_model  # noqa: PLC0415  pydantic takes a while to import

    return document_model()


def _check_names(document: Any) -> None:
    seen: set[str] = set()
    for position, tensor in enumerate(document.tensors):
        if tensor.name in seen:
            raise ProfileError(f"malformed profile: tensors[{position}]: a second tensor {tensor.name!r}")
        seen.add(tensor.name)


def _place(steps: Sequence[int | str], plain: Plain) -> str:
    """The place of a fault, as `tensors[3].kurtosis of 'blk.0.attn_q.weight'`."""
    place, owner = "", ""
    value: Any = plain
    for step in steps:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
        value = _inside(value, step)
        if isinstance(value, dict) and isinstance(value.get("name"), str) and place.startswith("tensors"):
            owner = f" of {value['name']!r}"
    return place + owner


def _inside(value: Any, step: int | str) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _text(plain: Plain) -> str:
    return "{\n" + ",\n".join(f"{_dump(key)}: {_lines(value)}" for key, value in plain.items()) + "\n}\n"


def _lines(value: Any) -> str:
    """JSON of a value; a list of objects with each on its own line."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_dump, value)) + "\n]"
    return _dump(value)


_dump = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode  # json.dumps would make one for every row


PROFILE_FORM: SavedForm[Any] = SavedForm(
    kind="a saved profile",
    noun="profile",
    schema=SCHEMA,
    types=_layout,
    error=ProfileError,
    digits=None,
    check=_check_names,
    place=_place,
    text=_text,
    optional=("model.file_hashes", "model.general_type", "model.notes"),
    checked_when_written=False,
)
