"""The records of what stands out in a model, as analyses and traces save them."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_ITEMS = 50  # of a kind in a saved document


@dataclass(frozen=True)
class Standout:
    """One thing that stands out.

    Attributes:
        kind: name of its kind, as `"super_weight"`.
        layer: the layer; None where it is in none.
        head: the query head; None where it is of none.
        place: where it is, by name: `{"row": 507, "column": 1229}`, `{"channel": 507}`, `{"neuron": 3}`,
            `{"token": 0, "first_layer": 11, "last_layer": 28}`. Two findings of a kind are the same where layer, head
            and the places that both name agree.
        value: the number by which it stands out, in the unit that the definition of its kind says; None without one.
        compared: the number of times the usual, as the definition of its kind says; None where nothing is compared.
        evidence: further numbers by name.
        sentence: it all for the reader; what comes from the file is escaped.
    """

    kind: str
    layer: int | None
    head: int | None
    place: dict[str, int]
    value: float | None
    compared: float | None
    evidence: dict[str, float]
    sentence: str


@dataclass(frozen=True)
class LayerSeries:
    """A quantity of every layer, or of every head of every layer, for charts.

    Attributes:
        caption: the quantity in a few words.
        values: (layers,), or (layers, heads); None where undefined. Layers are counted from 0.
        logarithmic: whether it is drawn on a scale of powers of ten.
    """

    caption: str
    values: list[float | None] | list[list[float | None]]
    logarithmic: bool = False


@dataclass(frozen=True)
class StandoutKind:
    """The findings of one kind.

    Attributes:
        kind: its name.
        title: for the reader, as `"Massive activations"`.
        definition: one sentence: what is measured, how, and from when on it stands out.
        items: the findings, the most striking first, at most MOST_ITEMS of them.
        n_found: the number of all findings.
        summary: the findings together in one sentence; None: the sentence of the first says enough.
        not_applicable: the reason why nothing was looked for; None where it was.
        seen_on: the sequences on which it was seen, in words, as `"8 sequences of its own words"`; None for what the
            weights alone tell.
        series: quantities for charts, by name.
    """

    kind: str
    title: str
    definition: str
    items: list[Standout]
    n_found: int
    summary: str | None = None
    not_applicable: str | None = None
    seen_on: str | None = None
    series: dict[str, LayerSeries] = field(default_factory=dict)
