"""Super weights, massive activations, sinks and what belongs to them in trained models.

Measured by `ggufscope analyze MODEL --ablate` and `ggufscope trace MODEL --max-new-tokens 0`; docs/metrics.md has the
numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggufscope as gs

if TYPE_CHECKING:
    from ggufscope.runtime.standouts.standouts import Standouts

pytestmark = pytest.mark.slow


def traced(path: Path, **choices: object) -> Standouts:
    return gs.trace(path, max_new_tokens=0, **choices).standouts  # type: ignore[arg-type]


@pytest.mark.real_model
def test_super_weights_of_smollm2(smollm2: Path) -> None:
    standouts = gs.analyze(smollm2, ablate=True).standouts
    (found,) = standouts.of("super_weight")
    assert (found.layer, found.place) == (11, {"row": 507, "column": 1229})
    assert found.value == pytest.approx(24926, rel=0.01)
    assert found.evidence["weight"] == pytest.approx(5.876, rel=1e-3)
    assert found.evidence["share_of_channel"] == pytest.approx(0.724, abs=0.01)
    assert found.evidence["growth"] == pytest.approx(217, rel=0.1)
    assert found.evidence["loudness"] == pytest.approx(19.4, rel=0.01)
    assert found.evidence["energy_share"] == pytest.approx(0.976, abs=0.001)
    assert found.evidence["kl_mean"] > 2
    assert found.evidence["other_kl_mean"] < 1e-3
    assert found.evidence["same_top"] < 0.6
    (massive,) = standouts.of("massive_activation")
    assert massive.place == {"channel": 507, "token": 0, "first_layer": 11, "last_layer": 27}
    (gains,) = standouts.of("tuned_gain")
    assert (gains.place["channel"], gains.place["ffn"]) == (507, 1)
    assert gains.evidence["shut"] >= 15


@pytest.mark.real_model
def test_super_weights_of_gemma3(gemma3: Path) -> None:
    standouts = gs.analyze(gemma3).standouts
    places = {(item.layer, item.place["row"], item.place["column"]) for item in standouts.of("super_weight")}
    assert places == {(0, 400, 1405), (3, 163, 1414), (4, 163, 84)}
    assert all(item.evidence["share_of_channel"] > 0.9 for item in standouts.of("super_weight"))
    assert {item.place["channel"] for item in standouts.of("massive_activation")} == {163, 400}
    assert len(standouts.of("tuned_gain")) == 4


def test_stories260k_has_none_of_them(stories260k: Path) -> None:
    standouts = gs.analyze(stories260k).standouts
    for kind in ("super_weight", "massive_activation", "sink", "tuned_gain"):
        assert (standouts.kinds[kind].n_found, standouts.kinds[kind].not_applicable) == (0, None)


@pytest.mark.real_model
def test_first_tokens_of_smollm2_in_prompts(smollm2: Path) -> None:
    standouts = traced(smollm2)
    (massive,) = standouts.of("massive_activation")
    assert massive.place == {"channel": 507, "token": 0, "first_layer": 11, "last_layer": 27}
    assert '"<|im_start|>"' in massive.sentence
    sinks = standouts.of("sink")
    assert 12 <= len(sinks) <= 25
    assert {(item.layer, item.head) for item in sinks[:2]} == {(18, 7), (18, 8)}
    assert all(item.evidence["value_size"] < 0.5 for item in sinks)


@pytest.mark.real_model
def test_without_its_super_weight_smollm2_has_no_massive_activation(smollm2: Path) -> None:
    standouts = traced(smollm2, ablate=["blk.11.ffn_down.weight[507,1229]"])
    before = traced(smollm2).kinds["massive_activation"].series["largest"].values
    after = standouts.kinds["massive_activation"].series["largest"].values
    assert before[:11] == after[:11]
    assert after[11] < 0.35 * before[11]  # type: ignore[operator]


@pytest.mark.real_model
def test_first_tokens_of_gemma3_in_prompts(gemma3: Path) -> None:
    standouts = traced(gemma3)
    found = {item.place["channel"]: item.place for item in standouts.of("massive_activation")}
    assert {channel: place["token"] for channel, place in found.items()} == {163: 0, 400: 0}
    assert (found[400]["first_layer"], found[163]["first_layer"]) == (0, 3)
    assert {(item.layer, item.head) for item in standouts.of("sink")} == {(5, 1), (17, 3)}
