"""The blocks of quantized types, field by field: what the bits of a block hold.

Names and sizes of fields are those of the structs in cpp/formats, which `block_structs` reads; this table says what the
bits are. Plain numbers (F16, F8_E4M3, …) have no blocks.
"""

from __future__ import annotations

import re
from math import prod
from typing import NamedTuple

from support.documents import ROOT

KINDS = {
    "code": "codes: one number for each weight",
    "index": "indices into a codebook",
    "sign": "signs",
    "scale": "scales: what a code is multiplied with",
    "minimum": "minima: what is added to it, or taken away",
    "other": "no part of a weight",
}


class Part(NamedTuple):
    """Bits of a field.

    Attributes:
        kind: one of `KINDS`.
        count: how many numbers.
        bits: of one of them; a fraction where several share a byte.
        name: what they are, in a drawing.
    """

    kind: str
    count: int
    bits: float
    name: str


class Layout(NamedTuple):
    """A type.

    Attributes:
        formula: how a weight is made, as the header of the format begins.
        fields: name → its bits, in the order of the file.
    """

    formula: str
    fields: dict[str, tuple[Part, ...]]


def half(name: str = "d", kind: str = "scale") -> tuple[Part, ...]:
    return (Part(kind, 1, 16, name),)


def codes(count: int, bits: float, name: str = "q") -> tuple[Part, ...]:
    return (Part("code", count, bits, name),)


