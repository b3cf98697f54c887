"""The saved form of an analysis: how its document is laid out in a file, and what is checked beyond types of fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..errors import AnalysisError
from ..saving.form import SavedForm, dotted
from .analysis_document import DIGITS, FIRST_SCHEMA, SCHEMA, AnalysisDocument
from .document_checks import check_analysis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..saving.form import Plain


def _with_layers_outside(plain: Plain) -> Plain:
    """The layers of the leading preset stand at the end of the file, the source behind the title."""
    model = plain["model"]
    plain["model"] = {"title": model["title"], "source": model["source"], **model}
    plain["layers"] = plain["preset"].pop("layers")
    return plain


def _with_layers_inside(plain: Plain) -> Plain:
    preset = plain.get("preset")
    if isinstance(preset, dict):
        preset = {**preset, "layers": plain.get("layers")}
    return {**{key: value for key, value in plain.items() if key != "layers"}, "preset": preset}


def _place_in_file(steps: Sequence[int | str], plain: Plain) -> str:
    return dotted(steps, plain).replace("preset.layers", "layers")


def _text(plain: Plain) -> str:
    return json.dumps(plain, indent=1, allow_nan=False) + "\n"


ANALYSIS_FORM: SavedForm[AnalysisDocument] = SavedForm(
    kind="a saved analysis",
    noun="analysis",
    schema=SCHEMA,
    types=lambda: AnalysisDocument,
    error=AnalysisError,
    digits=DIGITS,
    check=check_analysis,
    older=(FIRST_SCHEMA,),
    arrange=_with_layers_outside,
    restore=_with_layers_inside,
    place=_place_in_file,
    text=_text,
    optional=(
        "model.file_hashes",
        "settings.opening",
        "standouts",
        "embedding",
        *(f"{presets}.{name}" for presets in ("preset", "other_presets") for name in ("noise", "equal")),
    ),
)
