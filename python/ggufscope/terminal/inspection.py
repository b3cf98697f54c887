"""The terminal view of `inspect`: what the file holds, the types by role first."""

import json
import re
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

from rich.console import Console
from rich.text import Text

from ..models.file_types import FileType, fallback_text, file_type_of
from ..models.inspection import factors_text, imatrix_of, metadata_entry
from ..models.model import Model
from ..models.notes import notes_of
from ..models.remarks import remarks_of
from ..models.role_types import roles_of, type_map
from ..models.selection import Selection
from ..models.stacks import layers_text
from ..models.tokenizer_facts import CHAT_TEMPLATE, tokenizer_facts
from ..text.escape import escape
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import bytes_text, count_text, counted
from .console import MOST_ROWS, most_rows, plain_table, print_table, safe, tell_rest
from .headline import render_headline, sizes

DEFAULT_COLUMNS = ("name", "type", "shape", "n_bytes", "bits_per_weight")

_NUMBERS = ("layer", "n_elements", "n_bytes", "bits_per_weight", "offset")
_NARROWEST_MAP = 24
_MOST_ROLES = 512  # shown; models have some dozens
_SHORTEST_VALUE = 24  # characters of a metadata value that are shown beside the longest key


def render_overview(console: Console, model: Model) -> None:
    """Headline, types and sizes by role, declared type, importance matrix, header and metadata."""
    glyphs = Glyphs.of(console.encoding)
    render_head(console, model)
    console.print()
    _render_roles(console, model, glyphs)
    console.print()
    _render_facts(console, model, glyphs)
    if model.metadata:
        console.print()
        render_metadata(console, model, model.metadata)


def render_head(console: Console, model: Model) -> None:
    """One line on what the model is, and a warning where it is made up."""
    facts = [*sizes(model.n_parameters, model.n_bytes, model.bits_per_weight), layers_text(model.stacks)]
    render_headline(console, model.name or model.path, model, facts, without_architecture="no architecture")


def _render_roles(console: Console, model: Model, glyphs: Glyphs) -> None:
    summaries = roles_of(model)
    if not summaries:
        console.print(Text("no tensors"))
        return
    rows = [
        (
            glyphs.cut(summary.role or "(no role)", LONGEST_TEXT),
            type_map(summary, glyphs.times),
            count_text(summary.n_parameters),
            bytes_text(summary.n_bytes),
            "" if summary.bits_per_weight is None else f"{summary.bits_per_weight:.2f}",
        )
        for summary in summaries[:_MOST_ROLES]
    ]
    taken = sum(2 + max(len(row[i]) for row in [*rows, _ROLE_COLUMNS]) for i in (0, 2, 3, 4))
    room = max(_NARROWEST_MAP, console.width - taken)
    table = plain_table(*_ROLE_COLUMNS, right=_ROLE_COLUMNS[2:])
    for role, types, *numbers in rows:
        table.add_row(Text(role), Text(_broken(types, room)), *numbers)
    print_table(console, table)
    tell_rest(console, len(summaries) - len(rows), "role", "--json has them")


_ROLE_COLUMNS = ("role", "type by layer", "parameters", "size", "bits")


def _broken(types: str, width: int) -> str:
    """A type map in lines of at most `width`, broken after commas and bars but never within a number."""
    lines = [""]
    for part in re.split(r"(?<=[, ])", types):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def _format_text(model: Model) -> str:
    if model.composition is not None:
        seen = ", seen as the GGUF file that a converter would write of it"
        return f"safetensors{seen if model.composition.plain is None else ''}"
    return f"GGUF v{model.format_version}, {model.byte_order} endian, alignment {model.alignment}"


