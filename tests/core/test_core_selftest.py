"""The core without Python: every type gives the same weights and the same statistics on every instruction set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ggufscope import _core

if TYPE_CHECKING:
    from support.building import CoreHashes

ISAS = _core.available_isas()
TYPES = _core.types()


def types_of(cases: dict[str, str]) -> set[str]:
    return {case.split(" ")[0] for case in cases}


def test_it_runs_every_type_on_every_instruction_set(core_hashes: CoreHashes) -> None:
    assert list(core_hashes) == ISAS
    names = {qtype["name"] for qtype in TYPES}
    assert {isa: types_of(cases) for isa, cases in core_hashes.items()} == dict.fromkeys(ISAS, names)


def test_instruction_sets_agree(core_hashes: CoreHashes) -> None:
    expected = core_hashes["generic"]
    differing = [(isa, case) for isa in ISAS for case in expected if core_hashes[isa].get(case) != expected[case]]
    assert differing == []


def test_hashes_tell_contents_shapes_and_modes_apart(core_hashes: CoreHashes) -> None:
    """But for single blocks, which may be the same number by chance, and the other byte order, which must be."""
    cases = {
        case: (case.split(" ")[0], hashes)
        for case, hashes in core_hashes["generic"].items()
        if " 1x" not in case and not case.endswith(" swapped")
    }
    assert len(set(cases.values())) == len(cases) > 0


def test_byte_order_changes_nothing(core_hashes: CoreHashes) -> None:
    cases = core_hashes["generic"]
    swapped = {case for case in cases if case.endswith(" swapped")}
    assert types_of(dict.fromkeys(swapped, "")) == {qtype["name"] for qtype in TYPES if qtype["big_endian"]}
    assert [case for case in swapped if cases[case] != cases[case.replace("swapped", "full")]] == []
