"""Records and registries of what stands out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from ggufscope.architecture.limits import NotApplicableError
from ggufscope.runtime.standout_document import MOST_ITEMS, LayerSeries, Standout, StandoutKind
from ggufscope.runtime.standouts import Findings, Kinds
from ggufscope.runtime.standouts.standouts import Standouts


@dataclass
class Numbers:
    """An input of kinds for these tests."""

    values: list[float]


KINDS: Kinds[Numbers] = Kinds()


@KINDS.kind("large", "Large numbers", "Numbers above 10.")
def _large(numbers: Numbers) -> Findings:
    items = [
        Standout("large", layer, None, {"neuron": 7}, value, value / 10, {"share": 0.5}, f"Number {layer} is {value}.")
        for layer, value in enumerate(numbers.values)
        if value > 10
    ]
    return Findings(items, {"size": LayerSeries("size", list(numbers.values))})


@KINDS.kind("negative", "Negative numbers", "Numbers below 0.")
def _negative(numbers: Numbers) -> Findings:
    if not numbers.values:
        raise NotApplicableError("there are no numbers")
    return Findings(
        [Standout("negative", None, 2, {}, None, None, {}, "One.") for value in numbers.values if value < 0]
    )


def test_every_kind_is_looked_for_in_the_order_of_registration() -> None:
    large, negative = KINDS.search(Numbers([1.0, 20.0]), "two numbers")
    assert (large.kind, large.n_found, [item.layer for item in large.items]) == ("large", 1, [1])
    assert (large.seen_on, large.series["size"].values) == ("two numbers", [1.0, 20.0])
    assert (negative.n_found, negative.items, negative.not_applicable) == (0, [], None)


def test_a_kind_that_cannot_look_says_why() -> None:
    _, negative = KINDS.search(Numbers([]))
    assert negative.not_applicable == "there are no numbers"
    assert [record.not_applicable for record in KINDS.not_applicable("no numbers")] == ["no numbers", "no numbers"]


def test_items_are_capped_and_the_number_of_all_is_kept() -> None:
    large, _ = KINDS.search(Numbers([11.0] * (MOST_ITEMS + 3)))
    assert (len(large.items), large.n_found) == (MOST_ITEMS, MOST_ITEMS + 3)


@pytest.mark.parametrize("values", [[None, 1.0], [[0.5, None], []]])
def test_records_survive_their_saved_form(values: list[float | None]) -> None:
    large, _ = KINDS.search(Numbers([1.0, 20.0]))
    record = replace(large, series={"size": LayerSeries("size", values, logarithmic=True)}, summary="One is large.")
    adapter = TypeAdapter(StandoutKind)
    assert adapter.validate_json(adapter.dump_json(record), strict=True) == record


def test_findings_are_a_list_by_kind_and_in_columns() -> None:
    found = Standouts(KINDS.search(Numbers([20.0, -1.0, 30.0])))
    assert [item.kind for item in found] == ["large", "large", "negative"]
    assert [item.value for item in found.of("large")] == [20.0, 30.0]
    columns = found.to_columns()
    np.testing.assert_array_equal(columns["layer"], [0, 2, None])
    np.testing.assert_array_equal(columns["head"], [None, None, 2])
    np.testing.assert_array_equal(columns["place_neuron"], [7, 7, None])
    np.testing.assert_array_equal(columns["evidence_share"], [0.5, 0.5, np.nan])
    assert list(columns["sentence"]) == ["Number 0 is 20.0.", "Number 2 is 30.0.", "One."]
    assert not found.missing
    assert Standouts(None).missing


def test_a_kind_that_was_not_looked_for_is_no_empty_list() -> None:
    with pytest.raises(KeyError):
        Standouts([]).of("large")
