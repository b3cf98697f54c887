"""Charts compute nothing: their tables and sentences are numbers of the saved files."""

from __future__ import annotations

import json
import math
import re

import pytest

import ggufscope as gs
from ggufscope.report.charts import draw_apart as draw
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from support.report_models import results

pytest.importorskip("altair", reason="charts need the extra report")

NAMES = ["usual", "one layer", "ridden with NaN", "128 experts, a tensor each", "hostile names", "one tensor"]


@pytest.fixture
def saved(write_gguf, tmp_path, request):
    """A function that saves the results of a model and reads them again: the charts, and the files as plain JSON."""

    def read(name):
        data = results(name, write_gguf)
        if data.analysis is not None:
            data.analysis.save(tmp_path)
        else:
            data.profile.save(tmp_path / "profile.json")
        files = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
        charts = {entry.name: entry for entry in draw(read_report_data(tmp_path)).charts}
        return charts, files.get("analysis-report"), files["profile"]

    return read


def numbers_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from numbers_in(entry)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def column(chart, name):
    position = [entry.name for entry in chart.table.columns].index(name)
    return [row[position] for row in chart.table.rows]


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_table_stands_in_a_file(saved, name):
    charts, analysis, profile = saved(name)
    known = {float(value) for document in (analysis, profile) if document for value in numbers_in(document)}
    for entry in charts.values():
        assert len({len(row) for row in entry.table.rows} | {len(entry.table.columns)}) == 1
        places = {i for i, column in enumerate(entry.table.columns) if column.name in {"head", "layer", "bin"}}
        for row in entry.table.rows:
            for i, value in enumerate(row):
                assert isinstance(value, (str, int, float, type(None)))
                assert i in places or isinstance(value, (str, type(None))) or float(value) in known, entry.name


TOKEN = re.compile(r"(?<![\w.…])[-−]?\d+(?: \d{3})*(?:\.\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?![\w.]*\w)")
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-", " ")
SAID = {5, 95, 100}  # "5 to 95 %", "of 100"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "hostile names"])
def test_every_number_of_a_sentence_stands_in_a_file(saved, name):
    charts, analysis, profile = saved(name)
    known = [float(value) for document in (analysis, profile) if document for value in numbers_in(document)]
    seen = 0
    for entry in charts.values():
        for token in TOKEN.findall(entry.sentence.replace("beyond 6 std", "").replace(" W_", " ")):
            mantissa, _, power = token.translate(POWERS).partition("·10")
            exponent = int(power or 0)
            value = float(mantissa) * 10.0**exponent
            digits = len(mantissa.partition(".")[2])
            half = 0.5000001 * 10.0 ** (exponent - digits)
            if "." not in token and not power and abs(value) >= 1000:
                half = 0.005 * abs(value)
            near = any(abs(scale * number - value) <= half for number in known for scale in (1, 100))
            layers = set(column(entry, "layer")) if "layer" in [c.name for c in entry.table.columns] else set()
            assert near or value in SAID or value in layers, (entry.name, token)
            seen += 1
    assert seen >= 3


def test_risk(saved):
    charts, analysis, _ = saved("usual")
    for preset in (analysis["preset"] | {"layers": analysis["layers"]}, *analysis["other_presets"]):
        risk, rank = (charts[f"{kind}-{preset['name']}"] for kind in ("risk", "rank"))
        layers = preset["layers"]
        assert column(risk, "layer") == [entry["layer"] for entry in layers]
        assert column(risk, "risk") == [entry["risk"] for entry in layers]
        for component in preset["weights"]:
            assert column(risk, f"points_{component}") == [entry["contributions"][component] for entry in layers]
        top = max(layers, key=lambda entry: entry["risk"])
        assert risk.sentence.startswith(f"Layer {top['layer']} has the highest index, {top['risk']:.1f} of 100")
        assert rank.sentence.startswith(f"Layer {top['layer']} ranks first")
        assert f"probability {top['p_first']:.2f}" in rank.sentence
        assert column(rank, "rank") == [entry["rank"] for entry in layers]
        assert column(rank, "rank_low") == [entry["rank_interval"][0] for entry in layers]
        assert column(rank, "rank_high") == [entry["rank_interval"][1] for entry in layers]


def test_a_stack_adds_up_to_its_curve(saved):
    charts, _, _ = saved("usual")
    for name in ("risk-heuristic", "risk-propagation"):
        rows = charts[name].specification["datasets"]["rows"]
        for layer in {row["layer"] for row in rows}:
            parts = sum(row["points"] for row in rows if row["layer"] == layer and "part" in row)
            (index,) = (row["value"] for row in rows if row["layer"] == layer and row.get("curve") == "index")
            assert parts == pytest.approx(index, rel=1e-8)


