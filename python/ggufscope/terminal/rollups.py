"""Tables of a profile's roll-ups for the terminal.

layer   params       rms          sparsity %        kurtosis           >6σ %
highest         highest
0    218 M   0.01556 ███▉       0.72 ███▊        0.512 ███▊      0.00043 ██▋
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ..models.stacks import MAIN, part_of
from ..profiles.rollup import third_name, thirds_of
from ..text.glyphs import Glyphs, condensed
from ..text.numbers import aligned, count_text, percent, short
from .console import safe, tell_rest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from ..profiles.profile_result import Profile
    from ..profiles.rows import Row

_NUMBER_WIDTH = 8
_LONGEST_BAR, _SHORTEST_BAR = 16, 3
_LONGEST_ROLE = 24
_MOST_LAYERS, _MOST_ROLES = 1024, 128  # more than models have: each role is a curve over all layers
_PARAMETERS = "params"  # at most "999 999"
_PARAMETERS_WIDTH = 7
_GAP = 2

Values = list[float | None]
StackLayer = tuple[str | None, int | None]


def render_layers(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    """One row per layer, then thirds, stacks and the whole model: of their matrices. Vectors have the last row.

    Pooled over a layer, kurtosis and outliers would show little but how much its roles differ in scale, so the
    highest of its matrices is given.
    """
    layers = dict(islice(profile.layers.items(), _MOST_LAYERS))
    whole = {**_shown_thirds(profile), **profile.stack_totals, "all": profile.total}
    rows = [row.of_matrices for row in (*layers.values(), *whole.values())]
    labels = [str(key) for key in (*layers, *whole)]
    apart = [profile.total.vectors] if profile.total.vectors is not None else []
    kurtosis, outliers = (_highest(profile, layers, field) for field in ("kurtosis", "outlier_fraction_6"))
    columns = [
        ("rms", _values([*rows, *apart], "rms"), False),
        ("sparsity %", _values([*rows, *apart], "sparsity"), True),
        ("highest\nkurtosis", [*kurtosis, *[None] * len(apart)], False),
        (f"highest\n{glyphs.sigma(6)} %", [*outliers, *[None] * len(apart)], True),
    ]
    columns = [column for column in columns if any(value is not None for value in column[1])]
    rows, labels = [*rows, *apart], [*labels, *["vectors"] * len(apart)]
    columns = _fitting(columns, console.width - max(map(len, labels)) - _PARAMETERS_WIDTH - _GAP)
    used = max(map(len, labels)) + _PARAMETERS_WIDTH + _GAP * (1 + len(columns))
    bar_width = _bar_width(console.width - used, len(columns))
    table = _table(("layer", "right"), (_PARAMETERS, "right"))
    for title, _, _ in columns:
        table.add_column("\n".join(line.rjust(_NUMBER_WIDTH) for line in title.split("\n")), no_wrap=True)
    sizes = {"n_barred": len(layers), "n_alike": len(layers) + len(whole), "bar_width": bar_width}
    cells = [_barred(values, share, **sizes, glyphs=glyphs) for _, values, share in columns]
    for position, (label, row) in enumerate(zip(labels, rows, strict=True)):
        if position in {len(layers), len(layers) + len(whole)}:
            table.add_row()
        parameters = count_text(row.n_elements if row is not None else 0)
        table.add_row(safe(label), parameters, *(column[position] for column in cells))
    console.print(table)
    tell_rest(console, len(profile.layers) - len(layers), "layer", "the JSON has them")


def _fitting(columns: list[tuple[str, Values, bool]], room: int) -> list[tuple[str, Values, bool]]:
    """The first columns for which there is room, one at least: numbers that are cut tell nothing."""
    kept = list(columns)
    while len(kept) > 1 and sum(_GAP + _column_width(title) for title, _, _ in kept) > room:
        kept.pop()
    return kept


def _column_width(title: str) -> int:
    return max(_NUMBER_WIDTH, *map(len, title.split("\n")))


def render_roles(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    """Roles of matrices, the largest first, then those of vectors, with the rms of their tensors over the layers."""
    matrices, vectors = profile.roles_of("matrix"), profile.roles_of("vector")
    n = len(matrices) + len(vectors)
    matrices, vectors = matrices[:_MOST_ROLES], vectors[:_MOST_ROLES]
    rows = [*matrices, *vectors]
    if not rows:
        return
    columns = [
        ("rms", _values(rows, "rms"), False),
        ("sparsity %", _values(rows, "sparsity"), True),
        ("kurtosis", _values(rows, "kurtosis"), False),
        (f"{glyphs.sigma(6)} %", _values(rows, "outlier_fraction_6"), True),
    ]
    columns = [column for column in columns if any(value is not None for value in column[1])]
    role_width = min(_LONGEST_ROLE, max(len(str(row.role)) for row in rows))
    columns = _fitting(columns, console.width - role_width - _PARAMETERS_WIDTH - _GAP)
    used = role_width + _GAP + _PARAMETERS_WIDTH + sum(max(len(title), _NUMBER_WIDTH) + _GAP for title, _, _ in columns)
    curve_width = console.width - used - _GAP
    table = _table(("role", "left"), (_PARAMETERS, "right"), *((title, "right") for title, _, _ in columns))
    table.columns[0].max_width = role_width
    curved = bool(profile.layers) and curve_width >= len("rms by layer")
    if curved:
        table.add_column("rms by layer", no_wrap=True)
    texts = [_texts_apart(values, len(matrices), share, glyphs) for _, values, share in columns]
    members = _tensors_by_role(profile) if curved else {}
    for position, row in enumerate(rows):
        if position == len(matrices) > 0:
            table.add_row()
        numbers = [column[position].rjust(_NUMBER_WIDTH) for column in texts]
        curve = [Text(_curve_by_layer(profile, members[row.role], curve_width, glyphs), "cyan")] if curved else []
        table.add_row(safe(row.role), count_text(row.n_elements), *numbers, *curve)
    console.print(table)
    tell_rest(console, n - len(rows), "role", "the JSON has them")


def render_experts(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    """One line per role: how different its experts are."""
    table = _table(("experts of", "left"), ("number", "right"), ("lowest rms", "right"), ("highest", "right"))
    table.columns[0].max_width = _LONGEST_ROLE
    table.add_column("rms by expert", no_wrap=True)
    curve_width = console.width - _LONGEST_ROLE - len("number") - len("lowest rms") - _NUMBER_WIDTH - 5 * _GAP
    experts: dict[str, list[Row]] = defaultdict(list)
    for (role, _), row in profile.experts.items():
        experts[role].append(row)
    for role, rows in experts.items():
        known = [row.rms for row in rows if row.rms is not None]
        ends = [short(min(known)), short(max(known))] if known else [glyphs.nothing] * 2
        curve = glyphs.curve(condensed([_square_sum([row]) for row in rows], curve_width))
        table.add_row(safe(role), str(len(rows)), *ends, Text(curve, "cyan"))
    console.print(table)


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for title, justify in columns:
        table.add_column(title, justify=justify, no_wrap=justify == "right", overflow="fold")  # type: ignore[arg-type]
    return table


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


def _barred(values: Values, share: bool, *, n_barred: int, n_alike: int, bar_width: int, glyphs: Glyphs) -> list[Text]:
    """The numbers, the first `n_barred` with bars relative to the largest of these, the first `n_alike` aligned."""
    largest = max((value for value in values[:n_barred] if value is not None), default=0.0)
    texts = [text.rjust(_NUMBER_WIDTH) for text in _texts_apart(values, n_alike, share, glyphs)]
    bars = [f" {glyphs.bar(value, largest, bar_width)}" for value in values[:n_barred]] if bar_width else []
    return [
        Text.assemble(text, (bars[position] if position < len(bars) else "", "cyan"))
        for position, text in enumerate(texts)
    ]


def _bar_width(room: int, columns: int) -> int:
    """The width of each bar when `columns` numbers and their bars share `room` cells; 0 if there is none for bars."""
    width = min(_LONGEST_BAR, room // max(columns, 1) - _NUMBER_WIDTH - 1)
    return width if width >= _SHORTEST_BAR else 0


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
