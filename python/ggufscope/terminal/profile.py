"""The terminal view of a profile: what the model is and whether it is sound, then its layers and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..models.stacks import layers_text
from ..report.content.health_lines import health_lines
from ..report.content.verdict_lines import verdict_lines
from ..text.glyphs import Glyphs
from ..text.numbers import counted, percent, rate, short
from .fact import render_fact
from .headline import render_headline, sizes
from .rollups import render_experts, render_layers, render_roles

if TYPE_CHECKING:
    from rich.console import Console

    from ..profiles.profile_result import Profile
    from ..profiles.rows import Row
    from ..profiles.selected import SelectedTensors


def render_profile(console: Console, profile: Profile) -> None:
    """Headline, layers, roles and experts."""
    glyphs = Glyphs.of(console.encoding)
    render_head(console, profile)
    for rows, render in (
        (profile.layers, render_layers),
        (profile.roles, render_roles),
        (profile.experts, render_experts),
    ):
        if rows:
            console.print()
            render(console, profile, glyphs)
    console.print()
    _render_legend(console, profile, glyphs)


def render_head(console: Console, profile: Profile) -> None:
    """Name and size of the model, how it was read, and whether its weights are sound."""
    glyphs = Glyphs.of(console.encoding)
    model = profile.model
    facts = sizes(model.n_elements, model.n_bytes, model.bits_per_weight)
    render_headline(console, profile.title, model, facts, without_architecture="no architecture")
    _fact(console, "types", _types_text(profile, glyphs))
    _fact(console, "scanned", _scan_text(profile, glyphs))
    for line in _hash_lines(profile):
        _fact(console, "sha256", line)
    _render_health(console, profile)
    _render_extremes(console, profile)


def render_reading(
    console: Console, read: SelectedTensors, *, n_tensors: int, fast: bool, stored: bool, factors: bool
) -> None:
    """How much of a model was read for a selection of its tensors, and how fast."""
    glyphs = Glyphs.of(console.encoding)
    parts = [
        f"{len(read.rows)} of {counted(n_tensors, 'tensor')}, {percent(read.share)} %, in {read.seconds:.3g} s",
        rate(read.n_bytes / read.seconds, "B"),
        counted(read.threads, "thread"),
        read.isa,
    ]
    if fast:
        parts.append(_FAST)
    if stored:
        parts.append(_stored_text(factors))
    _fact(console, "scanned", f" {glyphs.dot} ".join(parts))


def _fact(console: Console, label: str, text: str, style: str = "") -> None:
    render_fact(console, label, text, style, width=8)


def _types_text(profile: Profile, glyphs: Glyphs) -> str:
    types = [f"{name} {sizes['n_tensors']}" for name, sizes in profile.model.types.items()]
    layers = f"{layers_text(profile.stacks)} {glyphs.dot} " if profile.layers else ""
    return f"{layers}{counted(profile.model.n_tensors, 'tensor')}: {', '.join(types) or 'none'}"


def _hash_lines(profile: Profile) -> list[str]:
    """The hash of every file, as `sha256sum` prints it; none where nobody asked for them."""
    hashes = [digest.removeprefix("sha256:") for digest in profile.model.file_hashes or []]
    files = profile.run.files if profile.run else []
    if len(files) != len(hashes):
        return hashes  # of a profile that was saved without its run
    return [f"{digest}  {file}" for digest, file in zip(hashes, files, strict=True)]


_FAST = "fast: without histogram, row norms and codes"


def _scan_text(profile: Profile, glyphs: Glyphs) -> str:
    parts = [f"{percent(profile.coverage)} %"]
    run = profile.run
    if run is not None:
        parts[0] += f" in {run.seconds:.3g} s"
        parts.append(rate(run.bytes_per_second, "B"))
        parts.append(rate(run.elements_per_second, "param"))
        parts.append(counted(run.threads, "thread"))
        parts.append(run.isa)
    if profile.settings.fast:
        parts.append(_FAST)
    if profile.settings.stored:
        factors = any(tensor.kind == "factor" for tensor in profile.tensors.values())
        parts.append(_stored_text(factors))
    return f" {glyphs.dot} ".join(parts)


def _stored_text(factors: bool) -> str:
    return "stored: blocks without the factors beside them" if factors else "stored: there are no factors"


_HEALTH_STYLES = {"good": "green", "bad": "bold red", "odd": "bold yellow", "note": ""}


def _render_health(console: Console, profile: Profile) -> None:
    for kind, text in verdict_lines(profile):
        _fact(console, "verdict", text, _HEALTH_STYLES[kind])
    for kind, text in health_lines(profile):
        _fact(console, "note" if kind == "note" else "health", text, _HEALTH_STYLES[kind])


def _render_extremes(console: Console, profile: Profile) -> None:
    """Where among the matrices the largest weight and the heaviest tails are."""
    largest, heaviest = _most(profile, "abs_max"), _most(profile, "kurtosis")
    if largest is not None:
        place = ", ".join(map(str, largest.abs_max_index))
        _fact(console, "largest", f"|w| = {short(largest.abs_max)} in {largest.name}[{place}]")
    if heaviest is not None:
        _fact(console, "tails", f"kurtosis {short(heaviest.kurtosis)} in {heaviest.name}")


def _most(profile: Profile, field: str) -> Row | None:
    matrices = [row for row in profile.tensors.values() if row.is_matrix and row.get(field) is not None]
    return max(matrices, key=lambda row: float(row[field]), default=None)


def _render_legend(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    lines = [
        f"sparsity: |w| < {profile.settings.sparsity_threshold:g} {glyphs.dot} kurtosis: 0 for a Gaussian"
        + ("" if profile.settings.fast else f" {glyphs.dot} {glyphs.sigma(6)}: off the mean by 6 std"),
    ]
    if profile.layers:
        lines += [
            "layers, thirds, all: matrices; vectors: gains and biases of the whole model"
            if profile.total.of_matrices is not profile.total
            else "layers, thirds, all: matrices and vectors, not told apart in this profile",
            "highest: of the layer's matrices (all in one would show the mix of roles)",
            "curves: first to last layer, low to high where they differ by 10 % or more",
        ]
    for line in lines:
        console.print(Text(line, "dim"))
