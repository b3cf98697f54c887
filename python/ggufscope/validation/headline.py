"""The headline of a validation: what held up, then what did not, then what is undecided, and last the answers.

Every output of a model that was validated begins with these sentences: numbers that were not measured come after them.
The risk indices go before the other predictions of their kind, and what was measured on a probe before what was
predicted from weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..analysis.presets.heuristic import NAME as HEURISTIC
from ..analysis.presets.probe import NAME as PROBE
from ..text.numbers import counted
from .compare import BETTER, WORSE
from .quantities import BASELINES, RISK
from .sizes import CLOSER, FURTHER
from .wording import answers_sentence, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .quantity_document import Predictor, Quantity
    from .validation_document import ValidationDocument

Outcome = Literal["held up", "did not", "undecided", "answers"]

_MOST_NAMED = 3  # quantities of a source
_MEASURED, _MEASURED_LEADS = "the index measured on the probe", "the leading index, measured on the probe,"
_HELD, _FAILED = "better than norms and depth", "worse than norms or depth"


@dataclass(frozen=True)
class Sentence:
    """A sentence of the headline, and what kind of news it is."""

    outcome: Outcome
    text: str


def headline(document: ValidationDocument) -> list[Sentence]:
    """The sentences of the headline, in its order."""
    quantities = document.quantities
    measured = _MEASURED_LEADS if document.analysis.presets[:1] == [PROBE] else _MEASURED
    held = [*_index(quantities, BETTER, measured), *_orders(quantities, BETTER, _HELD), *_sizes(quantities, CLOSER)]
    failed = [*_index(quantities, WORSE, measured), *_orders(quantities, WORSE, _FAILED), *_sizes(quantities, FURTHER)]
    return [
        *(Sentence("held up", text) for text in held or ["nothing: no prediction was better than norms and depth"]),
        *(Sentence("did not", text) for text in failed),
        *(Sentence("undecided", text) for text in _undecided(quantities, document.trace.n_prompts, measured)),
        Sentence("answers", answers_sentence(document.fit)),
    ]


def origin_of(preset: str) -> str:
    """The origin of an index, as people speak of it: `"the study's formulas"`, `"propagation"`."""
    return "the study's formulas" if preset == HEURISTIC else preset


def index_verdict(document: ValidationDocument, preset: str) -> str | None:
    """The order of layers by the index of a preset beside the baseline; None where that was not tested.

    As `"worse than depth, difference of ρ -1.23 (-1.62 to -0.58)"`.
    """
    for predictor in _of_index(document.quantities):
        test = predictor.strongest
        if predictor.name == preset and test is not None:
            words = {BETTER: f"better than {test.baseline}", WORSE: f"worse than {test.baseline}"}
            verdict = words.get(predictor.verdict or "", f"{predictor.verdict} against {test.baseline}")
            return f"{verdict}, difference of ρ {with_interval(test.deciding)}"
    return None


def _tested(quantities: Sequence[Quantity]) -> Iterator[tuple[Quantity, Predictor]]:
    for quantity in quantities:
        for predictor in quantity.predictors:
            if predictor.verdict is not None and predictor.name not in BASELINES:
                yield quantity, predictor


def _of_index(quantities: Sequence[Quantity]) -> list[Predictor]:
    """The indices that were tested."""
    return [predictor for quantity, predictor in _tested(quantities) if quantity.name == RISK]


def _index(quantities: Sequence[Quantity], verdict: str, measured: str) -> Iterator[str]:
    """The indices of this verdict, those of the analysis together and that of the probe apart."""
    there = _of_index(quantities)
    for probed in (True, False):
        kind = [predictor for predictor in there if (predictor.name == PROBE) is probed]
        indices = [predictor for predictor in kind if predictor.verdict == verdict]
        if indices:
            word = "better" if verdict == BETTER else "worse"
            baselines = dict.fromkeys(test.baseline for each in indices if (test := each.strongest) is not None)
            beside = f"{word} than {' and '.join(baselines)} does"
            yield f"{_who(indices, measured)} these layers {beside} (difference of ρ: {_differences(indices)})"


def _who(indices: Sequence[Predictor], measured: str) -> str:
    """Subject and verb of a sentence on the order of indices of one kind."""
    if indices[0].name == PROBE:
        return f"{measured} orders"
    names = " and by ".join(origin_of(predictor.name) for predictor in indices)
    return f"the {'index' if len(indices) == 1 else 'indices'} by {names} order{'s' if len(indices) == 1 else ''}"


def _differences(predictors: Sequence[Predictor]) -> str:
    tests = [(predictor.name, predictor.strongest) for predictor in predictors]
    return ", ".join(f"{name} {with_interval(test.deciding)}" for name, test in tests if test is not None)


def _orders(quantities: Sequence[Quantity], verdict: str, words: str) -> Iterator[str]:
    """By source: the orders of this verdict, of all that were tested."""
    by_source: dict[str, list[tuple[Quantity, Predictor]]] = {}
    for quantity, predictor in _tested(quantities):
        if quantity.name != RISK:
            by_source.setdefault(predictor.name, []).append((quantity, predictor))
    for source, tested in sorted(by_source.items(), key=_measured_first):
        these = [quantity for quantity, tried in tested if tried.verdict == verdict]
        if these:
            yield f"{source} orders {_named(these)} {words} ({len(these)} of {len(tested)} orders)"


def _measured_first(source: tuple[str, object]) -> bool:
    return source[0] != PROBE


def _named(quantities: Sequence[Quantity]) -> str:
    """As `"heads by attention entropy, layers by query rms, key rms, value rms and 3 more"`."""
    labels: dict[str, list[str]] = {}
    for quantity in quantities:
        labels.setdefault(quantity.per, []).append(quantity.label)
    return ", ".join(f"{per}s by {_listed(names)}" for per, names in labels.items())


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    if more > 1:
        return f"{', '.join(names[:_MOST_NAMED])} and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _sizes(quantities: Sequence[Quantity], verdict: str) -> Iterator[str]:
    """The sources most of whose decided sizes have this verdict, with how many have the other one."""
    by_source: dict[str, list[str | None]] = {}
    for quantity in quantities:
        for predictor in quantity.predictors:
            if predictor.size is not None and predictor.size.verdict is not None:
                by_source.setdefault(predictor.name, []).append(predictor.size.verdict)
    for source, verdicts in sorted(by_source.items(), key=_measured_first):
        closer, further = verdicts.count(CLOSER), verdicts.count(FURTHER)
        if verdict == CLOSER and closer > further:
            more = f", {further} further off" if further else ""
            yield f"{source} predicts {closer} of {len(verdicts)} sizes closer than a constant{more}"
        if verdict == FURTHER and further >= closer and further:
            more = f", {closer} closer" if closer else ""
            yield f"{source} predicts {further} of {len(verdicts)} sizes further off than a constant{more}"


def _undecided(quantities: Sequence[Quantity], n_prompts: int, measured: str) -> Iterator[str]:
    """The orders whose interval is across 0, the index by name."""
    tested = list(_tested(quantities))
    if not tested:
        yield f"every order: {n_prompts} of what was read, or the points, are too few for a verdict"
        return
    for predictor in _of_index(quantities):
        if predictor.verdict not in {BETTER, WORSE} and (test := predictor.strongest) is not None:
            than = f"these layers better or worse than {test.baseline} does: {predictor.verdict}"
            yield f"whether {_who([predictor], measured)} {than} (difference of ρ: {_differences([predictor])})"
    others = [predictor for quantity, predictor in tested if quantity.name != RISK]
    names = [predictor.name for predictor in others if predictor.verdict not in {BETTER, WORSE}]
    if names:
        counts = ", ".join(f"{names.count(source)} by {source}" for source in dict.fromkeys(names))
        yield f"{counted(len(names), 'other order')}, with an interval across 0 ({counts})"
