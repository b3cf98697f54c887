"""The place of the file of singular values beside a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...spectral.spectra_result import SPECTRA_JSON

if TYPE_CHECKING:
    from pathlib import Path


def written_beside(profile: Path) -> Path:
    """The file that belongs to a profile: `spectra.json` to `profile.json`, `NAME.spectra.json` to `NAME.json`."""
    from ...analysis.analysis_result import PROFILE_JSON  # noqa: PLC0415  where nothing is saved, nothing is asked

    return profile.with_name(SPECTRA_JSON if profile.name == PROFILE_JSON else f"{profile.stem}.{SPECTRA_JSON}")


def read_beside(result: Path) -> Path:
    """The file to read beside a saved result: its own where there is one, else that of the directory."""
    own = written_beside(result)
    return own if own.is_file() else result.with_name(SPECTRA_JSON)
