"""What stands out while a model reads, in an analysis: on openings, on a probe, or the reason why it did not read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.runtime.standouts import SEEN
from support.planted_heads import (
    HEAD,
    NEURON,
    file,
    plant_induction_head,
    plant_previous_token_head,
    plant_quiet_neuron,
    random_model,
)

WriteGguf = Callable[..., Path]
OURS = {"previous_token_head", "own_token_head", "spread_head", "induction_head", "quiet_neuron"}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_probe_shows_what_is_planted(write_gguf: WriteGguf, seed: int) -> None:
    tensors = random_model(seed)
    plant_previous_token_head(tensors)
    plant_induction_head(tensors)
    plant_quiet_neuron(tensors)
    found = gs.analyze(write_gguf(**file(tensors)), probe="random", seed=seed).standouts
    ours = {item.kind: (item.layer, item.place.get("neuron", item.head)) for item in found if item.kind in OURS}
    assert ours == {
        "previous_token_head": (0, HEAD),
        "induction_head": (1, HEAD),
        "quiet_neuron": (1, NEURON),
    }
    assert sum(item.kind in OURS for item in found) == 3
    assert {record.seen_on for record in found.kinds.values() if record.kind in OURS} == {
        "8 sequences of random tokens"
    }


def test_openings_show_what_a_probe_does(stories260k: Path) -> None:
    """A trained model writes them: its heads on the token before are those of a probe, with others at the threshold."""
    opened, probed = (gs.analyze(stories260k, probe=probe).standouts for probe in (None, "own"))
    strongest = {(item.layer, item.head) for item in probed.of("previous_token_head")[:2]}
    assert strongest <= {(item.layer, item.head) for item in opened.of("previous_token_head")}
    scores = [of.kinds["induction_head"].series["score"].values for of in (opened, probed)]
    np.testing.assert_allclose(*scores, rtol=1e-4, atol=1e-6)
    assert {record.seen_on for record in opened.kinds.values() if record.kind in OURS} == {"4 openings"}


def test_a_profile_does_not_read(write_gguf: WriteGguf, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    gs.profile(write_gguf(**file(random_model(0)))).save(path)
    found = gs.analyze(path).standouts
    reasons = {found.kinds[kind.name].not_applicable for kind in SEEN}
    assert reasons == {"the model itself is needed, to run it, and the input is a profile"}