FAMILIES: dict[str, dict[str, Layout]] = {
    "legacy": {
        "Q4_0": Layout("w = (q − 8) · d", {"d": half(), "qs": codes(32, 4)}),
        "Q4_1": Layout("w = q · d + m", {"d": half(), "m": half("m", "minimum"), "qs": codes(32, 4)}),
        "Q5_0": Layout(
            "w = (q − 16) · d", {"d": half(), "qh": codes(32, 1, "fifth bits of q"), "qs": codes(32, 4, "q, low bits")}
        ),
        "Q5_1": Layout(
            "w = q · d + m",
            {
                "d": half(),
                "m": half("m", "minimum"),
                "qh": codes(32, 1, "fifth bits of q"),
                "qs": codes(32, 4, "q, low bits"),
            },
        ),
        "Q8_0": Layout("w = q · d", {"d": half(), "qs": codes(32, 8)}),
        "Q8_1": Layout("w = q · d", {"d": half(), "s": half("s", "other"), "qs": codes(32, 8)}),
    },
    "k-quants": {
        "Q2_K": Layout(
            "w = d · s · q − dmin · m",
            {
                "scales": (Part("scale", 16, 4, "s"), Part("minimum", 16, 4, "m")),
                "qs": codes(256, 2),
                "d": half(),
                "dmin": half("dmin", "minimum"),
            },
        ),
        "Q3_K": Layout(
            "w = d · (s − 32) · (q − 4)",
            {
                "hmask": codes(256, 1, "third bits of q"),
                "qs": codes(256, 2, "q, low bits"),
                "scales": (Part("scale", 16, 6, "s"),),
                "d": half(),
            },
        ),
        "Q4_K": Layout(
            "w = d · s · q − dmin · m",
            {
                "d": half(),
                "dmin": half("dmin", "minimum"),
                "scales": (Part("scale", 8, 6, "s"), Part("minimum", 8, 6, "m")),
                "qs": codes(256, 4),
            },
        ),
        "Q5_K": Layout(
            "w = d · s · q − dmin · m",
            {
                "d": half(),
                "dmin": half("dmin", "minimum"),
                "scales": (Part("scale", 8, 6, "s"), Part("minimum", 8, 6, "m")),
                "qh": codes(256, 1, "fifth bits of q"),
                "qs": codes(256, 4, "q, low bits"),
            },
        ),
        "Q6_K": Layout(
            "w = d · s · (q − 32)",
            {
                "ql": codes(256, 4, "q, low bits"),
                "qh": codes(256, 2, "q, high bits"),
                "scales": (Part("scale", 16, 8, "s"),),
                "d": half(),
            },
        ),
        "Q8_K": Layout(
            "w = d · q",
            {
                "d": (Part("scale", 1, 32, "d"),),
                "qs": codes(256, 8),
                "sums": (Part("other", 16, 16, "sums of q"),),
            },
        ),
    },
    "codebooks": {
        "IQ1_S": Layout(
            "w = (codeword + shift) · d · (2s + 1)",
            {
                "d": half(),
                "qs": (Part("index", 32, 8, "index, low bits"),),
                "qh": (
                    Part("index", 32, 3, "index, high bits"),
                    Part("scale", 8, 3, "s"),
                    Part("minimum", 8, 1, "shift"),
                ),
            },
        ),
        "IQ1_M": Layout(
            "w = (codeword + shift) · d · (2s + 1)",
            {
                "qs": (Part("index", 32, 8, "index, low bits"),),
                "qh": (Part("index", 32, 3, "index, high bits"), Part("minimum", 32, 1, "shift")),
                "scales": (Part("scale", 16, 3, "s"), Part("scale", 1, 16, "d")),
            },
        ),
        "IQ2_XXS": Layout(
            "w = ± codeword · d · (½ + s) / 4",
            {
                "d": half(),
                "qs": (Part("index", 32, 8, "index"), Part("sign", 32, 7, "signs"), Part("scale", 8, 4, "s")),
            },
        ),
        "IQ2_XS": Layout(
            "w = ± codeword · d · (½ + s) / 4",
            {
                "d": half(),
                "qs": (Part("index", 32, 9, "index"), Part("sign", 32, 7, "signs")),
                "scales": (Part("scale", 16, 4, "s"),),
            },
        ),
        "IQ2_S": Layout(
            "w = ± codeword · d · (½ + s) / 4",
            {
                "d": half(),
                "qs": (Part("index", 32, 8, "index, low bits"),),
                "signs": (Part("sign", 32, 8, "signs"),),
                "qh": (Part("index", 32, 2, "index, high bits"),),
                "scales": (Part("scale", 16, 4, "s"),),
            },
        ),
        "IQ3_XXS": Layout(
            "w = ± codeword · d · (½ + s) / 2",
            {
                "d": half(),
                "qs": (Part("index", 64, 8, "index"),),
                "tail": (Part("sign", 32, 7, "signs"), Part("scale", 8, 4, "s")),
            },
        ),
        "IQ3_S": Layout(
            "w = ± codeword · d · (1 + 2s)",
            {
                "d": half(),
                "qs": (Part("index", 64, 8, "index, low bits"),),
                "qh": (Part("index", 64, 1, "index, high bits"),),
                "signs": (Part("sign", 32, 8, "signs"),),
                "scales": (Part("scale", 8, 4, "s"),),
            },
        ),
        "IQ4_NL": Layout("w = d · value(q)", {"d": half(), "qs": (Part("index", 32, 4, "index"),)}),
        "IQ4_XS": Layout(
            "w = d · (s − 32) · value(q)",
            {
                "d": half(),
                "scales_high": (Part("scale", 8, 2, "s, high bits"),),
                "scales_low": (Part("scale", 8, 4, "s, low bits"),),
                "qs": (Part("index", 256, 4, "index"),),
            },
        ),
    },
    "four-bit-floats": {
        "MXFP4": Layout("w = E2M1(q) · 2^(e − 127)", {"e": (Part("scale", 1, 8, "e"),), "qs": codes(32, 4)}),
        "NVFP4": Layout("w = E2M1(q) · E4M3(d)", {"d": (Part("scale", 4, 8, "d"),), "qs": codes(64, 4)}),
    },
    "few-levels": {
        "Q1_0": Layout("w = +d where the bit is set, −d elsewhere", {"d": half(), "qs": codes(128, 1)}),
        "Q2_0": Layout("w = (q − 1) · d", {"d": half(), "qs": codes(64, 2)}),
        "TQ1_0": Layout("w = (q − 1) · d", {"qs": codes(256, 52 * 8 / 256), "d": half()}),
        "TQ2_0": Layout("w = (q − 1) · d", {"qs": codes(256, 2), "d": half()}),
    },
}

LAYOUTS = {name: layout for family in FAMILIES.values() for name, layout in family.items()}

_SIZES = {"uint8_t": 1, "int8_t": 1, "uint16_t": 2, "int16_t": 2, "uint32_t": 4, "float": 4}
_STRUCT = re.compile(
    r"// (?P<name>[A-Z]\w+): (?P<formula>w = [^\n]*)\n(?://[^\n]*\n)*struct (?P=name) \{\s*"
    r"struct \[\[gnu::packed\]\] Block \{(?P<fields>.*?)\};",
    re.DOTALL,
)


class Struct(NamedTuple):
    """A block as the core declares it: the first line about it, and the bytes of each field."""

    formula: str
    fields: dict[str, int]


def block_structs() -> dict[str, Struct]:
    """The blocks in cpp/formats that have more than a number."""
    structs = {}
    for header in sorted((ROOT / "cpp" / "formats").glob("*.h")):
        for struct in _STRUCT.finditer(header.read_text(encoding="utf-8")):
            fields = re.findall(r"(\w+) (\w+)((?:\[\d+\])*);", struct["fields"])
            structs[struct["name"]] = Struct(
                struct["formula"],
                {name: _SIZES[kind] * prod(map(int, re.findall(r"\d+", extent))) for kind, name, extent in fields},
            )
    return structs
