"""The sentences that go with the numbers, the same in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Verdict = Literal[
    "holds", "does not hold", "confounded", "parametrization-dependent", "not separable", "not applicable"
]

INDEX = "structural risk index (heuristic)"

STATEMENT = (
    "A structural risk index (heuristic): no published work links static norms, zero shares or gain means to"
    " hallucination. It compares the layers of one file, is not comparable between files, and says nothing about"
    " behaviour until a runtime validation has."
)
MEASURED_STATEMENT = (
    "A structural risk index (heuristic) of components measured while the model reads a probe: no published work links"
    " them, or static norms, zero shares or gain means, to hallucination. It compares the layers of one file, is not"
    " comparable between files, and says nothing about answers until a runtime validation has."
)
SHORT_STATEMENT = "not comparable between files; no link to behaviour until validated at run time"

PREMISES_ONLY = (
    "Verdicts are on premises about weights. The behaviour that the study concludes from them is not tested."
)

FROBENIUS = "Frobenius norms stand for per-row rms, which the input does not tell"

_PREMISE = {
    "holds": "premise holds",
    "does not hold": "premise does not hold",
    "confounded": "premise confounded with the quantization types",
    "parametrization-dependent": "premise depends on how the weights are written down",
    "not separable": "premise not separable from the quantization types",
    "not applicable": "premise not applicable",
}


def statement(verdict: Verdict, premise: str, consequence: str) -> str:
    """The verdict in a sentence that claims no more than was tested.

    >>> statement("holds", "W_v grows", "error amplification")
    'premise holds: W_v grows; consequence (error amplification) untested'
    """
    return f"{_PREMISE[verdict]}: {premise}; consequence ({consequence}) untested"


def statement_of(leading: str) -> str:
    """The statement on an index that leads, by the name of its preset."""
    return MEASURED_STATEMENT if leading == "probe" else STATEMENT


def flat_text(name: str, noise: Mapping[str, str] | None) -> str:
    """A flat component or ingredient, and why it is.

    >>> flat_text("k_norm", {}), flat_text("value_sparsity", {"value_sparsity": "Q4_1's own noise"})
    ('k_norm: flat, within 5 %', "value_sparsity: flat, within Q4_1's own noise")
    """
    return f"{name}: flat, within {(noise or {}).get(name, '5 %')}"


def equal_text(name: str, twin: str) -> str:
    """A component that is counted with another one.

    >>> equal_text("attention_entropy", "value_sparsity")
    'attention_entropy: equal to value_sparsity, counted once'
    """
    return f"{name}: equal to {twin}, counted once"


def percent_change(value: float | None) -> str:
    """A relative change with its sign.

    >>> percent_change(1.337), percent_change(-0.036), percent_change(None)
    ('+133.7 %', '-3.6 %', 'undefined')
    """
    return "undefined" if value is None else f"{100 * value:+.1f} %"


def gap(value: float | None) -> str:
    """A difference of shares.

    >>> gap(0.02541)
    'gap 0.0254'
    """
    return "undefined" if value is None else f"gap {value:.3g}"
