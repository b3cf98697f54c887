"""Planted damage: found at its exact place, and nothing else beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggufscope as gs
from ggufscope.checks import RULES
from support.planted import DAMAGES, healthy
from support.planted.healthy import TYPES

if TYPE_CHECKING:
    from support.planted.damage import Damage


@pytest.mark.parametrize("type_name", TYPES)
def test_an_undamaged_model_is_sound_in_every_type(type_name: str, tmp_path: Path) -> None:
    verdict = gs.check(healthy(type_name).write(tmp_path), threads=1)
    assert (verdict.sound, verdict.findings, verdict.document.coverage) == (True, [], 1)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: f"{damage.name}-{damage.type_name}")
def test_damage_is_found_at_its_place_and_nothing_else(damage: Damage, tmp_path: Path) -> None:
    model = healthy(damage.type_name, damage.layers)
    expected = damage.plant(model)
    against = None if model.against is None else tmp_path / "manifest.json"
    if against is not None and model.against is not None:
        against.write_text(model.against)
    verdict = gs.check(model.write(tmp_path), against=against, threads=1)
    found = [(each.rule, each.severity, each.place) for each in verdict.findings]
    wanted = [(each.rule, each.severity, each.place) for each in expected]
    assert found == wanted
    assert verdict.sound == all(each.severity != "error" for each in expected)


def test_there_are_more_than_forty_kinds() -> None:
    assert len({damage.name for damage in DAMAGES}) > 40


def test_every_rule_has_planted_damage() -> None:
    planted = {each.rule for damage in DAMAGES for each in damage.plant(healthy(damage.type_name, damage.layers))}
    assert planted == set(RULES)
