"""Verdicts of profiles: the same rules as `check` asks, as far as statistics tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggufscope as gs
from ggufscope.checks import RULES
from ggufscope.checks.of_profiles import verdict_of
from ggufscope.report.content.verdict_lines import verdict_lines
from support.planted import DAMAGES, healthy

if TYPE_CHECKING:
    import numpy as np

    from support.planted.damage import Damage
    from support.planted.healthy import Healthy

TOLD = {name for name, rule in RULES.items() if rule.from_statistics}
VALUE = "blk.1.attn_v.weight"


def profiled(model: Healthy, directory: Path) -> gs.Profile:
    """As it would be loaded: without vectors and with seven digits."""
    path = directory / "profile.json"
    gs.profile(model.write(directory), threads=1).save(path)
    return gs.Profile.load(path)


def test_a_healthy_model_is_sound(tmp_path: Path) -> None:
    verdict = verdict_of(profiled(healthy(), tmp_path))
    assert (verdict.findings, verdict.n_rules, verdict.n_all) == ([], len(TOLD), len(RULES))


UNREADABLE = {
    "a-file-of-another-kind",
    "a-name-that-stands-there-twice",
    "tensors-that-overlap",
    "a-file-cut-off-whose-name-says-its-digest",
}
OF_FLOATS = [damage for damage in DAMAGES if damage.type_name == "F32" and damage.name not in UNREADABLE]


@pytest.mark.parametrize("damage", OF_FLOATS, ids=lambda damage: damage.name)
def test_what_statistics_tell_is_what_check_finds(damage: Damage, tmp_path: Path) -> None:
    model = healthy("F32", damage.layers)
    expected = damage.plant(model)
    # Of experts a profile has no statistics by tensor.
    wanted = [(each.rule, each.severity, each.place.tensor) for each in expected if each.rule in TOLD]
    of_experts = {each.rule for each in expected if each.place.experts and each.rule in {"zeros", "constant"}}
    found = [(each.rule, each.severity, each.place.tensor) for each in verdict_of(profiled(model, tmp_path)).findings]
    assert found == [each for each in wanted if each[0] not in of_experts]


def put(change: Callable[[np.ndarray], object]) -> Healthy:
    model = healthy()
    values = model.floats(VALUE)
    change(values)
    model.put(VALUE, values)
    return model


def test_the_lines_say_how_it_stands(tmp_path: Path) -> None:
    def zeros(values: np.ndarray) -> None:
        values[:] = 0

    def large(values: np.ndarray) -> None:
        values[3, 5] = 1e6

    lines = {
        name: list(verdict_lines(profiled(model, tmp_path)))
        for name, model in {"sound": healthy(), "zeros": put(zeros), "large": put(large)}.items()
    }
    asked = f"({len(TOLD)} of {len(RULES)} rules; `check` asks all)"
    assert [tuple(line) for line in lines["sound"]] == [("good", f"sound as far as statistics tell {asked}")]
    assert [tuple(line) for line in lines["zeros"]] == [("bad", f"not sound: 1 error {asked}")]
    assert [tuple(line) for line in lines["large"]] == [
        ("odd", f"no errors, but look: 1 warning {asked}"),
        ("odd", f"float16: |w| up to 1e+06, more than float16 holds, in {VALUE}"),
    ]
