"""What stands out in an analysis, beside what stands out in a trace."""

from __future__ import annotations

import pytest

from ggufscope.runtime.standout_document import Standout, StandoutKind
from ggufscope.validation.standouts import check_sentence, check_standouts, same_finding


def finding(layer=None, head=None, kind="sink", **place):
    return Standout(kind, layer, head, place, 0.9, None, {}, f"{kind} {layer} {head} {place}")


def record(*items, kind="sink", **facts):
    return StandoutKind(kind, kind.title(), "…", list(items), facts.pop("n_found", len(items)), **facts)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (finding(1, 2), finding(1, 2), True),
        (finding(1, 2), finding(1, 3), False),
        (finding(1, 2), finding(2, 2), False),
        (finding(1, neuron=4), finding(1, neuron=4), True),
        (finding(1, neuron=4), finding(1, neuron=5), False),
        (finding(1, kind="sink"), finding(1, kind="spread"), False),
        (finding(channel=5, first_layer=2, last_layer=9), finding(channel=5, first_layer=3, last_layer=12), True),
        (finding(channel=5, first_layer=2, last_layer=3), finding(channel=5, first_layer=4, last_layer=12), False),
        (finding(channel=5, first_layer=2, last_layer=3), finding(channel=5), True),
    ],
)
def test_when_findings_are_of_the_same_thing(one, other, same):
    assert same_finding(one, other) is same
    assert same_finding(other, one) is same


def test_each_finding_is_confirmed_or_not_and_what_the_trace_adds_is_told():
    analysis = [record(finding(0, 1), finding(2, 3)), record(finding(4, kind="dead"), kind="dead")]
    trace = [record(finding(2, 3), finding(5, 0), finding(6, 0))]
    (check,) = check_standouts(analysis, trace)
    assert check.confirmed == [finding(2, 3).sentence]
    assert check.unconfirmed == [finding(0, 1).sentence]
    assert check.beside == [finding(5, 0).sentence, finding(6, 0).sentence]
    assert check_sentence(check) == "the trace confirms 1 of 2 and has 2 more"


def test_a_trace_that_could_not_look_says_why():
    (check,) = check_standouts([record(finding(0, 1))], [record(not_applicable="no attention")])
    assert check.unconfirmed == [finding(0, 1).sentence]
    assert check_sentence(check) == "the trace confirms 0 of 1 (the trace could not look: no attention)"


def test_an_analysis_that_did_not_run_the_model_has_what_the_trace_found():
    (check,) = check_standouts([record(not_applicable="not run")], [record(finding(0, 1))])
    assert check_sentence(check) == "the trace has 1 alone (the analysis could not look: not run)"


def test_records_that_keep_not_all_say_so():
    (check,) = check_standouts([record(finding(0, 1), n_found=70)], [record(finding(0, 1))])
    assert check.reason == "the analysis found 70 and keeps 50"


def test_results_of_earlier_versions_have_no_checks():
    assert check_standouts(None, []) is None
    assert check_standouts([], None) is None
    assert check_standouts([record()], [record()]) == []
