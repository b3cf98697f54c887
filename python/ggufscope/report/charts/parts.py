"""What charts over the layers have in common: their axis, their data, names and numbers in words."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import altair as alt

from ...escape import escape
from ...inspection import layer_ranges
from ..cells import short
from .registry import LeftOutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...analysis.document import PresetSummary
    from ...analysis.result import Analysis
    from ...profiles import Profile
    from ..data import ReportData
    from .chart import Specification

ROWS = "rows"  # the name of a specification's data
MOST_TICKS = 12
FEW_LAYERS = 48
LONGEST_NAME = 40
MOST_ROLES = 40
ROLE_ORDER = (
    "token_embd", "attn_norm", "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_norm", "ffn_gate_inp",
    "ffn_gate", "ffn_up", "ffn_down", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "output_norm", "output",
)  # fmt: skip
WHERE_LAYER = alt.Tooltip("layer:O", title="layer")


def analysis_of(data: ReportData) -> Analysis:
    """The analysis, where a chart needs one."""
    if data.analysis is None:
        raise LeftOutError(data.why_no_analysis or "there is no analysis")
    return data.analysis


def profile_of(data: ReportData) -> Profile:
    """The profile, where a chart needs one."""
    if data.profile is None:
        raise LeftOutError(data.why_no_profile or "there is no profile")
    return data.profile


def presets_of(data: ReportData) -> list[PresetSummary]:
    """Every preset of the analysis, the leading one first."""
    document = analysis_of(data).document
    return [document.preset, *document.other_presets]


def name(text: object) -> str:
    """A name from a file as charts show it: nothing invisible, not too long."""
    shown = escape(text)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def words(identifier: str) -> str:
    """`"ffn_dominance"` → `"FFN dominance"`."""
    return re.sub(r"\bffn\b", "FFN", identifier.replace("_", " "))


def stem(*parts: str) -> str:
    """A file stem of what may be any text."""
    return "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:40] for part in parts)))


def number(value: float | None) -> str:
    """A number in a sentence."""
    return "undefined" if value is None else short(float(f"{value:.3g}"))


def count_in_words(n: int) -> str:
    """`"1.05 G"` parameters, in powers of a thousand."""
    return _scaled(n, ("", " k", " M", " G", " T"))


def bytes_in_words(n: int) -> str:
    """`"1.05 GB"`, in powers of a thousand."""
    return _scaled(n, (" B", " kB", " MB", " GB", " TB"))


def _scaled(n: int, units: Sequence[str]) -> str:
    step, value = 0, float(n)
    while step < len(units) - 1 and float(f"{value:.3g}") >= 1000:
        step, value = step + 1, value / 1000
    return f"{value:.3g}{units[step]}"


def listed(items: Sequence[str]) -> str:
    """`"a, b and c"`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def ticks(layers: Sequence[int]) -> list[int]:
    """The layers to name on an axis: all, or every second, fourth, fifth, tenth and so on."""
    steps = (step * 10**power for power in range(6) for step in (1, 2, 4, 5))
    step = next(step for step in steps if len(layers) <= MOST_TICKS * step)
    return [layer for layer in layers if layer % step == 0] or list(layers[:1])


def crowded(n_layers: int) -> bool:
    """Whether layers are so many that points and the gaps between cells would hide what they mark."""
    return n_layers > FEW_LAYERS


def layers_in_words(layers: Sequence[int]) -> str:
    """`"layer 3"`, `"layers 0-2"`."""
    return f"layer{'s' if len(layers) > 1 else ''} {layer_ranges(list(layers))}"


def cell_look(n_layers: int) -> dict[str, Any]:
    """How the cells of a map look."""
    return {} if crowded(n_layers) else {"style": "cell"}


def dot_size(n_layers: int) -> int:
    """Of the points of a curve, in square pixels: smaller where they are many."""
    return 22 if crowded(n_layers) else 55


def ends(low: float, high: float, form: str = "") -> tuple[str, str]:
    """Two values in a sentence, with as many digits as tell them apart; three if that is enough.

    `form` is that of their axis: "%" for shares.
    """
    for digits in range(3, 11):
        texts = tuple(_digits(value, digits, form) for value in (low, high))
        if texts[0] != texts[1] or low == high:
            break
    return texts[0], texts[1]


def _digits(value: float, digits: int, form: str) -> str:
    plain = value if form != "%" else 100 * value
    text = f"{plain:.{digits}g}"
    return f"{text} %" if form == "%" else text


def layer_x(layers: Sequence[int], padding: float = 0.15, *, named: bool = True) -> alt.X:
    """The axis of the layers: one band each, a dozen of them numbered.

    Args:
        layers: their numbers.
        padding: the part of a band that is left empty.
        named: whether it says what it is.
    """
    axis = alt.Axis(values=ticks(layers), labelAngle=0, labelOverlap="greedy")
    return alt.X(
        "layer:O", title="layer" if named else None, axis=axis, scale=alt.Scale(domain=list(layers), padding=padding)
    )


def log_ticks(values: Iterable[float]) -> list[float]:
    """What to name on a logarithmic axis of positive values: powers of ten, with 2 and 5 times these where few."""
    known = sorted(values) or [1.0]
    first, last = math.floor(math.log10(known[0])), math.ceil(math.log10(known[-1]))
    step = max(1, math.ceil((last - first) / 8))
    digits = (1, 2, 5) if last - first <= 2 else (1,)
    return [float(f"{digit}e{power}") for power in range(first, last + 1, step) for digit in digits]


def in_order(roles: Iterable[str]) -> list[str]:
    """Roles as charts show them, each once: in the order of computation, others behind as they come; not too many."""
    found = dict.fromkeys(roles)
    usual = [role for known in ROLE_ORDER for role in found if role == known]
    return [name(role) for role in dict.fromkeys([*usual, *found])][:MOST_ROLES]


def role_y(roles: Sequence[str], padding: float = 0.0) -> alt.Y:
    """The axis of the roles, one line each, the first on top."""
    axis = alt.Axis(grid=False, labelLimit=130, labelOverlap=False)
    return alt.Y("role:N", title=None, sort=None, scale=alt.Scale(domain=list(roles), padding=padding), axis=axis)


def chart_of(
    *layers: alt.Chart | alt.LayerChart, rows: Iterable[dict[str, Any]], height: int = 240, **properties: Any
) -> Specification:
    """The specification of marks on top of each other, as wide as their container."""
    top = layers[0] if len(layers) == 1 else alt.layer(*layers)
    top = top.properties(width="container", height=height, data=alt.NamedData(name=ROWS), **properties)
    return with_rows(top, rows)


def with_rows(top: Any, rows: Iterable[dict[str, Any]]) -> Specification:
    """A chart as a specification; its data joins afterwards, so that altair does not check every row."""
    found: Specification = top.to_dict()
    found.pop("config", None)
    found["datasets"] = {ROWS: list(rows)}
    found["autosize"] = {"type": "fit-x", "contains": "padding"}
    return found


def marks() -> Any:
    """A chart without data of its own, to put marks on."""
    return alt.Chart(alt.NamedData(name=ROWS))
