"""Every architecture that the streamed engine runs, on a tiny random model, against llama.cpp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.architecture.families import FAMILIES
from ggufscope.errors import TraceError
from support.architectures import SPECIMENS
from support.architectures.comparison import compare
from support.architectures.gemmas import GEMMAS
from support.architectures.latent import LATENT
from support.architectures.mixers import MIXERS
from support.engines import compare_figures
from support.needs import llama_cpp_needed

WriteGguf = Callable[..., Path]
TOLERANCE = 1e-4
HALF = 2**-10  # between neighbours of float16, to which llama.cpp rounds GELU
FLOOR = 1e-5  # of attention that is sharpened to almost one key: what is left for the others has few digits


WITHOUT_TINY_MODEL = frozenset({*LATENT, *MIXERS, *GEMMAS})  # other mixers, gated heads, normed values


def test_every_architecture_has_a_specimen() -> None:
    assert set(FAMILIES) == {specimen.architecture for specimen in SPECIMENS.values()}


@llama_cpp_needed
@pytest.mark.parametrize("name", SPECIMENS)
def test_logits_entropies_figures_and_answers_are_those_of_llama_cpp(name: str, write_gguf: WriteGguf) -> None:
    specimen = SPECIMENS[name]
    differences = compare(write_gguf(**specimen.file()))
    assert differences.logits <= TOLERANCE
    assert differences.entropy <= TOLERANCE
    rounding = HALF if FAMILIES[specimen.architecture].activation == "gelu" else 0.0
    compare_figures(differences.ours, differences.theirs, TOLERANCE, FLOOR, rounding)
    assert differences.ours.endings == differences.theirs.endings
    assert np.isfinite(differences.ours.logits).all()


@llama_cpp_needed
@pytest.mark.parametrize("name", SPECIMENS)
def test_the_engine_checks_itself_on_a_tiny_model_or_says_that_it_has_none(name: str, write_gguf: WriteGguf) -> None:
    from ggufscope.runtime.engines.llama_cpp import open_engine  # noqa: PLC0415  an extra

    with gs.open(write_gguf(**SPECIMENS[name].file())) as model:
        passed: set[Any] = set()
        if name in WITHOUT_TINY_MODEL:
            with pytest.raises(TraceError, match=r"llama\.cpp has no tiny model like it to check itself with"):
                open_engine(model, 1, passed=passed)
            return
        open_engine(model, 1, passed=passed).close()
        assert [architecture for architecture, _ in passed] == [model.architecture]
