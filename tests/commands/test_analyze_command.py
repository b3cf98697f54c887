"""`ggufscope analyze` as people use it, and what its outputs say."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from functools import partial

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.registry import PRESETS, PresetInput
from ggufscope.analysis.score_words import in_words, score_words
from ggufscope.analysis.wording import PREMISES_ONLY, SHORT_STATEMENT, STATEMENT
from ggufscope.commands.app import main
from ggufscope.terminal.curves import peaks
from ggufscope.text.escape import escape_html, escape_markdown
from support.analysis_models import HEAD, language_model, make_table, phase1_document
from support.model_files import write_model

HOSTILE = "a|b</td><script>alert(1)</script>\x1b[2J\u202e*x* [y](http://z) `c`"


@pytest.fixture
def run(run_command):
    return partial(run_command, "analyze")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    growth = 1 + np.linspace(0, 1, 16)
    sizes = {"sizes": {"attn_v": growth}, "gain_sizes": {"ffn_norm": growth}}
    arguments = propagatable(language_model(16, value_types=["Q4_K", "Q6_K"] * 8, **sizes))
    return write_model(tmp_path_factory.mktemp("model") / "model.gguf", **arguments)


@pytest.fixture(scope="module")
def analyzed(model, tmp_path_factory):
    """The JSON that the command prints, and the directory that it writes; made once, and not to be changed."""
    directory = tmp_path_factory.mktemp("analyzed") / "out"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["analyze", str(model), "--json", "-o", str(directory)])
    assert (code, err.getvalue()) == (0, "")
    return out.getvalue(), directory


def propagatable(arguments):
    """With all that propagation needs to know."""
    arguments["metadata"] |= {"llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.dimension_count": HEAD}
    return arguments


def test_the_summary_fits_a_screen(run, model):
    code, out, err = run(model)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 44  # nothing is cut: reasons and curves with their ends take lines of their own
    assert lines[0] == "model.gguf"
    assert lines[1].startswith("a small language model · ")
    assert SHORT_STATEMENT in out
    assert "structural risk index (heuristic)" in out
    assert re.search(r"H1 +confounded +W_v sparsity bimodal +gap 0\.02\d+ \(study: holds\)", out)
    assert re.search(r"H3 +holds +W_v norm grows +\+\d+\.\d %", out)
    assert "the behaviour they are said to cause is not tested" in out
    assert "! value sparsity" in out
    assert re.search(
        r"^preset propagation$(?:\n.+){2}\n +layers 0-15 +lowest +highest\nrisk +\S{16} +\d+ +\d+$", out, re.M
    )
    assert re.search(r"^riskiest layers +15 \(\d+\.\d\), \d+ \(\d+\.\d\), \d+ \(\d+\.\d\)$", out, re.MULTILINE)
    found = gs.analyze(model)
    tau = found.document.agreement[0].tau
    assert f"order of layers  Kendall's tau {tau:+.2f} with heuristic" in lines
    apart = np.abs(found.presets["propagation"]["rank"] - found.layers["rank"])
    (named,) = re.findall(r"differs most on +layer (\d+)", out)
    assert apart[int(named)] == apart.max() > 0


def test_the_other_preset_alone(run, model):
    out = run(model, "--preset", "propagation")[1]
    assert "preset propagation, 0 to 100 in this file" in out
    assert SHORT_STATEMENT in out
    assert "heuristic, 0" not in out
    assert "Kendall" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"^   15 .*(amplification|dominance|entropy|sparsity) \d+", out, re.MULTILINE)


def test_a_preset_that_does_not_apply_says_why(run, write_gguf):
    lines = run(write_gguf(**language_model(8)))[1].splitlines()
    place = lines.index("preset propagation is not available")
    assert lines[place + 1] == "the metadata have no usable llama.attention.layer_norm_rms_epsilon"


def test_a_flat_index_names_no_layers(run, write_gguf):
    out = run(write_gguf(**propagatable(language_model(8, identical=True))))[1]
    assert "points from" not in out
    assert "! the index is flat: no layer stands out" in out


def test_ascii_is_enough(run, model, monkeypatch):
    monkeypatch.setattr(
        "ggufscope.terminal.console.Glyphs.of",
        lambda _: __import__("ggufscope.text.numbers", fromlist=["Glyphs"]).Glyphs(blocks=False),
    )
    assert run(model)[1].isascii()


def test_many_layers_are_shown_by_their_peaks():
    assert peaks([1.0, 2.0, None, 8.0], 10) == [1.0, 2.0, None, 8.0]
    assert peaks([1.0, 2.0, None, 8.0, 3.0, 4.0], 3) == [2.0, 8.0, 4.0]
    assert peaks([], 5) == []
    assert peaks([1.0], 0) == []


def test_a_model_under_the_name_of_the_profile_is_no_output(run, model, tmp_path):
    (tmp_path / "profile.json").write_bytes(model.read_bytes())
    code, out, err = run(tmp_path / "profile.json", "-o", tmp_path)
    assert (code, out) == (2, "")
    assert "profile.json is an input" in err
    assert [path.name for path in tmp_path.iterdir() if path != model] == ["profile.json"]


def test_json_stands_alone_and_equals_the_file(analyzed):
    out, directory = analyzed
    assert json.loads(out) == json.loads((directory / "analysis-report.json").read_text())


def test_files_of_the_output_directory(run, model, analyzed, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(analyzed[1], out)
    names = {path.name for path in out.iterdir()}
    assert names == {"analysis-report.json", "charts", "profile.json", "report.html", "report.md"}
    assert gs.Profile.load(out / "profile.json").model.identity == gs.Analysis.load(out).document.model.identity
    (out / "mine.txt").write_text("mine")
    assert run(model, "-o", out)[0] == 0
    assert (out / "mine.txt").read_text() == "mine"


def test_weights_from_a_file(run, model, tmp_path):
    (tmp_path / "w.toml").write_text("[weights]\nentropy = 1\n")
    document = json.loads(run(model, "--json", "--weights", tmp_path / "w.toml")[1])
    assert document["preset"]["weights"] == {"attention_entropy": 1.0}


def test_profiles_of_either_kind(run, model, tmp_path):
    gs.profile(model).save(tmp_path / "p.json")
    (tmp_path / "old.json").write_text(json.dumps(phase1_document()))
    assert "from a saved profile" in " ".join(run(tmp_path / "p.json")[1].split())
    assert "from a Phase 1 profile" in run(tmp_path / "old.json")[1]


def markdown_tables_are_even(text):
    """Every row of every table has as many cells as its header."""
    width = None
    for line in text.splitlines():
        if not line.startswith("|"):
            width = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        width = cells if width is None else width
        if cells != width:
            return False
    return True


def test_the_report_says_what_it_must(model, analyzed):
    text = (analyzed[1] / "report.md").read_text()
    assert markdown_tables_are_even(text)
    assert escape_markdown(STATEMENT) in text
    assert escape_markdown(PREMISES_ONLY) in text
    assert text.count("untested") == 6
    assert "the study's own rule" in text
    assert "partial η²" in text
    assert "components are independent" in text
    found = gs.analyze(model)
    for preset in found.presets:
        assert f"#### Scores, preset {preset}" in text
    for name in PRESETS["heuristic"].compute(PresetInput(make_table(2), "mean")).series:
        assert escape_markdown(score_words(name)) in text
    assert "#### Heads, preset propagation" in text
    sharpest = found.heads["head_entropy"][0].argmin()
    assert f"| 0 | {sharpest}: " in text
    assert r"| heuristic | value sparsity | Q4\_K (8), Q6\_K (8) | flagged |" in text
    assert r"nothing to confound, in heuristic: norm of W\_k, " in text
    assert "sizes of head entropies are not credible" in text
    for section in (
        "Hypotheses",
        "Risk index",
        "The quantizer",
        "Invariant products",
        "What does not apply",
        "Settings",
    ):
        assert re.search(f"^##+ {section}", text, re.MULTILINE)


def test_every_output_has_the_wording(model, analyzed):
    document = json.loads(analyzed[0])
    assert document["statement"] == STATEMENT
    assert document["verdicts_are"] == PREMISES_ONLY
    assert all(finding["statement"].endswith("untested") for finding in document["hypotheses"])
    html = gs.analyze(model)._repr_html_()
    assert STATEMENT in html
    assert PREMISES_ONLY in html


@pytest.fixture
def hostile(write_gguf):
    arguments = language_model(6)
    arguments["metadata"]["general.name"] = HOSTILE
    return write_gguf(**propagatable(arguments))


def test_text_from_a_file_is_text_everywhere(run, hostile, tmp_path):
    code, out, _ = run(hostile, "-o", tmp_path)
    assert code == 0
    assert "\x1b" not in out
    markdown = (tmp_path / "report.md").read_text()
    for text in (markdown, gs.analyze(hostile)._repr_html_(), gs.profile(hostile)._repr_html_()):
        assert "<script>" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    title = next(line for line in markdown.splitlines() if line.startswith("# "))
    assert r"a\|b&lt;/td&gt;" in title
    assert r"\[y\](http\:&#8203;//z)" in title
    assert markdown_tables_are_even(markdown)


def test_a_phase_1_name_is_text_too(run, tmp_path):
    document = phase1_document() | {"modelName": HOSTILE, "quantizationType": "<b>"}
    (tmp_path / "old.json").write_text(json.dumps(document))
    assert run(tmp_path / "old.json", "-o", tmp_path)[0] == 0
    markdown = (tmp_path / "report.md").read_text()
    assert "<script>" not in markdown
    assert "<b>" not in markdown


def test_a_profile_shows_itself_in_a_notebook(model):
    html = gs.profile(model)._repr_html_()
    assert html.count("<tr>") == 1 + len(gs.profile(model).roles)
    assert "attn_v" in html


def test_an_analysis_shows_itself_in_a_notebook(model):
    found = gs.analyze(model)
    html = found._repr_html_()
    assert html.count("<tr>") == (1 + 6) + (1 + 16)
    assert "<th>risk, heuristic</th>" in html
    assert "<th>risk, propagation</th>" in html
    for preset in found.presets.values():
        assert f"<td>{preset['risk'][15]:.1f}</td>" in html
    assert all(f"<li>{escape_html(in_words(warning))}</li>" in html for warning in found.warnings)
    assert all(f">{escape_html(in_words(finding.why))}</td>" in html for finding in found.hypotheses.values())


def test_a_flat_score_is_not_said_to_weigh(run, write_gguf):
    growth = 1 + np.linspace(0, 1, 8)
    out = run(write_gguf(**language_model(8, identical=True, gain_sizes={"ffn_norm": growth})))[1]
    assert "value_sparsity weighs" not in out
    assert "FFN dominance weighs 100 % in effect: it alone decides the order of layers" in out
    assert "norm amplification: equal to FFN dominance, counted once" in out
    flat = run(write_gguf(**language_model(8, identical=True), name="flat.gguf"))[1]
    assert "in effect" not in flat
