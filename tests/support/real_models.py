"""The two real trained models that `tools/real_models.sh` fetches, as fixtures.

A test that asks for one of them has the marker `real_model`; one that takes it by `getfixturevalue` must say so itself.
Without the files it is skipped, and fails where `GGUFSCOPE_REQUIRE_REAL_MODELS` is set.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from support.real_files import MODELS

FILES = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m-q4_k_m.gguf"}


@pytest.hookimpl(tryfirst=True)  # before `-m` selects by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FILES.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real_model)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2 135M Instruct, Q4_1: the llama architecture, 30 layers, a byte-pair vocabulary and a chat template."""
    return real_model("smollm2")


@pytest.fixture(scope="session")
def gemma3() -> Path:
    """Gemma 3 270M, Q4_K_M: a base model of 18 layers, some with a sliding window, 262 144 tokens."""
    return real_model("gemma3")


def real_model(name: str) -> Path:
    path = MODELS / FILES[name]
    if not path.is_file():
        miss(f"{path} is not there: tools/real_models.sh fetches it")
    return path


def miss(reason: str) -> NoReturn:
    """Skip the test, or fail it where the models must be there: a skip would hide that they are not."""
    if os.environ.get("GGUFSCOPE_REQUIRE_REAL_MODELS"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
