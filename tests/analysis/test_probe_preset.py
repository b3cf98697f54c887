"""The probe as a preset: its numbers are those of a trace, and it runs in place of propagation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.analysis.presets.probe import SCORES
from ggufscope.analysis.presets.propagation import propagate
from ggufscope.analysis.presets.propagation.baseline import baselines
from ggufscope.commands.app import main
from ggufscope.errors import TraceError
from ggufscope.runtime.engines.streamed import open_engine
from ggufscope.runtime.measuring.capture import Recorder
from support.architectures import SPECIMENS
from support.networks import sample
from support.stories import texts

if TYPE_CHECKING:
    from ggufscope.runtime import Plan

TOKENS = 200


@pytest.fixture(scope="module")
def analysis(request: pytest.FixtureRequest) -> gs.Analysis:
    return gs.analyze(request.getfixturevalue("stories260k"), probe=TOKENS)


@pytest.fixture(scope="module")
def own_words(request: pytest.FixtureRequest) -> gs.Trace:
    return gs.trace(request.getfixturevalue("stories260k"), probe="own:3", seed=1)


def test_it_takes_the_place_of_propagation(analysis: gs.Analysis, stories260k: Path) -> None:
    assert list(analysis.presets) == ["heuristic", "probe"]
    assert list(gs.analyze(stories260k).presets) == ["heuristic", "propagation"]
    assert list(gs.analyze(stories260k, probe=9, preset="probe").presets) == ["probe"]


def test_own_words_lead(own_words: gs.Trace, stories260k: Path) -> None:
    """The index that was found to predict is the first; random tokens stay behind the formulas of the study."""
    assert list(gs.analyze(stories260k, probe="own:2").presets) == ["probe", "heuristic"]
    assert list(gs.analyze(stories260k, probe="random:2").presets) == ["heuristic", "probe"]
    found = gs.analyze(stories260k, probe=own_words)
    assert list(found.presets) == ["probe", "heuristic", "propagation"]
    np.testing.assert_allclose(found.heads["head_entropy"], own_words.head_figure("entropy_share").mean(axis=0))
    document, without = found.document, gs.analyze(stories260k).document
    assert (document.settings.preset, document.preset.summary) == (
        "probe",
        "measured while the model reads its own words",
    )
    assert document.statement.startswith("A structural risk index (heuristic) of components measured while")
    assert document.other_presets == [without.preset, *without.other_presets]
    kept = [(each.verdict, each.why, each.value) for each in without.hypotheses]
    assert [(each.verdict, each.why, each.value) for each in document.hypotheses] == kept
    assert str(document.hypotheses[5].remark).startswith("the last layer has rank ")


def test_its_index_is_the_one_that_a_validation_tests(own_words: gs.Trace, stories260k: Path) -> None:
    found = gs.analyze(stories260k, probe=own_words)
    validation = gs.validate(found, own_words, probe=own_words)
    points = validation.quantities["risk"].points
    np.testing.assert_allclose(
        [point.predicted["probe"] for point in points], found.layers["risk"], rtol=1e-6
    )  # of seven digits
    np.testing.assert_allclose([point.measured for point in points], found.layers["risk"], rtol=1e-6)  # of seven digits
    alone = gs.validate(found, own_words).quantities["risk"].points
    np.testing.assert_allclose(
        [point.predicted["probe"] for point in alone], found.layers["risk"], rtol=1e-6
    )  # of seven digits


def test_its_numbers_are_those_of_a_trace(analysis: gs.Analysis, stories260k: Path) -> None:
    trace = gs.trace(stories260k, probe=TOKENS)
    found = analysis.presets["probe"]
    for name, (figure, _) in SCORES.items():
        expected = (
            trace.head_figure(figure).mean(axis=-1) if name == "mean_head_entropy" else trace.layer_figure(figure)
        )
        np.testing.assert_allclose(found[name], expected[0], rtol=1e-6, err_msg=name)
    assert f"probe: {TOKENS + 1} tokens read, random ones of seed 0" in analysis.document.notes
    per_head = analysis.document.other_presets[0].per_head
    assert sorted(np.ravel(per_head["head_entropy_rank"])) == list(range(1, 41))
    np.testing.assert_allclose(per_head["head_entropy"], trace.head_figure("entropy_share")[0], rtol=1e-6)


def test_own_words(stories260k: Path) -> None:
    """Their numbers are the means over the sequences that a trace measures."""
    told: list[Plan] = []
    analysis = gs.analyze(stories260k, probe="own:3", seed=2, announce=told.append)
    trace = gs.trace(stories260k, probe="own:3", seed=2)
    expected = trace.layer_figure("residual_rms").mean(axis=0)
    np.testing.assert_allclose(analysis.presets["probe"]["residual_rms"], expected, rtol=1e-6)
    n_tokens = sum(len(prompt.token_ids) for prompt in trace.document.prompts)
    assert f"probe: 3 sequences, {n_tokens} tokens read, written by the model with seed 2" in analysis.document.notes
    assert "rms of what attention adds, on own words" in analysis.to_json()
    assert [plan.n_prompts for plan in told] == [3]


def test_the_seed_draws_the_tokens(stories260k: Path) -> None:
    first, again, other = (gs.analyze(stories260k, probe=20, seed=seed).presets["probe"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["residual_rms"], again["residual_rms"])
    assert not np.array_equal(first["residual_rms"], other["residual_rms"])


def test_the_baseline_is_that_of_propagation(stories260k: Path) -> None:
    with gs.open(stories260k) as model:
        np.testing.assert_allclose(baselines(model), propagate(model, queries=1).baseline, rtol=1e-12)


def test_heads_rank_as_on_texts(analysis: gs.Analysis, stories260k: Path) -> None:
    """What a probe is for: entropies of heads on random tokens order the heads as texts do."""
    with gs.open(stories260k) as model, open_engine(model, 2) as engine:
        recorder = Recorder(3, engine.shape)
        engine.prefill(list(texts().astype(np.int32)), recorder, room=0, progress=None)
    on_texts = recorder.tables()["entropy_share"].mean(axis=0).reshape(-1)
    per_head = analysis.document.other_presets[0].per_head
    probed, baseline = (np.array(per_head[name], float).reshape(-1) for name in ("head_entropy", "baseline"))
    assert scipy.stats.spearmanr(probed, on_texts).statistic > 0.95
    assert scipy.stats.spearmanr(probed, on_texts).statistic > scipy.stats.spearmanr(baseline, on_texts).statistic


def test_the_command(stories260k: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(stories260k), "--probe", "16", "-o", str(tmp_path)]) == 0
    assert "random tokens" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert gs.Analysis.load(tmp_path).document.other_presets[0].name == "probe"
    capsys.readouterr()
    assert main(["analyze", str(stories260k), "--probe", "1"]) == 2
    assert "a probe takes two tokens or more, not 1" in capsys.readouterr().err


def test_what_does_not_go_together(stories260k: Path) -> None:
    for options in ({"probe": 9, "preset": "heuristic"}, {"preset": "probe"}):
        with pytest.raises(ValueError, match="go together"):
            gs.analyze(stories260k, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a probe needs the model itself"):
        gs.analyze(gs.profile(stories260k), probe=9)


def test_a_trace_that_is_no_probe_of_the_model(
    own_words: gs.Trace, stories260k: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("Once upon a time")
    with pytest.raises(ValueError, match="the probe is of another model, '"):
        gs.analyze(tiny_model, probe=own_words)
    with pytest.raises(ValueError, match="neither of own words nor of random tokens"):
        gs.analyze(stories260k, probe=gs.trace(stories260k, text=tmp_path / "text"))
    with pytest.raises(ValueError, match="a probe needs the model itself"):
        gs.analyze(gs.profile(stories260k), probe=own_words)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["lfm2", "qwen35", "deepseek2", "gemma3n", "mixtral", "gpt-oss"])
def test_layers_without_such_heads_have_no_baseline(write_gguf, name: str) -> None:
    """What runs is probed, whether propagation has formulas for it or not; scores of heads are where heads are."""
    path = write_gguf(**SPECIMENS[name].file())
    analysis = gs.analyze(path, probe=24, seed=1)
    trace = gs.trace(path, probe=24, seed=1)
    scores, heads = analysis.presets["probe"], analysis.heads
    np.testing.assert_allclose(scores["residual_rms"], trace.layer_figure("residual_rms")[0], rtol=1e-6)
    entropy = trace.head_figure("entropy_share")[0]
    np.testing.assert_allclose(heads["head_entropy"], entropy, rtol=1e-6)
    with gs.open(path) as model:
        projected = [f"blk.{layer}.attn_k.weight" in model.tensors for layer in range(len(entropy))]
    plain = np.array(projected) & ~np.isnan(trace.layer_figure("k_rms")[0])
    assert plain.any() == (name != "deepseek2")
    assert np.isfinite(heads["baseline"][plain]).all()
    assert np.isnan(heads["baseline"][~plain]).all()


def test_a_model_that_cannot_run_is_an_error(write_gguf, tmp_path: Path) -> None:
    file = sample("gpt2").file() | {"architecture": "never-heard-of"}
    with pytest.raises(TraceError, match="ggufscope does not know the architecture 'never-heard-of'"):
        gs.analyze(write_gguf(**file), probe=9)
