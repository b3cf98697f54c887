"""SmolLM2 without its super weight answers as llama.cpp does from a file in which that weight is zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.models.weight_place import WeightPlace
from ggufscope.runtime.engines.streamed import open_engine
from ggufscope.runtime.reading.prompts import NamedPrompts, named_prompts
from support.edited_models import float32_copy
from support.llama_cpp_oracle import logits
from support.needs import llama_cpp_needed

pytestmark = [pytest.mark.slow, llama_cpp_needed]

TENSOR, PLACE = "blk.11.ffn_down.weight", (507, 1229)
SUPER_WEIGHT = WeightPlace(TENSOR, PLACE)
NEW_TOKENS = 10


@pytest.fixture(scope="module")
def copies(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Copies of the model, by whether the weight is zero there.

    All tensors are decoded: of quantized weights llama.cpp multiplies activations rounded to eight bits, and what that
    does to the model without its super weight is as large as 8 % of the change of its logits.
    """
    directory = tmp_path_factory.mktemp("float32")
    with gs.open(smollm2) as model:
        names = list(model.tensors)

    def ablate(weights: npt.NDArray[np.float32]) -> None:
        weights[PLACE] = 0

    return {
        zero: float32_copy(smollm2, directory / f"{zero}.gguf", names, {TENSOR: ablate} if zero else {})
        for zero in (False, True)
    }


@pytest.fixture(scope="module")
def few_prompts() -> NamedPrompts:
    name, prompts, *rest = named_prompts(None)
    return NamedPrompts(name, prompts.model_copy(update={"prompts": prompts.prompts[:3]}), *rest)


def own_logits(path: Path, tokens: list[int], *zeroed: WeightPlace) -> npt.NDArray[np.float32]:
    """Of every position: the beginnings of the tokens are prompts."""
    prompts = [np.array(tokens[: end + 1], np.int32) for end in range(len(tokens))]
    with gs.open(path) as model, open_engine(model, 2, zeroed=zeroed) as engine:
        return engine.prefill(prompts, None, room=0, progress=None)


def size(values: npt.NDArray[np.float32]) -> float:
    """Of logits whose mean, which no probability depends on, is taken away."""
    return float(np.linalg.norm(values - values.mean(axis=1, keepdims=True)))


def test_logits_change_as_in_llama_cpp(smollm2: Path, copies: dict[bool, Path], few_prompts: NamedPrompts) -> None:
    (first, *_) = gs.trace(smollm2, prompts=few_prompts, max_new_tokens=0).document.prompts
    theirs = {zero: logits(path, first.token_ids) for zero, path in copies.items()}
    ours = {False: own_logits(smollm2, first.token_ids), True: own_logits(smollm2, first.token_ids, SUPER_WEIGHT)}
    change, expected = ours[True] - ours[False], theirs[True] - theirs[False]
    assert size(expected) > 0.5 * size(theirs[False])
    assert size(change - expected) < 2e-5 * size(expected)  # measured: 4e-6


def test_answers_are_those_of_llama_cpp(smollm2: Path, copies: dict[bool, Path], few_prompts: NamedPrompts) -> None:
    def answers(path: Path, engine: str, *ablated: str) -> list[list[int]]:
        trace = gs.trace(path, prompts=few_prompts, engine=engine, ablate=ablated, max_new_tokens=NEW_TOKENS)
        return [prompt.answer.token_ids for prompt in trace.document.prompts if prompt.answer is not None]

    plain, changed = answers(smollm2, "streamed"), answers(smollm2, "streamed", str(SUPER_WEIGHT))
    assert plain == answers(copies[False], "llama.cpp")
    assert changed == answers(copies[True], "llama.cpp")
    assert all(one != other for one, other in zip(plain, changed, strict=True))
