"""A saved analysis as text: written with a fixed number of digits, and checked when it is read."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import AnalysisError
from ..saving.form import load_strictly, rounded
from .analysis_document import SCHEMA, AnalysisDocument

if TYPE_CHECKING:
    from pydantic import TypeAdapter

DIGITS = 10  # significant digits of every number in a file: BLAS, numba and sampling vouch for no more


@cache
def _adapter() -> TypeAdapter[AnalysisDocument]:
    from pydantic import TypeAdapter  # noqa: PLC0415  takes a while to import

    return TypeAdapter(AnalysisDocument)


def document_to_json(document: AnalysisDocument) -> str:
    """The text of the saved file: strict JSON; the leading preset's layers stand under `layers`."""
    plain = rounded(asdict(document), DIGITS)
    plain["layers"] = plain["preset"].pop("layers")
    _checked(plain)
    return json.dumps(plain, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def document_from_json(data: bytes | str) -> AnalysisDocument:
    """Check the text of a saved analysis.

    Raises:
        AnalysisError: It is not one; names the place.
    """
    plain = load_strictly(data, "a saved analysis", AnalysisError)
    if not isinstance(plain, dict) or "schema" not in plain:
        raise AnalysisError('not a saved analysis: it has no "schema"')
    if plain["schema"] != SCHEMA:
        raise AnalysisError(f"cannot read schema {plain['schema']!r}; this version reads {SCHEMA!r}")
    return _checked(plain)


def _checked(plain: dict[str, Any]) -> AnalysisDocument:
    from pydantic import ValidationError  # noqa: PLC0415

    preset = plain.get("preset")
    inner = {**preset, "layers": plain.get("layers")} if isinstance(preset, dict) else preset
    try:
        whole = {**{key: value for key, value in plain.items() if key != "layers"}, "preset": inner}
        return _adapter().validate_json(json.dumps(whole), strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"])).replace("preset.layers", "layers")
        raise AnalysisError(f"malformed analysis: {place}: {problem['msg']}") from None
