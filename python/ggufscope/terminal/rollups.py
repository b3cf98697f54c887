"""Tables of a profile's roll-ups for the terminal.

layer   params       rms          sparsity %        kurtosis           >6σ %
highest         highest
0    218 M   0.01556 ███▉       0.72 ███▊        0.512 ███▊      0.00043 ██▋
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..models.stacks import MAIN, part_of
from ..profiles.rollup import third_name, thirds_of
from ..text.glyphs import condensed
from ..text.numbers import aligned, count_text, percent, short
from .columns import Column, Drawing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..profiles.profile_result import Profile
    from ..profiles.rows import Row
    from ..text.glyphs import Glyphs
    from .screen import Screen

_MOST_LAYERS, _MOST_ROLES = 1024, 128  # more than models have: each role is a curve over all layers

Values = list[float | None]
StackLayer = tuple[str | None, int | None]


def render_layers(screen: Screen, profile: Profile) -> None:
    """One row per layer, then thirds, stacks and the whole model: of their matrices. Vectors have the last row.

    Pooled over a layer, kurtosis and outliers would show little but how much its roles differ in scale, so the
    highest of its matrices is given.
    """
    glyphs = screen.glyphs
    layers = dict(islice(profile.layers.items(), _MOST_LAYERS))
    whole = {**_shown_thirds(profile), **profile.stack_totals, "all": profile.total}
    apart = [profile.total.vectors] if profile.total.vectors is not None else []
    rows = [*(row.of_matrices for row in (*layers.values(), *whole.values())), *apart]
    kurtosis, outliers = (_highest(profile, layers, field) for field in ("kurtosis", "outlier_fraction_6"))
    figures: list[tuple[str, Values, bool]] = [
        ("rms", _values(rows, "rms"), False),
        ("sparsity %", _values(rows, "sparsity"), True),
        ("highest\nkurtosis", [*kurtosis, *[None] * len(apart)], False),
        (f"highest\n{glyphs.sigma(6)} %", [*outliers, *[None] * len(apart)], True),
    ]
    n_barred, n_alike = len(layers), len(layers) + len(whole)
    screen.table(
        [
            Column("layer", [*map(str, (*layers, *whole)), *["vectors"] * len(apart)]),
            Column("params", [count_text(row.n_elements if row is not None else 0) for row in rows], yields=1),
            *(
                Column(
                    title,
                    _texts_apart(values, n_alike, share, glyphs),
                    yields=place,
                    drawing=_bars(values, n_barred, glyphs),
                )
                for place, (title, values, share) in enumerate(figures, 1)
                if any(value is not None for value in values)
            ),
        ],
        gaps={n_barred, n_alike},
    )
    screen.tell_rest(len(profile.layers) - len(layers), "layer")


def _bars(values: Values, n_barred: int, glyphs: Glyphs) -> Drawing:
    """Bars of the first values, relative to the largest of these."""
    largest = max((value for value in values[:n_barred] if value is not None), default=0.0)
    return Drawing(
        lambda width: [
            glyphs.bar(value, largest, width) if place < n_barred else "" for place, value in enumerate(values)
        ]
    )


def render_roles(screen: Screen, profile: Profile) -> None:
    """Roles of matrices, the largest first, then those of vectors, with the rms of their tensors over the layers."""
    glyphs = screen.glyphs
    matrices, vectors = profile.roles_of("matrix"), profile.roles_of("vector")
    n = len(matrices) + len(vectors)
    matrices, vectors = matrices[:_MOST_ROLES], vectors[:_MOST_ROLES]
    rows = [*matrices, *vectors]
    if not rows:
        return
    figures: list[tuple[str, Values, bool]] = [
        ("rms", _values(rows, "rms"), False),
        ("sparsity %", _values(rows, "sparsity"), True),
        ("kurtosis", _values(rows, "kurtosis"), False),
        (f"{glyphs.sigma(6)} %", _values(rows, "outlier_fraction_6"), True),
    ]
    screen.table(
        [
            Column("role", [str(row.role) for row in rows], "name"),
            Column("params", [count_text(row.n_elements) for row in rows], yields=1),
            *(
                Column(title, _texts_apart(values, len(matrices), share, glyphs), yields=place)
                for place, (title, values, share) in enumerate(figures, 1)
                if any(value is not None for value in values)
            ),
            *([_curves(profile, rows, glyphs)] if profile.layers else []),
        ],
        gaps={len(matrices)} if matrices else (),
    )
    screen.tell_rest(n - len(rows), "role")


def _curves(profile: Profile, rows: Sequence[Row], glyphs: Glyphs) -> Column:
    """The rms of roles in each layer of their stacks."""
    members = _tensors_by_role(profile)
    title = "rms by layer"
    drawing = Drawing(
        lambda width: [_curve_by_layer(profile, members[row.role], width, glyphs) for row in rows],
        shortest=len(title),
        longest=len(profile.layers),
    )
    return Column(title, drawing=drawing)


def render_experts(screen: Screen, profile: Profile) -> None:
    """One line per role: how different its experts are."""
    glyphs = screen.glyphs
    experts: dict[str, list[Row]] = defaultdict(list)
    for (role, _), row in profile.experts.items():
        experts[role].append(row)
    known = [[row.rms for row in rows if row.rms is not None] for rows in experts.values()]
    squares = [[_square_sum([row]) for row in rows] for rows in experts.values()]
    title = "rms by expert"
    longest = max(map(len, squares), default=0)
    curves = Drawing(
        lambda width: [glyphs.curve(condensed(of_role, width)) for of_role in squares], len(title), longest
    )
    screen.table(
        [
            Column("experts of", list(experts), "name"),
            Column("number", [str(len(rows)) for rows in experts.values()], yields=1),
            Column("lowest rms", [short(min(rms)) if rms else glyphs.nothing for rms in known]),
            Column("highest", [short(max(rms)) if rms else glyphs.nothing for rms in known]),
            Column(title, drawing=curves),
        ]
    )


def _values(rows: Iterable[Row | None], field: str) -> Values:
    return [None if row is None else row.get(field) for row in rows]


def _shown_thirds(profile: Profile) -> dict[str, Row]:
    """The thirds of the main stack; those of the others where it has no layers."""
    of_main = {name: row for name, row in profile.thirds.items() if row.stack is None}
    return of_main or profile.thirds


def _highest(profile: Profile, layers: Mapping[int | str, Row], field: str) -> Values:
    """The highest value among the matrices of each of these layers, each third, each stack and the whole model."""
    thirds = thirds_of((row.stack, row.layer) for row in profile.layers.values())
    names = {layer: third_name(layer[0], third) for layer, third in thirds.items()}
    by_group: dict[Any, list[float]] = {}
    for tensor in profile.tensors.values():
        if tensor.is_matrix and tensor.get(field) is not None:
            layer = (tensor.stack, tensor.layer)
            for group in (layer, names.get(layer), part_of(tensor.stack) or MAIN, "all"):
                by_group.setdefault(group, []).append(tensor[field])
    groups = [
        *((row.stack, row.layer) for row in layers.values()),
        *_shown_thirds(profile),
        *profile.stack_totals,
        "all",
    ]
    return [max(by_group.get(group, []), default=None) for group in groups]


def _texts(values: Values, share: bool, glyphs: Glyphs) -> list[str]:
    if share:
        return [glyphs.nothing if value is None else percent(value) for value in values]
    return aligned(values, glyphs.nothing)


def _texts_apart(values: Values, n_first: int, share: bool, glyphs: Glyphs) -> list[str]:
    """The first `n_first` numbers and the rest, each with as many digits as they need by themselves."""
    return [*_texts(values[:n_first], share, glyphs), *_texts(values[n_first:], share, glyphs)]


def _tensors_by_role(profile: Profile) -> dict[str | None, dict[StackLayer, list[Row]]]:
    """The tensors in layers by role, and these by their place."""
    members: dict[str | None, dict[StackLayer, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in profile.tensors.values():
        if row.layer is not None:
            members[row.role][row.stack, row.layer].append(row)
    return members


def _curve_by_layer(profile: Profile, members: Mapping[StackLayer, list[Row]], width: int, glyphs: Glyphs) -> str:
    """The rms of a role in each layer of its stack."""
    stacks = {stack for stack, _ in members}
    places = [(row.stack, row.layer) for row in profile.layers.values() if row.stack in stacks]
    return glyphs.curve(condensed([_square_sum(members.get(place, [])) for place in places], width))


def _square_sum(rows: Sequence[Row]) -> tuple[float, float] | None:
    known = [row for row in rows if row.get("l2_norm") is not None]
    count = sum(row.n_elements - row.nan_count - row.inf_count for row in known)
    return (sum(row.l2_norm**2 for row in known), count) if known else None
