"""Fixtures: a tiny synthetic model, made once, and its analysis."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggufscope.analysis import Analysis, analyze
from ggufscope.synth import make_plan, write_plan


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic model of 8 layers and 8 heads, with a vocabulary."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    write_plan(make_plan("tiny"), path)
    return path


@pytest.fixture(scope="session")
def tiny_analysis(tiny_model: Path) -> Analysis:
    """Its analysis."""
    return analyze(tiny_model)
