"""Whether the weights are sound, in lines that every output of a profile shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ...profiles.health import Health
from ...text.numbers import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row

_LONGEST_LIST = 3  # names in a line


class HealthLine(NamedTuple):
    """A finding; its text may hold names from the file, to be escaped."""

    kind: Literal["good", "bad", "odd", "note"]
    text: str


def health_lines(profile: Profile) -> Iterator[HealthLine]:
    """A line for all that is sound, plainly wrong, or merely worth knowing."""
    health = Health.of(profile)
    if not profile.tensors:
        yield HealthLine("odd", "there are no weights")
    elif health.sound:
        yield HealthLine("good", "every weight is a finite number, no tensor is all zeros")
    if health.coverage != 1:
        yield HealthLine("bad", f"only {percent(health.coverage)} % of the elements were scanned")
    if health.non_finite:
        nan, inf = profile.total.nan_count, profile.total.inf_count
        yield HealthLine("bad", f"{nan} NaN and {inf} Inf in {_names(health.non_finite)}")
    if health.zero:
        yield HealthLine("odd", f"all zeros: {_names(health.zero)}")
    if health.constant:
        yield HealthLine("note", f"all values equal: {_names(health.constant)}")
    if health.empty:
        yield HealthLine("note", f"no elements: {_names(health.empty)}")
    for note in profile.model.notes or []:
        yield HealthLine("note", note)


def _names(rows: Sequence[Row]) -> str:
    shown = ", ".join(str(row.name) for row in rows[:_LONGEST_LIST])
    more = f" and {len(rows) - _LONGEST_LIST} more" if len(rows) > _LONGEST_LIST else ""
    return f"{counted(len(rows), 'tensor')}: {shown}{more}"
