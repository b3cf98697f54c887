"""The terminal view of a profile: what the model is and whether it is sound, then its layers and roles.

layer   params    rms            kurtosis       sparsity %     >6σ %
    0   218 M     0.0214 ████▌   1.62   ██▏     0.021 ▎        0.0011 ▋
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ..fields import kinds
from ..health import Health
from .cells import Glyphs, aligned, condensed, percent, rate, short
from .console import bytes_text, count_text, plain_table, print_table, safe, shape_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from ..profiles import Profile
    from ..rows import Row

DEFAULT_COLUMNS = ("name", "type", "shape", "rms", "kurtosis", "sparsity")

_MEASURES = {"rms": "rms", "kurtosis": "kurtosis", "sparsity": "sparsity %", "outlier_fraction_6": ">6σ %"}
_NUMBER_WIDTH = 8
_LONGEST_BAR, _SHORTEST_BAR = 16, 3
_LONGEST_LIST = 3  # names in a line of findings


def render_profile(console: Console, profile: Profile) -> None:
    """Headline, layers, roles and experts."""
    glyphs = Glyphs.of(console.encoding)
    render_headline(console, profile)
    if profile.layers:
        console.print()
        _render_layers(console, profile, glyphs)
    if profile.roles:
        console.print()
        _render_roles(console, profile, glyphs)
    if profile.experts:
        console.print()
        _render_experts(console, profile, glyphs)
    console.print()
    _render_legend(console, profile, glyphs)


def render_headline(console: Console, profile: Profile) -> None:
    """What the model is, how it was read, and whether its weights are sound."""
    glyphs = Glyphs.of(console.encoding)
    model = profile.model
    console.print(safe(profile.title, "bold"))
    parts = [
        model.architecture or "no architecture",
        *([model.file_type] if model.file_type else []),
        f"{count_text(model.n_elements)} parameters",
        *([f"{model.bits_per_weight:.2f} bits per weight"] if model.bits_per_weight is not None else []),
        bytes_text(model.n_bytes),
    ]
    console.print(safe(f" {glyphs.dot} ".join(parts)))
    if model.synthetic:
        console.print(Text("SYNTHETIC: random weights made by ggufscope synth, not a trained model", "bold yellow"))
    _fact(console, "types", _types_text(profile, glyphs))
    _fact(console, "scanned", _scan_text(profile, glyphs))
    _render_health(console, profile)
    _render_extremes(console, profile)


def _fact(console: Console, label: str, text: str, style: str = "") -> None:
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=8, no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(label, "bold"), safe(text, style))
    console.print(line)


def _types_text(profile: Profile, glyphs: Glyphs) -> str:
    types = [f"{name} {sizes['n_tensors']}" for name, sizes in profile.model.types.items()]
    layers = f"{len(profile.layers)} layers {glyphs.dot} " if profile.layers else ""
    return f"{layers}{profile.model.n_tensors} tensors: {', '.join(types) or 'none'}"


def _scan_text(profile: Profile, glyphs: Glyphs) -> str:
    parts = [f"{percent(profile.coverage)} %"]
    run = profile.run
    if run is not None:
        parts[0] += f" in {run.seconds:.3g} s"
        parts.append(rate(run.bytes_per_second, "B"))
        parts.append(rate(run.elements_per_second, "param"))
        parts.append(f"{run.threads} thread{'s' if run.threads > 1 else ''}")
        parts.append(run.isa)
    if profile.settings.fast:
        parts.append("fast: without histogram, row norms and codes")
    return f" {glyphs.dot} ".join(parts)


def _render_health(console: Console, profile: Profile) -> None:
    health = Health.of(profile)
    if health.sound:
        _fact(console, "health", "every weight is a finite number, no tensor is all zeros", "green")
    if health.coverage != 1:
        _fact(console, "health", f"only {percent(health.coverage)} % of the elements were scanned", "bold red")
    if health.non_finite:
        nan, inf = profile.total.nan_count, profile.total.inf_count
        _fact(console, "health", f"{nan} NaN and {inf} Inf in {_names(health.non_finite)}", "bold red")
    if health.zero:
        _fact(console, "health", f"all zeros: {_names(health.zero)}", "bold yellow")
    if health.constant:
        _fact(console, "note", f"all values equal: {_names(health.constant)}")
    if health.empty:
        _fact(console, "note", f"no elements: {_names(health.empty)}")


def _names(rows: Sequence[Row]) -> str:
    shown = ", ".join(str(row.name) for row in rows[:_LONGEST_LIST])
    more = f" and {len(rows) - _LONGEST_LIST} more" if len(rows) > _LONGEST_LIST else ""
    return f"{len(rows)} tensor{'s' if len(rows) > 1 else ''}: {shown}{more}"


def _render_extremes(console: Console, profile: Profile) -> None:
    for label, field in (("largest", "abs_max"), ("tails", "kurtosis")):
        rows = [row for row in profile.tensors.values() if row.get(field) is not None]
        if rows:
            top = max(rows, key=lambda row: float(row[field]))
            where = f"{list(top.abs_max_index)}" if field == "abs_max" else ""
            what = "magnitude" if field == "abs_max" else "excess kurtosis"
            _fact(console, label, f"{what} {short(top[field])} in {top.name}{where}")


class _Measures:
    """The columns of numbers with bars that a table of rows shares; a column nobody has is left out."""

    def __init__(self, rows: Iterable[Row], glyphs: Glyphs) -> None:
        self._rows = list(rows)
        self._glyphs = glyphs
        self._columns = {
            field: [row.get(field) for row in self._rows]
            for field in _MEASURES
            if any(row.get(field) is not None for row in self._rows)
        }

    def __len__(self) -> int:
        return len(self._columns)

    def lines(self, bar_width: int) -> list[list[Text]]:
        """The cells of each row."""
        columns = [self._column(field, values, bar_width) for field, values in self._columns.items()]
        return [list(line) for line in zip(*columns, strict=True)] if columns else [[] for _ in self._rows]

    def titles(self) -> list[str]:
        titles = [_MEASURES[field].rjust(_NUMBER_WIDTH) for field in self._columns]
        return titles if self._glyphs.blocks else [title.replace("σ", "sd") for title in titles]

    def _column(self, field: str, values: list[float | None], bar_width: int) -> list[Text]:
        largest = max((value for value in values if value is not None), default=0.0)
        texts = _texts(field, values, self._glyphs)
        return [
            Text.assemble(text.rjust(_NUMBER_WIDTH), " " * bool(bar_width), (bar, "cyan"))
            for text, bar in zip(texts, (self._glyphs.bar(v, largest, bar_width) for v in values), strict=True)
        ]


def _texts(field: str, values: list[float | None], glyphs: Glyphs) -> list[str]:
    if kinds().get(field) == "share":
        return [glyphs.nothing if value is None else percent(value) for value in values]
    return aligned(values, glyphs.nothing)


def _bar_width(room: int, columns: int) -> int:
    """The width of each bar when `columns` numbers and their bars share `room` cells; 0 if there is none for bars."""
    width = min(_LONGEST_BAR, room // max(columns, 1) - _NUMBER_WIDTH - 3)
    return width if width >= _SHORTEST_BAR else 0


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title, justify in columns:
        table.add_column(title, justify=justify, no_wrap=justify == "right", overflow="fold")  # type: ignore[arg-type]
    return table


def _render_layers(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    whole = {**profile.thirds, "all": profile.total}
    rows: dict[Any, Row] = {**profile.layers, **whole}
    measures = _Measures(rows.values(), glyphs)
    label_width = max(len("middle"), *(len(str(key)) for key in profile.layers))
    bar_width = _bar_width(console.width - label_width - len("  params    "), len(measures))
    table = _table(("layer", "right"), ("params", "right"), *((title, "left") for title in measures.titles()))
    for (key, row), cells in zip(rows.items(), measures.lines(bar_width), strict=True):
        if key == next(iter(whole)):
            table.add_row()
        table.add_row(safe(key), count_text(row.n_elements), *cells)
    console.print(table)


def _render_roles(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    """Roles, the largest first, with the rms of their tensors over the layers."""
    rows = sorted(profile.roles.values(), key=lambda row: -row.n_bytes)
    measures = _Measures(rows, glyphs)
    label_width = min(24, max(len(str(row.role)) for row in rows))
    room = console.width - label_width - len("  params    ") - sum(len(title) + 2 for title in measures.titles())
    curve_width = room if profile.layers and room >= len("rms by layer") else 0
    table = _table(("role", "left"), ("params", "right"), *((title, "right") for title in measures.titles()))
    table.columns[0].max_width = label_width
    if curve_width:
        table.add_column("rms by layer", no_wrap=True)
    for row, numbers in zip(rows, measures.lines(0), strict=True):
        cells = [safe(row.role), Text(count_text(row.n_elements)), *numbers]
        if curve_width:
            cells.append(Text(_curve_by_layer(profile, row.role, curve_width, glyphs), "cyan"))
        table.add_row(*cells)
    console.print(table)


def _curve_by_layer(profile: Profile, role: str, width: int, glyphs: Glyphs) -> str:
    by_layer: dict[int, list[Row]] = {}
    for row in profile.tensors.values():
        if row.role == role and row.layer is not None:
            by_layer.setdefault(row.layer, []).append(row)
    layers = sorted({row.layer for row in profile.layers.values()}) if by_layer else []
    return glyphs.curve(condensed([_square_sum(by_layer.get(layer, [])) for layer in layers], width))


def _square_sum(rows: Sequence[Row]) -> tuple[float, float] | None:
    known = [row for row in rows if row.get("l2_norm") is not None]
    if not known:
        return None
    count = sum(row.n_elements - row.nan_count - row.inf_count for row in known)
    return sum(row.l2_norm**2 for row in known), count


def _render_experts(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    """One line per role: how different its experts are."""
    table = _table(("experts of", "left"), ("number", "right"), ("lowest rms", "right"), ("highest", "right"))
    width = console.width - 55
    table.add_column("rms by expert", no_wrap=True)
    for role in dict.fromkeys(role for role, _ in profile.experts):
        rows = [row for (of, _), row in profile.experts.items() if of == role]
        known = [row.rms for row in rows if row.rms is not None]
        low, high = (short(min(known)), short(max(known))) if known else (glyphs.nothing, glyphs.nothing)
        curve = glyphs.curve(condensed([_square_sum([row]) for row in rows], width))
        table.add_row(safe(role), str(len(rows)), low, high, Text(curve, "cyan"))
    console.print(table)


def _render_legend(console: Console, profile: Profile, glyphs: Glyphs) -> None:
    parts = [
        "kurtosis: excess, 0 for a Gaussian",
        f"sparsity: |w| < {profile.settings.sparsity_threshold:g}",
        *([] if profile.settings.fast else [f"{_MEASURES['outlier_fraction_6'][:-2]}: beyond mean ± 6 std"]),
        "curves and bars: within their column or row",
    ]
    text = f" {glyphs.dot} ".join(parts)
    console.print(Text(text if glyphs.blocks else text.replace("σ", "sd").replace("±", "+-"), "dim"))


def render_tensors(console: Console, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], selected: bool) -> None:
    """A table of tensors; numbers other than names, types and sizes get bars where there is room."""
    glyphs = Glyphs.of(console.encoding)
    cells = {column: [_cell(column, row.get(column), glyphs) for row in rows] for column in columns}
    measured = [column for column in columns if kinds().get(column) in {"number", "share"}]
    used = sum(max([len(column), *map(len, cells[column])]) + 2 for column in columns) - 2
    width = min(_LONGEST_BAR, (console.width - used) // max(len(measured), 1) - 1)
    title = f"tensors: {len(rows)} selected" if selected else "tensors"
    table = plain_table(*columns, right=tuple(column for column in columns if _is_numeric(rows, column)), title=title)
    for position, row in enumerate(rows):
        line = [Text(cells[column][position]) for column in columns]
        if width >= _SHORTEST_BAR:
            for index, column in enumerate(columns):
                if column in measured:
                    largest = max((r[column] for r in rows if r.get(column) is not None), default=0.0)
                    line[index].append(" ").append(glyphs.bar(row.get(column), largest, width), "cyan")
        table.add_row(*line)
    print_table(console, table)


def _is_numeric(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    return any(isinstance(row.get(column), (int, float)) for row in rows)


def _cell(column: str, value: Any, glyphs: Glyphs) -> str:
    if value is None:
        return glyphs.nothing
    if column == "shape":
        return shape_text(value) if glyphs.blocks else shape_text(value).replace("×", "x")
    if column == "n_bytes":
        return bytes_text(value)
    if isinstance(value, float):
        return f"{percent(value)} %" if kinds().get(column) == "share" else short(value)
    return safe(value).plain
