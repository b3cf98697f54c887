"""Drawings of the blocks of quantized types, for docs/concepts/types.md."""

from __future__ import annotations

from html import escape

from ggufscope import _core
from support.block_layouts import FAMILIES, KINDS, Layout, Part

COLORS = {
    "code": "#4472b8",
    "index": "#2b8a7e",
    "sign": "#8a63b0",
    "scale": "#d9822b",
    "minimum": "#6f9b3c",
    "other": "#9a9a9a",
}
WIDTH, MARGIN, BAR = 440, 12, 20
BIT = (WIDTH - 2 * MARGIN) / 9.125  # of Q8_K, the longest: all drawings have one scale
CHARACTER = 5.7  # of text of 11 pixels, on average
TYPES = {row["name"]: row for row in _core.types()}


def drawings() -> dict[str, str]:
    """Name of a file → the drawing of a family of types."""
    return {f"blocks-{family}.svg": _drawing(layouts) for family, layouts in FAMILIES.items()}


def _drawing(layouts: dict[str, Layout]) -> str:
    top = 12.0
    marks = []
    for kind in _used(layouts):
        marks.append(f'<rect x="{MARGIN}" y="{top:g}" width="11" height="11" fill="{COLORS[kind]}"/>')
        marks.append(_text(MARGIN + 18, top + 10, KINDS[kind]))
        top += 18
    for name, layout in layouts.items():
        row, height = _row(name, layout, top + 8)
        marks += row
        top += height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 8:g}" width="{WIDTH}" '
        f'height="{top + 8:g}" font-family="system-ui, sans-serif" font-size="11">'
    )
    background = f'<rect width="{WIDTH}" height="{top + 8:g}" rx="6" fill="#ffffff"/>'
    return "\n".join([head, background, *marks, "</svg>"]) + "\n"


def _used(layouts: dict[str, Layout]) -> list[str]:
    """Kinds of bits that these types have, in the order of the legend."""
    used = {part.kind for layout in layouts.values() for parts in layout.fields.values() for part in parts}
    return [kind for kind in KINDS if kind in used]


def _row(name: str, layout: Layout, top: float) -> tuple[list[str], float]:
    """A type: its name and formula, its bits in the order of the file, and what they are."""
    row = TYPES[name]
    elements = row["elements_per_block"]
    bits = 8 * row["bytes_per_block"] / elements
    marks = [
        _text(MARGIN, top + 12, name, 'font-size="13" font-weight="600"'),
        _text(MARGIN + 74, top + 12, layout.formula),
        _text(WIDTH - MARGIN, top + 12, f"{bits:g} bits", 'font-size="13" text-anchor="end"'),
    ]
    place = float(MARGIN)
    for parts in layout.fields.values():
        for part in parts:
            width = part.count * part.bits / elements * BIT
            marks.append(_bar(place, top + 20, width, COLORS[part.kind]))
            if len(part.name) * CHARACTER + 6 < width:
                style = 'fill="#ffffff" text-anchor="middle"'
                marks.append(_text(place + width / 2, top + 20 + BAR - 6, part.name, style))
            place += width
        marks.append(_bar(place - 0.5, top + 20, 1, "#ffffff"))
    lines = _lines([_bits(part) for field in layout.fields.values() for part in field])
    marks += [_text(MARGIN, top + BAR + 34 + 14 * i, line, 'fill="#555555"') for i, line in enumerate(lines)]
    return marks, BAR + 34 + 14 * len(lines)


def _bits(part: Part) -> str:
    count = "" if part.count == 1 else f"{part.count} × "
    return f"{part.name.replace(', ', ' ')}: {count}{part.bits:g} bits"


def _lines(words: list[str]) -> list[str]:
    """Words joined to lines of the drawing's width, none of them broken."""
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} · {word}"
        if len(longer) * CHARACTER < WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _bar(x: float, y: float, width: float, color: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:g}" width="{width:.2f}" height="{BAR}" fill="{color}"/>'


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.2f}" y="{y:g}" {style}>{escape(text)}</text>'
