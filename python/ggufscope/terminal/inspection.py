"""The terminal view of `inspect`: what the file holds, the types by role first."""

import json
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

from rich.text import Text

from ..inputs.naming import is_remote
from ..models.file_types import FileType, fallback_text, file_type_of
from ..models.inspection import factors_text, imatrix_of, metadata_entry
from ..models.model import Model
from ..models.notes import notes_of
from ..models.remarks import remarks_of
from ..models.role_types import RoleSummary, roles_of, type_map
from ..models.selection import Selection
from ..models.stacks import layers_text
from ..models.subject import Subject
from ..models.tokenizer_facts import CHAT_TEMPLATE, tokenizer_facts
from ..text.escape import escape
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import bytes_text, count_text, counted
from .columns import GAP, INDENT, Column, by_importance, leaving
from .headline import render_headline, sizes
from .screen import MOST_ROWS, Screen, most_rows, unbroken

DEFAULT_COLUMNS = ("name", "type", "shape", "n_bytes", "bits_per_weight")

_BY_IMPORTANCE = ("name", "type", "n_bytes", "shape", "bits_per_weight")
_NUMBERS = ("layer", "n_elements", "n_bytes", "bits_per_weight", "offset")
_LABEL = len("declared")
_MOST_ROLES = 512  # shown; models have some dozens
_SHORTEST_VALUE = 24  # characters of a metadata value that are shown beside the longest key


def render_overview(screen: Screen, model: Model) -> None:
    """Headline, types and sizes by role, declared type, importance matrix, header and metadata."""
    render_head(screen, model)
    screen.blank()
    _render_roles(screen, model)
    screen.blank()
    _render_facts(screen, model)
    if model.metadata:
        screen.blank()
        render_metadata(screen, model, model.metadata)


def render_head(screen: Screen, model: Model) -> None:
    """Which file it is, what the model is, and a warning where it is made up."""
    facts = [*sizes(model.n_parameters, model.bits_per_weight), layers_text(model.stacks)]
    render_headline(
        screen,
        model.path if is_remote(model.path) else Subject.of(model).file,
        model.name,
        model,
        facts,
        n_bytes=sum(model.file_sizes),
        n_files=len(model.files),
        without_architecture="no architecture",
    )


def _render_roles(screen: Screen, model: Model) -> None:
    summaries = roles_of(model)
    if not summaries:
        screen.line("no tensors")
        return
    shown = summaries[:_MOST_ROLES]
    bits = ["" if each.bits_per_weight is None else f"{each.bits_per_weight:.2f}" for each in shown]
    screen.table(
        [
            Column("role", [each.role or "(no role)" for each in shown], "name"),
            Column("type by layer", [_unbroken_types(each, screen.glyphs) for each in shown], "prose"),
            Column("parameters", [count_text(each.n_parameters) for each in shown], yields=3),
            Column("size", [bytes_text(each.n_bytes) for each in shown], yields=1),
            Column("bits/weight", bits, yields=2),
        ]
    )
    screen.tell_rest(len(summaries) - len(shown), "role")


def _unbroken_types(summary: RoleSummary, glyphs: Glyphs) -> Text:
    """The types of a role, which may fill several lines: each stays with its layers."""
    return Text(" | ".join(map(unbroken, type_map(summary, glyphs.times).split(" | "))))


def _format_text(model: Model) -> str:
    if model.composition is not None:
        seen = ", seen as the GGUF file that a converter would write of it"
        return f"safetensors{seen if model.composition.plain is None else ''}"
    return f"GGUF v{model.format_version}, {model.byte_order} endian, alignment {model.alignment}"


def _render_facts(screen: Screen, model: Model) -> None:
    n_files = f"{len(model.files)}, {bytes_text(sum(model.file_sizes))}, {counted(len(model.tensors), 'tensor')}"
    facts = [
        ("declared", _file_type_text(file_type_of(model))),
        ("imatrix", _imatrix_text(imatrix_of(model), screen.glyphs)),
        ("format", _format_text(model)),
        ("files", n_files),
        *_tokenizer_rows(model, screen.glyphs),
    ]
    if (factors := factors_text(model)) is not None:
        facts.append(("factors", factors))
    for label, text in (*facts, *(("note", note) for note in (*remarks_of(model, roles_of(model)), *notes_of(model)))):
        screen.fact(label, text, width=_LABEL)
    screen.whole(model.path)


def _file_type_text(file_type: FileType) -> str:
    actual = ", ".join(f"{_percent(share)} {name}" for name, share in file_type.actual.items() if share > 0)
    verdict = {True: "as declared", False: "NOT what that label usually means", None: "nothing to compare"}
    outcome = "; ".join(filter(None, (fallback_text(file_type), verdict[file_type.agrees])))
    return f"{file_type.declared or 'no file type'}; actual {actual or 'none'}: {outcome}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share >= 1e-4 else "< 0.01 %"


