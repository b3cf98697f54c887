"""Whether the weights are sound, in lines that every output of a profile shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ...profiles.health import Health
from ...text.numbers import counted, percent, short

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
    if health.beyond_float32:
        count = sum(row.beyond_float32_count for row in health.beyond_float32)
        beyond = f"{counted(count, 'number')} beyond float32, in no other statistic: {_names(health.beyond_float32)}"
        yield HealthLine("odd", beyond)
    if health.zero:
        yield HealthLine("odd", f"all zeros: {_names(health.zero)}")
    if health.constant:
        yield HealthLine("note", f"all values equal: {_names(health.constant)}")
    if health.empty:
        yield HealthLine("note", f"no elements: {_names(health.empty)}")
    yield from _factor_lines(health)
    if health.tables:
        yield HealthLine("note", f"integers, which are no weights: {_names(health.tables)}")
    for note in profile.model.notes or []:
        yield HealthLine("note", note)


def _factor_lines(health: Health) -> Iterator[HealthLine]:
    if health.unusable_factors:
        yield HealthLine("bad", f"a factor of 0, NaN or Inf beside {_names(health.unusable_factors)}")
    if health.factored:
        yield HealthLine("note", _factors_text(health.factored))
    if health.left_out_factors:
        yield HealthLine("note", f"as stored, without the factors in {_names(health.left_out_factors)}")


def _factors_text(rows: Sequence[Row]) -> str:
    known = [value for row in rows for value in row.factor if value is not None]
    ends = "" if not known else f" of {short(known[0])}"
    if known and min(known) != max(known):
        ends = f" from {short(min(known))} to {short(max(known))}"
    return f"decoded numbers times the factors{ends} beside {_names(rows)}"


def _names(rows: Sequence[Row]) -> str:
    shown = ", ".join(str(row.name) for row in rows[:_LONGEST_LIST])
    more = f" and {len(rows) - _LONGEST_LIST} more" if len(rows) > _LONGEST_LIST else ""
    return f"{counted(len(rows), 'tensor')}: {shown}{more}"
