"""The terminal view of a profile: what the model is and whether it is sound, then its layers and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.stacks import layers_text
from ..report.content.health_lines import health_lines
from ..report.content.verdict_lines import verdict_lines
from ..text.numbers import counted, percent, rate, short
from .headline import render_headline, sizes
from .rollups import render_experts, render_layers, render_roles

if TYPE_CHECKING:
    from ..profiles.profile_result import Profile
    from ..profiles.rows import Row
    from ..profiles.selected import SelectedTensors
    from ..text.glyphs import Glyphs
    from .screen import Screen


def render_profile(screen: Screen, profile: Profile) -> None:
    """Headline, layers, roles and experts."""
    render_head(screen, profile)
    for rows, render in (
        (profile.layers, render_layers),
        (profile.roles, render_roles),
        (profile.experts, render_experts),
    ):
        if rows:
            screen.blank()
            render(screen, profile)
    screen.blank()
    _render_legend(screen, profile, screen.glyphs)


def render_head(screen: Screen, profile: Profile) -> None:
    """Name and size of the model, how it was read, and whether its weights are sound."""
    glyphs = screen.glyphs
    model = profile.model
    render_headline(
        screen,
        profile.subject.file,
        profile.title,
        model,
        sizes(model.n_elements, model.bits_per_weight),
        n_bytes=sum(model.file_sizes),
        n_files=len(model.file_sizes),
        without_architecture="no architecture",
    )
    _fact(screen, "types", _types_text(profile, glyphs))
    _fact(screen, "scanned", _scan_text(profile, glyphs))
    for line in _hash_lines(profile):
        _fact(screen, "sha256", line)
    _render_health(screen, profile)
    _render_extremes(screen, profile)


def render_reading(
    screen: Screen, read: SelectedTensors, *, n_tensors: int, fast: bool, stored: bool, factors: bool
) -> None:
    """How much of a model was read for a selection of its tensors, and how fast."""
    glyphs = screen.glyphs
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
    _fact(screen, "scanned", f" {glyphs.dot} ".join(parts))


def _fact(screen: Screen, label: str, text: str, style: str = "") -> None:
    screen.fact(label, text, style, width=8)


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


def _render_health(screen: Screen, profile: Profile) -> None:
    for kind, text in verdict_lines(profile):
        _fact(screen, "verdict", text, _HEALTH_STYLES[kind])
    for kind, text in health_lines(profile):
        _fact(screen, "note" if kind == "note" else "health", text, _HEALTH_STYLES[kind])


def _render_extremes(screen: Screen, profile: Profile) -> None:
    """Where among the matrices the largest weight and the heaviest tails are."""
    largest, heaviest = _most(profile, "abs_max"), _most(profile, "kurtosis")
    if largest is not None:
        place = ", ".join(map(str, largest.abs_max_index))
        _fact(screen, "largest", f"|w| = {short(largest.abs_max)} in {largest.name}[{place}]")
    if heaviest is not None:
        _fact(screen, "tails", f"kurtosis {short(heaviest.kurtosis)} in {heaviest.name}")


def _most(profile: Profile, field: str) -> Row | None:
    matrices = [row for row in profile.tensors.values() if row.is_matrix and row.get(field) is not None]
    return max(matrices, key=lambda row: float(row[field]), default=None)


def _render_legend(screen: Screen, profile: Profile, glyphs: Glyphs) -> None:
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
        screen.line(line, "dim")
