"""Reads and checks a saved profile before anything believes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import ProfileError
from .profile_result import SCHEMA
from .schema import document_model

if TYPE_CHECKING:
    from os import PathLike


def read_profile(path: str | PathLike[str]) -> dict[str, Any]:
    """Read and check a saved profile; the checked document.

    Raises:
        ProfileError: Not a profile, of another schema version, or malformed; names the file and the place in it.
        OSError: The file cannot be read.
    """
    with Path(path).open("rb") as file:
        data = file.read(4)
        if data == b"GGUF":  # of any size: not worth reading
            raise ProfileError(f"{path}: a GGUF model, not a saved profile of one")
        data += file.read()
    try:
        return parse_profile(data)
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from None


def parse_profile(data: bytes | str) -> dict[str, Any]:
    """Check the text of a saved profile.

    Raises:
        ProfileError: It is not one; names the place.
    """
    document = _parse_json(data)
    if not isinstance(document, dict) or "schema" not in document:
        raise ProfileError('not a saved profile: it has no "schema"')
    if document["schema"] != SCHEMA:
        raise ProfileError(f"cannot read schema {document['schema']!r}; this version reads {SCHEMA!r}")
    try:
        checked = document_model().model_validate(document)
    except ValidationError as error:
        raise ProfileError(_describe(error, document)) from None
    _check_names(document["tensors"])
    return checked.model_dump(exclude_unset=True)


def _parse_json(data: bytes | str) -> Any:
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason: object = error
        if isinstance(error, RecursionError):
            reason = "nested too deeply"
        elif isinstance(error, UnicodeDecodeError):
            reason = f"byte {error.start} is no UTF-8"
        raise ProfileError(f"not a saved profile: no valid JSON ({reason})") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _describe(error: ValidationError, document: dict[str, Any]) -> str:
    """The first problem: `tensors[3].kurtosis of 'blk.0.attn_q.weight': …`."""
    problem = error.errors(include_url=False, include_input=False)[0]
    place, value = "", document
    owner = ""
    for step in problem["loc"]:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
        value = _inside(value, step)
        if isinstance(value, dict) and isinstance(value.get("name"), str) and place.startswith("tensors"):
            owner = f" of {value['name']!r}"
    return f"malformed profile: {place}{owner}: {problem['msg'].removeprefix('Value error, ')}"


def _inside(value: Any, step: int | str) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _check_names(tensors: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for position, tensor in enumerate(tensors):
        if tensor["name"] in seen:
            raise ProfileError(f"malformed profile: tensors[{position}]: a second tensor {tensor['name']!r}")
        seen.add(tensor["name"])
