"""Record of how faithful a model is to the checkpoint that it was converted from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ConverterFault:
    """Something that a converter should have written otherwise.

    Attributes:
        kind: `"not-permuted"`, `"permuted-twice"`, `"one-not-added"`, `"one-added-twice"`, `"exchanged"`,
            `"experts-reordered"`, `"transposed"`, `"missing"`, `"output-lost"`, `"extra"`, `"reshaped"`, `"altered"`,
            `"hyperparameter"` or `"vocabulary"`.
        names: of the model's tensors that have it, or of keys.
        sentence: the same in words; names in it are to be escaped.
    """

    kind: str
    names: list[str]
    sentence: str


@dataclass(frozen=True)
class Fidelity:
    """Whether a model is what its checkpoint has.

    Attributes:
        faithful: no fault was found; None where it cannot be told, of a checkpoint that is quantized itself.
        exact: every weight that was compared is equal.
        faults: in the order of their kinds.
        sentence: the verdict in words.
    """

    faithful: bool | None
    exact: bool
    faults: list[ConverterFault] = field(default_factory=list)
    sentence: str = ""
