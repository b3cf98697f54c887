"""Which experts tokens choose: counted, saved with a trace, and shown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.errors import TraceError
from ggufscope.models.stacks import layer_ranges
from ggufscope.runtime.measuring.experts import ExpertUse
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.trace import render_trace
from support.architectures import SPECIMENS
from support.architectures.experts import EXPERTS, USED

WriteGguf = Callable[..., Path]


def test_shares_are_counts_of_choices() -> None:
    use = ExpertUse(2, (4, 0))
    use.take(0, 0, np.array([[0, 3], [3, 1]]), np.array([[0.75, 0.25], [0.5, 0.5]], np.float32))
    use.take(1, 0, np.array([[3, 0]]), np.array([[1.0, 0.5]], np.float32))
    assert use.shares(0)["token_share"][0].tolist() == [0.5, 0.5, 0.0, 1.0]
    assert use.shares(0)["weight_share"][0].tolist() == [0.375, 0.25, 0.0, 0.375]
    together = use.shares()
    np.testing.assert_allclose(together["token_share"][0], [2 / 3, 1 / 3, 0, 1])
    np.testing.assert_allclose(together["weight_share"][0], [1.25 / 3.5, 0.5 / 3.5, 0, 1.75 / 3.5])
    assert together["token_share"][1].size == 0
    assert use.never_chosen() == [[2], []]


@pytest.fixture
def expert_trace(write_gguf: WriteGguf) -> gs.Trace:
    return gs.trace(write_gguf(**SPECIMENS["qwen2moe"].file()), probe=5, threads=1)


def test_a_trace_has_shares_of_every_expert(expert_trace: gs.Trace, tmp_path: Path) -> None:
    shares = expert_trace.expert_figure("token_share")
    assert shares.shape == (1, 2, EXPERTS)
    np.testing.assert_allclose(shares.sum(axis=2), USED, rtol=1e-6)
    np.testing.assert_allclose(expert_trace.expert_figure("weight_share").sum(axis=2), 1, rtol=1e-6)
    record = expert_trace.document.experts
    assert record is not None
    assert record.never_chosen == [np.flatnonzero(row == 0).tolist() for row in shares[0]]
    assert any(record.never_chosen)
    expert_trace.save(tmp_path / "trace.json")
    assert gs.Trace.load(tmp_path / "trace.json").document.experts == expert_trace.as_saved().document.experts


def test_a_dense_model_has_none(write_gguf: WriteGguf, tmp_path: Path) -> None:
    trace = gs.trace(write_gguf(**SPECIMENS["llama"].file()), probe=5, threads=1)
    trace.save(tmp_path / "trace.json")
    assert "experts" not in (tmp_path / "trace.json").read_text()
    with pytest.raises(KeyError):
        trace.expert_figure("token_share")


def test_experts_that_no_token_chose_are_named(expert_trace: gs.Trace) -> None:
    record = expert_trace.document.experts
    assert record is not None
    screen = io.StringIO()
    render_trace(TerminalScreen(Console(file=screen, width=200)), expert_trace.document)
    named = "; ".join(f"layer {layer}: {layer_ranges(each)}" for layer, each in enumerate(record.never_chosen) if each)
    n_unused = sum(map(len, record.never_chosen))
    assert f"! {n_unused} of {2 * EXPERTS} experts were chosen by no token: {named}" in screen.getvalue()


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["experts", "n_experts"], [6], "experts.n_experts: 1 entries for 2 layers"),
        (["experts", "n_experts"], [0, 0], "experts.n_experts: no layer has any, or one less than none"),
        (["experts", "n_experts"], [6, -1], "experts.n_experts: no layer has any, or one less than none"),
        (["experts", "never_chosen"], [[6], []], "experts.never_chosen: not the experts of n_experts"),
        (["experts", "shares"], {}, "experts.shares: not the figures of experts of this file"),
        (["prompts", 0, "experts", "token_share"], [[1.0], [1.0]], "rows do not have the lengths of n_experts"),
        (["experts"], None, "prompts have some, and the document has not"),
    ],
)
def test_malformed_files(expert_trace: gs.Trace, place: list[Any], value: Any, message: str) -> None:
    plain = json.loads(expert_trace.to_json())
    parent = plain
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    with pytest.raises(TraceError) as caught:
        gs.Trace.from_json(json.dumps(plain))
    assert message in str(caught.value)
