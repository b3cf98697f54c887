"""Files that are no usual model, whole but odd: every input and every output works, and nothing warns.

Nobody would write any of them on purpose; a damaged or hostile file may hold it.
"""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.terminal.analysis import render_analysis
from ggufscope.terminal.console import TerminalScreen
from support.analysis_models import WIDTH, draw, language_model, phase1_document

pytestmark = pytest.mark.filterwarnings("error")
N = 6


def every_output(analysis):
    """Render it in every form; the saved text must be JSON, and readable again."""
    assert gs.Analysis(analysis.document).to_markdown()
    assert analysis._repr_html_()
    screen = io.StringIO()
    render_analysis(TerminalScreen(Console(file=screen, width=80)), analysis.document)
    assert screen.getvalue()
    json.loads(analysis.to_json(), parse_constant=lambda name: pytest.fail(f"{name} in the file"))
    return analysis


@pytest.fixture
def analyses(write_gguf, tmp_path):
    """A function that analyses a model, its profile in memory and its saved profile, with every output."""

    def analyse(arguments, **choices):
        path = write_gguf(**arguments)
        profile = gs.profile(path)
        profile.save(tmp_path / "p.json")
        return [every_output(gs.analyze(source, **choices)) for source in (path, profile, tmp_path / "p.json")]

    return analyse


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("choices", [{}, {"scale": "rank"}, {"norm": "rms"}, {"weights": {"entropy": 1}}])
def test_few_layers(analyses, n_layers, choices):
    for found in analyses(language_model(n_layers), **choices):
        assert found.hypotheses["H1"].verdict == "not applicable"
        assert {found.hypotheses[id_].verdict == "not applicable" for id_ in ("H2", "H3", "H4", "H5")} == {n_layers < 5}
        assert set(found.layers["level"]) == {None}
        np.testing.assert_allclose(found.layers["p_first"].sum(), 1)


def of_all(change):
    """A change of one layer, done to all of them."""

    def changed(tensors):
        for layer in range(N):
            change(tensors, f"blk.{layer}.", layer)

    return changed


def drop(*roles):
    return of_all(lambda tensors, layer, _: [tensors.pop(f"{layer}{role}.weight") for role in roles])


def fill(value, *roles):
    return of_all(lambda tensors, layer, _: [tensors[f"{layer}{role}.weight"].fill(value) for role in roles])


def put(role, shape):
    return of_all(lambda tensors, layer, _: tensors.update({f"{layer}{role}.weight": np.ones(shape, np.float32)}))


def zero_first(tensors):
    """H2 then compares with layers of which one is 0: a resample may hold nothing else."""
    tensors["blk.0.attn_q.weight"][:] = 0


def not_finite(tensors):
    tensors["blk.2.attn_v.weight"][3] = np.nan
    tensors["blk.3.ffn_up.weight"][3] = np.inf
    tensors["blk.4.attn_k.weight"][:] = np.nan
    tensors["blk.1.attn_norm.weight"][0] = np.nan
    tensors["blk.5.ffn_norm.weight"][:] = np.inf


def alternate_sign(tensors, layer, position):
    tensors[f"{layer}ffn_norm.weight"] *= (-1) ** position


def uneven_experts(tensors, layer, _):
    """Experts of different widths: the gain fits the first of them alone."""
    for role in ("gate", "up", "down"):
        del tensors[f"{layer}ffn_{role}.weight"]
    for expert, width in enumerate((WIDTH, 64 * WIDTH)):
        for role, shape in (("gate", (8, width)), ("up", (8, width)), ("down", (width, 8))):
            tensors[f"{layer}ffn_{role}.{expert}.weight"] = draw(expert, *shape)


MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
CHANGES = {
    "no queries": drop("attn_q"),
    "keys alone": drop("attn_q", "attn_output"),
    "no attention": drop("attn_q", "attn_k", "attn_v", "attn_output", "attn_norm"),
    "no FFN": drop("ffn_gate", "ffn_up", "ffn_down", "ffn_norm"),
    "no norms": drop("attn_norm", "ffn_norm"),
    "a gain of another size": put("attn_norm", 7),
    "a gain in two dimensions": put("ffn_norm", (2, WIDTH)),
    "a vector for a matrix": put("ffn_down", WIDTH),
    "one zero layer": zero_first,
    "zero gains": fill(0, "ffn_norm"),
    "zero weights": fill(0, *MATRICES),
    "gains of either sign": of_all(alternate_sign),
    "the largest numbers": fill(3e38, *MATRICES),
    "the smallest numbers": fill(1e-44, *MATRICES, "attn_norm"),
    "NaN and Inf": not_finite,
    "scales of no use": of_all(
        lambda tensors, layer, position: tensors.update(
            {
                f"{layer}attn_q.scale": np.full(1, np.nan, np.float32),
                f"{layer}attn_k.scale": np.zeros(1, np.float32),
                f"{layer}ffn_up.scale": np.ones(position, np.float32),
            }
        )
    ),
    "uneven experts": of_all(uneven_experts),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_odd_tensors(analyses, change):
    arguments = language_model(N)
    change(arguments["tensors"])
    for found in analyses(arguments):
        assert len(found.hypotheses) == 6
        risk = found.layers["risk"]
        assert np.isnan(risk).all() or ((risk >= 0) & (risk <= 100)).all()


def test_a_tensor_without_finite_weights_is_not_said_to_be_missing(analyses):
    arguments = language_model(N)
    arguments["tensors"]["blk.2.attn_k.weight"][:] = np.nan
    arguments["tensors"]["blk.3.attn_norm.weight"][:] = np.inf
    del arguments["tensors"]["blk.4.attn_k.weight"]
    for found in analyses(arguments):
        reasons = {entry.score: entry.reason for entry in found.document.applicability}
        assert reasons["k_norm"] == "no attn_k in layers 4; attn_k without finite statistics in layers 2"
        assert reasons["value_output"] == "attn_norm without finite statistics in layers 3"
        assert list(found.layers["type_attn_k"]) == ["F32", "F32", "F32", "F32", None, "F32"]


def test_an_interval_that_some_resamples_leave_undefined_is_none(analyses):
    arguments = language_model(N)
    zero_first(arguments["tensors"])
    for found in analyses(arguments):
        assert found.hypotheses["H2"].value > 0
        assert found.hypotheses["H2"].evidence.interval is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("head_count", 0), ("head_count", 3), ("head_count", 1000), ("head_count", -1), ("head_count", "four"),
        ("head_count_kv", 3), ("head_count_kv", 8), ("key_length", 5), ("value_length", 1),
    ],
)  # fmt: skip
def test_odd_heads(analyses, key, value):
    arguments = language_model(N)
    arguments["metadata"][f"llama.attention.{key}"] = value
    for found in analyses(arguments):
        assert np.isfinite(found.layers["risk"]).all()


def test_names_that_are_no_text(tmp_path):
    """Half of a surrogate pair is JSON, and no UTF-8."""
    path = tmp_path / "phase1.json"
    path.write_text(json.dumps(phase1_document() | {"modelName": "\ud800 a\x00b", "quantizationType": "\udfff"}))
    every_output(gs.analyze(path)).save(tmp_path / "out")
    assert every_output(gs.Analysis.load(tmp_path / "out")).document.model.name == "? a\x00b"