def _imatrix_text(imatrix: dict[str, Any], glyphs: Glyphs) -> str:
    entries = (f"{glyphs.cut(key, LONGEST_TEXT)} {glyphs.cut(value, LONGEST_TEXT)}" for key, value in imatrix.items())
    return ", ".join(entries) or "none recorded"


def _tokenizer_rows(model: Model, glyphs: Glyphs) -> list[tuple[str, str]]:
    """The tokenizer with its special tokens, and the chat template, where the file has a vocabulary."""
    facts = tokenizer_facts(model)
    if facts is None:
        return []
    kind = " ".join(filter(None, [facts.kind or "of no kind", facts.cut and f"({facts.cut})"]))
    special = [f"{each.words} {each.token} {each.text}" for each in facts.special]
    templates = [
        f"template of {counted(n, 'character')}{'' if key == CHAT_TEMPLATE else f' in {key}'}"
        for key, n in facts.chat_templates.items()
    ]
    return [
        ("tokens", glyphs.cut(f"{count_text(facts.n_tokens)}, {kind}", LONGEST_TEXT)),
        ("special", ", ".join(special) or "no tokens recorded"),
        ("chat", ", ".join(templates) or "no template recorded"),
    ]


def render_metadata(screen: Screen, model: Model, keys: Collection[str]) -> None:
    """One line per key, or two where the terminal is narrow; long values cut, and a line says how to see them whole."""
    shown = list(islice(keys, MOST_ROWS))
    beside = screen.width - GAP - max(len(screen.glyphs.cut(key, LONGEST_TEXT)) for key in shown)
    room = beside if beside >= _SHORTEST_VALUE else screen.width - INDENT
    described = [metadata_entry(model, key) for key in shown]
    whole = [_value_text(each, screen.glyphs, room) for each in described]
    values = [screen.glyphs.cut(text, room) for text in whole]
    screen.table([Column("metadata", shown, "name"), Column("value", values, "text")])
    n_cut = sum(text != value or "head" in each for text, value, each in zip(whole, values, described, strict=True))
    if n_cut:
        screen.line(f"{counted(n_cut, 'value')} cut: --kv KEY prints one in full", "dim")
    screen.tell_rest(len(keys) - len(shown), "key")


def _value_text(described: dict[str, Any], glyphs: Glyphs, length: int) -> str:
    """A value on one line: strings bare, arrays by length and first entries; of long texts more than `length`."""
    value, kind = described.get("value", described.get("head")), described["kind"]
    if isinstance(value, list):
        n = described.get("length", len(value))
        element = kind.removeprefix("array[").removesuffix("]")
        rest = [glyphs.more] if n > len(value) else []
        shown = ", ".join([*(_scalar_text(part, element, length) for part in value), *rest])
        return f"{count_text(n)} {glyphs.times} {element}: {shown}" if n else f"no {element}"
    return escape(value[: length + 1]) if isinstance(value, str) else _scalar_text(value, kind, length)


def _scalar_text(value: Any, kind: str, length: int) -> str:
    if kind == "float32" and isinstance(value, float):
        return f"{value:.7g}"  # what a float32 can tell apart
    begin = value[: length + 1] if isinstance(value, (str, list)) else value
    return escape(json.dumps(begin, ensure_ascii=False))


def render_tensors(screen: Screen, rows: Sequence[dict[str, Any]], selection: Selection, columns: list[str]) -> None:
    """The tensor table: the rows given, with these columns."""
    title = "tensors" if not selection.filters else f"tensors: {len(rows)} selected"
    shown = rows[: most_rows(selection.top)]
    cells = {column: [_cell(column, row[column], screen.glyphs) for row in shown] for column in columns}
    table = [Column(column, cells[column], _kind(column)) for column in columns]
    usual = set(columns) <= set(_BY_IMPORTANCE)
    screen.table(by_importance(table, _BY_IMPORTANCE) if usual else leaving(table), title)
    screen.tell_rest(len(rows) - len(shown), "tensor", "--top N shows N of them, and --json has all")


def _kind(column: str) -> str:
    return "name" if column == "name" else "number" if column in _NUMBERS else "text"


def _cell(column: str, value: Any, glyphs: Glyphs) -> str:
    match column, value:
        case _, None:
            return ""
        case "shape", _:
            return glyphs.shape(value)
        case "n_bytes", _:
            return bytes_text(value)
        case "bits_per_weight", _:
            return f"{value:.2f}"
        case _:
            return str(value)
