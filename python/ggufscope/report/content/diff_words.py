"""Names, numbers and sentences of a diff, the same on the terminal, on the page and in Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from ...diffs.rollups import concentrations, counted_tensors
from ...text.numbers import counted, listed, percent, rounded_percent, shape_text, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...diffs.diff_document import DiffDocument, DiffSettings
    from ...diffs.of_profiles import TensorChange
    from ...diffs.records import DiffedModel, ModelDiff, PartError, ReshapedTensor, TensorDiff
    from ...diffs.rollups import Carrier
    from ...diffs.run_record import MatrixError

Remark = TypeVar("Remark")

DEFINITION = (
    "NMSE: Σ(b − a)² / Σa² in per cent, of weights b of the model and a of the reference; SQNR: −10 log₁₀ of it, in"
    " decibels: 10 dB are 10 %, 20 dB 1 %, 30 dB 0.1 %"
)
PLAIN_DEFINITION = (  # for outputs without such characters
    "NMSE: sum of (b - a)^2 / sum of a^2 in per cent, of weights b of the model and a of the reference; SQNR: -10 log10"
    " of it, in decibels: 10 dB are 10 %, 20 dB 1 %, 30 dB 0.1 %"
)
_LONGEST_LIST = 3  # names in a sentence
_FEWEST_DECIMALS, _MOST_DECIMALS = 4, 12  # of a cosine


def labels(document: DiffDocument) -> list[str]:
    """What to call each model: the name of its file, numbered where several are called the same.

    Texts from files, to be escaped.
    """
    names = [label(model.subject) for model in document.models]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: position + 1].count(name)})"
        for position, name in enumerate(names)
    ]


def label(model: DiffedModel) -> str:
    """What to call a model, or the reference: the name of its file, else its title; to be escaped."""
    return model.file or model.title


def percent_text(share: float) -> str:
    """An NMSE, or the share of an error, in percent, with three digits and without the sign.

    >>> [percent_text(x) for x in (0.0, 1.0, 0.0071, 2.875e-5, 1e-14, 25.0)]
    ['0', '100', '0.710', '0.00287', '1.0e-12', '2500']
    """
    value = float(f"{100 * share:.3g}")
    return f"{value:#.3g}".rstrip(".") if 1e-4 <= value < 1000 else short(value)


def share_text(share: float) -> str:
    """A share of an error or of weights in percent, with one decimal.

    >>> [share_text(x) for x in (0.0, 0.00008, 0.2, 0.9999715, 1.0)]
    ['0', '0.008', '20.0', '99.997', '100']
    """
    text = f"{100 * share:.1f}"
    return text if text not in {"0.0", "100.0"} else rounded_percent(share)


def decibels_text(sqnr_db: float) -> str:
    """An SQNR, without its unit."""
    return f"{sqnr_db:.1f}"


def cosine_text(cosine: float) -> str:
    """A cosine with two digits of what it lacks of 1; what is not quite 1 does not read as 1.

    >>> [cosine_text(x) for x in (1.0, 0.99636, 0.999986, 0.5, 1 - 2e-9)]
    ['1', '0.9964', '0.999986', '0.5000', '0.9999999980']
    """
    gap = 1 - abs(cosine)
    if gap < 10.0**-_MOST_DECIMALS:
        return f"{cosine:.0f}"
    decimals = 1 - math.floor(math.log10(gap))
    return f"{cosine:.{min(max(decimals, _FEWEST_DECIMALS), _MOST_DECIMALS)}f}"


def role_text(role: str | None) -> str:
    """The name of a role, to be escaped; there are tensors whose names say nothing."""
    return "(no role)" if role is None else role


def error_text(model: ModelDiff) -> list[str]:
    """The error of a model as a whole: NMSE, SQNR, cosine, and how much of the reference was compared."""
    summary = model.summary
    if summary.nmse is None:
        return ["undefined: no weights but zeros in the reference" if summary.n_elements else "no weights to compare"]
    parts = [f"NMSE {percent_text(summary.nmse)} %"]
    parts += [f"SQNR {decibels_text(summary.sqnr_db)} dB"] if summary.sqnr_db is not None else []
    parts += [f"cosine {cosine_text(summary.cosine)}"] if summary.cosine is not None else []
    if summary.weighted_nmse is not None:
        parts.append(f"weighted NMSE {percent_text(summary.weighted_nmse)} %")
    if summary.element_coverage is not None and summary.element_coverage < 1:
        parts.append(f"over {rounded_percent(summary.element_coverage)} % of the weights")
    return parts


def carriers_text(found: Sequence[Carrier]) -> str:
    """`"10 tensors hold 34.1 % of it"`."""
    share = rounded_percent(min(1.0, math.fsum(each.error_share for each in found)))
    return f"{counted(len(found), 'tensor')} {'holds' if len(found) == 1 else 'hold'} {share} % of it"


def selection_text(settings: DiffSettings) -> str | None:
    """The tensors that were asked for; None for all."""
    parts = [f"tensors {', '.join(settings.tensors)}"] if settings.tensors else []
    parts += [f"layers {settings.layers}"] if settings.layers is not None else []
    parts += [f"roles {', '.join(settings.roles)}"] if settings.roles else []
    return f"only {'; '.join(parts)}" if parts else None


def norm_change_text(change: float) -> str:
    """A change of a norm in percent with its sign, without the sign of percent.

    >>> [norm_change_text(x) for x in (0.0, 0.0123, -0.5)]
    ['0', '+1.23', '-50']
    """
    sign = "-" if change < 0 else "+" if change > 0 else ""
    return f"{sign}{percent(abs(change))}"


def types_text(pair: TensorDiff | MatrixError | TensorChange, arrow: str = "→") -> str:
    """`"F16 → Q4_0"`, or the type alone where both have it."""
    if pair.reference_type == pair.model_type:
        return pair.model_type
    return f"{pair.reference_type} {arrow} {pair.model_type}"


def kind_text(model: DiffedModel) -> str:
    """The declared type of a file, or the type that most of its bytes have."""
    return model.file_type or next(iter(model.types), "no tensors")


def same_text(model: ModelDiff) -> str:
    """How many tensors differ."""
    summary = model.summary
    differing = summary.n_tensors - summary.n_identical
    if not summary.n_tensors:
        return "no tensor could be compared"
    if not differing:
        return f"all {counted(summary.n_tensors, 'tensor')} have the same bytes"
    same = f"{counted(summary.n_identical, 'tensor')} the same bytes" if summary.n_identical else "none the same bytes"
    return f"{counted(differing, 'tensor')} differ{'s' if differing == 1 else ''}, {same}"


def unmatched_lines(missing: Sequence[str], extra: Sequence[str], reshaped: Sequence[ReshapedTensor]) -> list[str]:
    """The tensors that could not be compared; names in it are to be escaped."""
    lines = []
    if missing:
        lines.append(f"missing: {_names(missing)}")
    if extra:
        lines.append(f"not in the reference: {_names(extra)}")
    if reshaped:
        shapes = [
            f"{each.name} ({shape_text(each.model_shape)}, in the reference {shape_text(each.reference_shape)})"
            for each in reshaped
        ]
        lines.append(f"of another shape: {_names(shapes)}")
    return lines


def unlike_lines(model: ModelDiff) -> list[str]:
    """What could not be compared, tensors and pairs of weights; names in it are to be escaped."""
    lines = unmatched_lines(model.missing, model.extra, model.reshaped)
    if model.summary.non_finite_count:
        bad = [tensor.name for tensor in model.tensors if tensor.non_finite_count]
        lines.append(f"{counted(model.summary.non_finite_count, 'pair')} with NaN or Inf, in {_names(bad)}")
    return lines


def _names(names: Sequence[str]) -> str:
    more = len(names) - _LONGEST_LIST
    shown = ", ".join(names[:_LONGEST_LIST]) + (f" and {more} more" if more > 0 else "")
    return shown if len(names) == 1 else f"{len(names)} tensors: {shown}"


def shared_by_all(remarks: Sequence[Sequence[Remark]]) -> list[Remark]:
    """What is to be said of every one of several models, as of the reference, so that it is said once."""
    first, *others = remarks or [[]]
    return [remark for remark in first if others and all(remark in own for own in others)]


def metadata_text(model: ModelDiff) -> str | None:
    """How many keys of the metadata differ; None where none does."""
    changed = sum(change.reference is not None and change.model is not None for change in model.metadata)
    added = sum(change.reference is None for change in model.metadata)
    removed = sum(change.model is None for change in model.metadata)
    parts = [f"{changed} with other values"] if changed else []
    parts += [f"{added} only in the model"] if added else []
    parts += [f"{removed} only in the reference"] if removed else []
    n = counted(len(model.metadata), "key")
    if len(parts) == 1:
        return f"{n} {parts[0].partition(' ')[2]}"
    return f"{n}: {listed(parts)}" if parts else None


def undone_lines(model: ModelDiff) -> list[str]:
    """What was undone before the weights were compared, with the tensors it was undone in; to be escaped."""
    by_view: dict[str, list[str]] = {}
    for tensor in model.tensors:
        for view in tensor.views:
            by_view.setdefault(view, []).append(tensor.name)
    return [f"{view}: {_names(names)}" for view, names in by_view.items()]


def fidelity_lines(model: ModelDiff) -> list[tuple[bool | None, str]]:
    """Whether the converter wrote what the checkpoint has, and each fault: if it is good, and a sentence to escape."""
    fidelity = model.fidelity
    if fidelity is None:
        return []
    return [(fidelity.faithful, fidelity.sentence), *((False, fault.sentence) for fault in fidelity.faults)]


def lineage_lines(model: ModelDiff) -> list[str]:
    """Where the model comes from, in sentences; names in them are to be escaped."""
    return [] if model.lineage is None else model.lineage.sentences


def extreme_lines(model: ModelDiff) -> list[tuple[str, str]]:
    """Label and text of the worst tensor and of the largest error; names in them are to be escaped."""
    lines = []
    worst = max((each for each in counted_tensors(model) if each.nmse), key=lambda each: each.nmse or 0, default=None)
    if worst is not None and worst.nmse is not None:
        lines.append(("worst", f"NMSE {percent_text(worst.nmse)} % in {worst.name}"))
    name, error = model.summary.max_abs_error_tensor, model.summary.max_abs_error
    largest = next((tensor for tensor in model.tensors if tensor.name == name), None)
    if largest is not None and error:
        place = ", ".join(map(str, largest.max_abs_error_index or []))
        lines.append(("largest", f"|b − a| = {short(error)} in {largest.name}[{place}]"))
    return lines


def concentration_lines(model: ModelDiff) -> list[str]:
    """Tensors most of whose error is in one row, head or expert; to be escaped."""
    found = concentrations(model)
    lines = [
        f"{each.tensor.name}: {part_text(each.what, each.part)} holds {rounded_percent(each.part.error_share)} % of its"
        " error"
        for each in found[:_LONGEST_LIST]
    ]
    more = len(found) - _LONGEST_LIST
    return [*lines, f"and {counted(more, 'tensor')} more with most of the error in one place"] if more > 0 else lines


def part_text(what: str, part: PartError) -> str:
    """`"row 17"`, `"row 17 of expert 3"`, `"q head 2"`, `"expert 5"`; without the word where `what` is empty."""
    of = f" of expert {part.expert}" if part.expert is not None else ""
    return " ".join(filter(None, (part.kind, what, str(part.index)))) + of
