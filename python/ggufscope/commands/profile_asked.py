"""Options of `ggufscope profile` that hold for all that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..models.selection import Selection
    from ..profiles.profile_records import ProfileSettings


class Asked(NamedTuple):
    """Options of a profile that also hold for some tensors of it."""

    selection: Selection
    settings: ProfileSettings
    threads: int | None
    as_json: bool
    as_markdown: bool
    reproducible: bool
    spectra: str | None