def _render_facts(console: Console, model: Model, glyphs: Glyphs) -> None:
    table = plain_table("", "")
    table.show_header = False
    for label, text in (
        ("declared", _file_type_text(file_type_of(model))),
        ("imatrix", _imatrix_text(imatrix_of(model), glyphs)),
        ("format", _format_text(model)),
        ("files", f"{len(model.files)}, {bytes_text(sum(model.file_sizes))}, {counted(len(model.tensors), 'tensor')}"),
        *_tokenizer_rows(model, glyphs),
    ):
        table.add_row(Text(label, "bold"), safe(text))
    if (factors := factors_text(model)) is not None:
        table.add_row(Text("factors", "bold"), safe(factors))
    for note in (*remarks_of(model, roles_of(model)), *notes_of(model)):
        table.add_row(Text("note", "bold"), safe(note))
    console.print(table)
    console.print(safe(model.path), soft_wrap=True)  # unbroken, so that it can be copied


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
        ("tokenizer", glyphs.cut(f"{kind}, {counted(facts.n_tokens, 'token')}", LONGEST_TEXT)),
        ("special", ", ".join(special) or "no tokens recorded"),
        ("chat", ", ".join(templates) or "no template recorded"),
    ]


def render_metadata(console: Console, model: Model, keys: Collection[str]) -> None:
    """One line per key, long values cut; a line says how to see them whole."""
    glyphs = Glyphs.of(console.encoding)
    shown = [(key, glyphs.cut(key, LONGEST_TEXT)) for key in islice(keys, MOST_ROWS)]
    room = max(_SHORTEST_VALUE, console.width - 2 - max(len(name) for _, name in shown))
    table = plain_table("metadata", "value")
    n_cut = 0
    for key, name in shown:
        described = metadata_entry(model, key)
        whole = _value_text(described, glyphs, room)
        text = glyphs.cut(whole, room)
        n_cut += text != whole or "head" in described
        table.add_row(Text(name), Text(text))
    print_table(console, table)
    if n_cut:
        console.print(Text(f"{counted(n_cut, 'value')} cut: --kv KEY prints one in full", "dim"))
    tell_rest(console, len(keys) - len(shown), "key", "--json has them")


def _value_text(described: dict[str, Any], glyphs: Glyphs, length: int) -> str:
    """A value on one line: strings bare, arrays by length and first entries; of long texts more than `length`."""
    value, kind = described.get("value", described.get("head")), described["kind"]
    if isinstance(value, list):
        n = described.get("length", len(value))
        element = kind.removeprefix("array[").removesuffix("]")
        rest = [glyphs.more] if n > len(value) else []
        shown = ", ".join([*(_scalar_text(part, element, length) for part in value), *rest])
        return f"{n} {glyphs.times} {element}: {shown}" if n else f"no {element}"
    return escape(value[: length + 1]) if isinstance(value, str) else _scalar_text(value, kind, length)


def _scalar_text(value: Any, kind: str, length: int) -> str:
    if kind == "float32" and isinstance(value, float):
        return f"{value:.7g}"  # what a float32 can tell apart
    begin = value[: length + 1] if isinstance(value, (str, list)) else value
    return escape(json.dumps(begin, ensure_ascii=False))


def render_tensors(console: Console, rows: Sequence[dict[str, Any]], selection: Selection, columns: list[str]) -> None:
    """The tensor table: the rows given, with these columns."""
    title = "tensors" if not selection.filters else f"tensors: {len(rows)} selected"
    glyphs = Glyphs.of(console.encoding)
    table = plain_table(*columns, right=_NUMBERS, title=title)
    shown = rows[: most_rows(selection.top)]
    for row in shown:
        table.add_row(*(_cell(column, row[column], glyphs) for column in columns))
    print_table(console, table)
    tell_rest(console, len(rows) - len(shown), "tensor", "--top N shows N of them, and --json has all")


def _cell(column: str, value: Any, glyphs: Glyphs) -> Text:
    if value is None:
        return Text("")
    match column:
        case "shape":
            return Text(glyphs.shape(value))
        case "n_bytes":
            return Text(bytes_text(value))
        case "bits_per_weight":
            return Text(f"{value:.2f}")
        case _:
            return Text(glyphs.cut(value, LONGEST_TEXT))
