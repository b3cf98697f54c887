"""Real trained models: what their files are, and that tests which need them say so."""

from __future__ import annotations

from pathlib import Path

import pytest

import ggufscope as gs
from support import real_models


def test_smollm2_is_what_it_should_be(smollm2: Path, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("real_model")
    with gs.open(smollm2) as model:
        assert (model.architecture, len(model.layers), model.n_parameters) == ("llama", 30, 134_515_008)


def test_gemma3_is_what_it_should_be(gemma3: Path, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("real_model")
    with gs.open(gemma3) as model:
        assert (model.architecture, len(model.layers), model.n_parameters) == ("gemma3", 18, 268_098_176)


@pytest.mark.parametrize("name", real_models.FILES)
def test_a_missing_model_is_a_skip_with_the_command(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_models, "MODELS", tmp_path)
    monkeypatch.delenv("GGUFSCOPE_REQUIRE_REAL_MODELS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"tools/real_models\.sh"):
        real_models.real_model(name)
    monkeypatch.setenv("GGUFSCOPE_REQUIRE_REAL_MODELS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"tools/real_models\.sh"):
        real_models.real_model(name)