def test_scores_carry_the_types_they_read(saved):
    charts, analysis, _ = saved("usual")
    layers = analysis["layers"]
    dominance = charts["ffn-dominance"]
    assert column(dominance, "ffn_dominance_rms") == [entry["scores"]["ffn_dominance_rms"] for entry in layers]
    assert set(column(dominance, "types_ffn_dominance_rms")) == {"Q8_0 + F32"}
    sparsity = charts["value-sparsity"]
    assert column(sparsity, "types_value_sparsity") == [f"attn_v {entry['types']['attn_v']}" for entry in layers]
    assert column(sparsity, "expected_high") == [entry["value_zeros"]["expected_zero_fraction"][1] for entry in layers]
    entropy = charts["attention-entropy"]
    assert column(entropy, "attention_entropy") == [entry["components"]["attention_entropy"]["raw"] for entry in layers]
    assert "attn_v Q4_0" in column(entropy, "types_attention_entropy")


def test_a_confound_is_said(write_gguf):
    data = results("126 layers", write_gguf)
    (chart,) = (entry for entry in draw(data).charts if entry.name == "value-sparsity")
    outcome = next(entry for entry in data.analysis.document.confounds if entry.quantity == "value_sparsity")
    assert outcome.status == "flagged"
    assert (
        f"it follows the quantization types (partial η² {outcome.partial_eta_squared:.3g}), a confound"
        in chart.sentence
    )


def test_predictions(saved):
    charts, analysis, _ = saved("usual")
    (propagation,) = analysis["other_presets"]
    activations = charts["activations"]
    assert column(activations, "ffn_std") == [
        *(entry["values"]["ffn_std"] for entry in propagation["thirds"]),
        *(entry["scores"]["ffn_std"] for entry in propagation["layers"]),
    ]
    assert column(activations, "third")[:3] == ["early", "middle", "late"]
    heads = charts["head-entropy"]
    table = propagation["per_head"]["head_entropy"]
    assert column(heads, "head_entropy") == [value for row in table for value in row]
    ranks = propagation["per_head"]["head_entropy_rank"]
    assert column(heads, "head_entropy_rank") == [rank for row in ranks for rank in row]
    lowest = min((value, layer, head) for layer, row in enumerate(table) for head, value in enumerate(row))
    assert f"lowest in head {lowest[2]} of layer {lowest[1]} " in heads.sentence


def test_tensors(saved):
    charts, _, profile = saved("usual")
    places = {(row["layer"], row["role"]): row for row in profile["tensors"] if "layer" in row}
    rows = charts["tensor-map"].table.rows
    assert len(rows) == sum(row["kind"] == "matrix" for row in places.values())
    for layer, role, kind, rms, kurtosis, *_ in rows:
        row = places[layer, role]
        assert (kind, rms, kurtosis) == (row["type"], row["rms"], row["kurtosis"])
    types = {(layer, role): kind for layer, role, kind in charts["type-map"].table.rows}
    assert types == {place: row["type"] for place, row in places.items()}


def test_experts_with_a_tensor_each_are_one_cell(saved):
    charts, _, profile = saved("128 experts, a tensor each")
    (expected,) = (row["rms"] for row in profile["layer_roles"] if (row["layer"], row["role"]) == (1, "ffn_up_exps"))
    found = [row for row in charts["tensor-map"].table.rows if row[:2] == (1, "ffn_up_exps")]
    assert [row[3] for row in found] == [expected]
    own = [row["l2_norm"] for row in profile["tensors"] if row.get("role") == "ffn_up_exps" and row["layer"] == 1]
    n = sum(row["n_elements"] for row in profile["tensors"] if row.get("role") == "ffn_up_exps" and row["layer"] == 1)
    assert expected == pytest.approx(math.sqrt(sum(norm**2 for norm in own) / n), rel=1e-9)


def test_sizes_and_magnitudes(saved):
    charts, _, profile = saved("usual")
    assert charts["sizes"].table.rows == tuple(
        (row["role"], row["n_tensors"], row["n_elements"], row["element_share"], row["n_bytes"], row["byte_share"])
        for row in profile["model"]["sizes"]
    )
    largest = profile["model"]["sizes"][0]
    assert f"Most bytes are in {largest['role']}: {100 * largest['byte_share']:.1f} %" in charts["sizes"].sentence
    shares = [row[3] for row in charts["magnitudes"].table.rows if row[0] == "attn_q"]
    (sketch,) = (entry for entry in profile["magnitudes"] if entry["role"] == "attn_q")
    assert shares == sketch["share"]


def test_a_trained_model_loaded_draws_as_it_was_made(stories260k, tmp_path):
    made = gs.analyze(stories260k)
    made.save(tmp_path)
    fresh, loaded = draw(ReportData.of(made)), draw(read_report_data(tmp_path))
    assert fresh.left_out == loaded.left_out == {}
    for one, other in zip(fresh.charts, loaded.charts, strict=True):
        assert (one.name, one.sentence, one.alt) == (other.name, other.sentence, other.alt)
