"""The Markdown of a profile: what the model is, whether its weights are sound, its layers and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...text.escape import escape_markdown as safe
from ...text.numbers import bytes_text, count_text, percent
from ..content.health_lines import health_lines
from .tables import NOTHING, number, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row

_STATISTICS = ("rms", "kurtosis", "sparsity", "outlier_fraction_6")
_HEADER = ("parameters", "size", "rms", "kurtosis", "sparsity %", ">6σ %")
SYNTHETIC = "**SYNTHETIC**: random weights made by ggufscope synth, not a trained model."


def profile_head(profile: Profile) -> Iterator[str]:
    """Title and facts of a report about a profile alone."""
    model = profile.model
    yield f"# Weights of {safe(profile.title)}"
    yield ""
    facts = {
        "architecture": model.architecture,
        "declared type": model.file_type,
        "parameters": model.n_elements,
        "layers": len(profile.layers),
        "identity": model.identity,
    }
    yield from table(("", ""), [(name, safe(value)) for name, value in facts.items() if value is not None])
    if model.synthetic:
        yield ""
        yield SYNTHETIC


def profile_weights(profile: Profile) -> Iterator[str]:
    """Sizes, types and health."""
    yield "## The weights"
    yield ""
    model = profile.model
    bits = f", {model.bits_per_weight:.2f} bits per weight" if model.bits_per_weight is not None else ""
    yield f"- {model.n_tensors} tensors, {bytes_text(model.n_bytes)}{bits}; {percent(profile.coverage)} % scanned"
    types = ", ".join(f"{safe(name)} {bytes_text(sizes['n_bytes'])}" for name, sizes in model.types.items())
    yield f"- types: {types or 'none'}"
    for _, text in health_lines(profile):
        yield f"- {safe(text)}"


def profile_tables(profile: Profile) -> Iterator[str]:
    """Roles, the largest first, and layers."""
    if profile.roles:
        yield "## Roles"
        yield ""
        roles = sorted(profile.roles.values(), key=lambda row: -row.n_bytes)
        yield from _table("role", ((row.role, row) for row in roles))
        yield ""
    if profile.layers:
        yield "## Layers"
        yield ""
        yield from _table("layer", profile.layers.items())
        yield ""
    yield f"Sparsity counts |w| < {profile.settings.sparsity_threshold:g}; kurtosis is 0 for a Gaussian."


def _table(label: str, rows: Iterable[tuple[Any, Row]]) -> Iterator[str]:
    cells = [
        (safe(key), count_text(row.n_elements), bytes_text(row.n_bytes), *(_value(row, name) for name in _STATISTICS))
        for key, row in rows
    ]
    yield from table((label, *_HEADER), cells)


def _value(row: Row, name: str) -> str:
    value = row.get(name)
    if name in {"sparsity", "outlier_fraction_6"}:
        return NOTHING if value is None else percent(value)
    return number(value)
