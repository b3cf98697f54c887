"""Every chart on every model a report has to cope with: it is drawn, or why not is said, and it says what is so."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.report.charts import THEMES, left_out, png, svg, themed, vega_script
from ggufscope.report.charts import draw_apart as draw
from ggufscope.report.charts.registry import LARGEST_TABLE, MODULES, makers
from ggufscope.report.content.results import ReportData
from support.report_models import HOSTILE, MODELS, NO_LAYERS, analysis_alone, profile_alone, results
from support.small_models import readable
from support.specifications import strings

altair = pytest.importorskip("altair", reason="charts need the extra report")

MARK = re.compile(r"role-mark[^>]*><(?:path|text)|role-mark[^>]*><g")


@pytest.fixture(params=MODELS)
def data(request, write_gguf):
    return results(request.param, write_gguf)


@pytest.fixture
def usual(write_gguf):
    return results("usual", write_gguf)


def by_name(data):
    return {entry.name: entry for entry in draw(data).charts}


def every_specification(data):
    for entry in draw(data).charts:
        for specification in filter(None, (entry.specification, entry.still)):
            yield entry, specification


def test_every_chart_is_drawn_or_its_absence_explained(data):
    drawn = draw(data)
    assert set(drawn.left_out) <= set(makers())
    # Of models that were not run and are held against none, and where perhaps nothing stands out.
    others = (
        "validation-",
        "error-",
        "bits-",
        "run-",
        "norm-changes",
        "shelf-",
        "standouts",
        "trace-",
        "embedding-",
        "spectra",
    )
    asked = [name for name in makers() if not name.startswith(others)]
    assert len(drawn.charts) + len(drawn.left_out) >= len(asked)
    assert all(reason and reason == reason.strip() for reason in drawn.left_out.values())
    names = [entry.name for entry in drawn.charts]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


def test_a_usual_model_has_them_all(usual):
    assert left_out(usual) == {}
    assert list(by_name(usual)) == [
        "risk-heuristic", "risk-propagation", "rank-heuristic", "rank-propagation",
        "attention-entropy", "attention-entropy-predicted", "ffn-dominance", "ffn-dominance-predicted",
        "value-norm", "value-sparsity", "information-retention", "norm-gains", "stream-predicted",
        "activations", "head-entropy", "head-baseline",
        "tensor-map", "magnitudes", "type-map", "sizes", "embedding-rows",
    ]  # fmt: skip


def test_every_module_of_charts_is_listed():
    assert len(MODULES) == len(set(MODULES))
    assert {function.__module__.rpartition(".")[2] for function in makers().values()} == set(MODULES)


def test_words_are_there_and_end(data):
    for entry in draw(data).charts:
        assert entry.title
        assert not entry.title.endswith(".")
        for text in (entry.sentence, entry.definition, entry.alt):
            assert text.endswith((".", "points."))
            assert not re.search(r"\b(?:None|nan)\b|\bundefined \(|  |\.\.", text), text
        assert entry.alt != entry.sentence


def test_specifications_are_vega_lite_of_their_own_data(data):
    for _, specification in every_specification(data):
        datasets = specification["datasets"]
        assert list(datasets) in (["rows"], [f"rows_{number + 1}" for number in range(len(datasets))])  # one a panel
        few = {name: rows[:5] for name, rows in datasets.items()}  # all would take long, and are plain values
        altair.Chart.from_dict(specification | {"datasets": few}, validate=True)
        rows = [row for each in datasets.values() for row in each]
        assert {type(value) for row in rows for value in row.values()} <= {str, int, float, type(None)}
        assert all(re.fullmatch("[a-z_]+", field) for row in rows for field in row)
        assert "url" not in json.dumps({key: value for key, value in specification.items() if key != "datasets"})


def test_pictures_are_not_empty(data):
    for entry in draw(data).charts:
        picture = svg(entry, "light")
        assert picture.startswith("<svg")
        assert MARK.search(picture), entry.name
        assert "NaN" not in picture
        assert "<script" not in picture.lower()


def test_the_same_results_make_the_same_pictures(usual):
    for entry, again in zip(draw(usual).charts, draw(usual).charts, strict=True):
        assert entry == again
        assert svg(entry, "light") == svg(again, "light")


def test_vega_lite_has_nothing_to_warn_of(data, capfd):
    vl_convert = pytest.importorskip("vl_convert", reason="charts need the extra report")
    for entry in draw(data).charts:
        vl_convert.vegalite_to_vega(themed(entry, "light"), vl_version="6.4", show_warnings=True)
        assert capfd.readouterr() == ("", ""), entry.name


def test_a_picture_has_the_width_asked_for(usual):
    for entry in draw(usual).charts:
        for width in (720, 360):
            found = float(re.match(r'<svg[^>]* width="([\d.]+)"', svg(entry, "light", width))[1])
            assert width - 24 <= found <= width + 24, entry.name


def test_png_is_an_image_and_always_the_same(usual):
    entry = by_name(usual)["risk-heuristic"]
    image = png(svg(entry, "dark"))
    assert image.startswith(b"\x89PNG\r\n")
    assert image == png(svg(entry, "dark"))
    assert image != png(svg(entry, "light"))
    assert int.from_bytes(image[16:20]) == 2 * 720


def test_a_theme_colours_and_changes_nothing_else(usual):
    for entry in draw(usual).charts:
        light, dark = (themed(entry, theme) for theme in THEMES)
        assert light.pop("config") != dark.pop("config")
        assert light == dark == entry.specification
        assert svg(entry, "light") != svg(entry, "dark")
        assert "#" not in json.dumps({key: value for key, value in light.items() if key != "datasets"})
    with pytest.raises(ValueError, match="theme must be one of light, dark"):
        svg(entry, "pink")


def test_text_on_either_background_can_be_read():
    """WCAG 2: 4.5 to 1 for text, 3 to 1 for marks."""
    for look in THEMES.values():
        assert contrast(look.text, look.background) > 7
        assert contrast(look.muted, look.background) > 4.5
        assert all(contrast(colour, look.background) >= 2.1 for colour in look.category)
        assert contrast(look.curve, look.background) > 3


def contrast(first, second):
    lights = sorted(luminance(colour) + 0.05 for colour in (first, second))
    return lights[1] / lights[0]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_names_from_a_file_are_data_and_nothing_else(write_gguf):
    data = results("hostile names", write_gguf)
    seen = 0
    for entry, specification in every_specification(data):
        for text, path in strings(specification):
            assert text.isprintable()
            if "onerror" in text or "a.b[0]" in text:
                seen += 1
                assert path[0] == "datasets" or path[-2:] in {("domain", "[]"), ("sort", "[]")}, path
        picture = svg(entry, "light")
        assert "<img" not in picture
        assert "\x1b" not in picture
        assert "\u202e" not in picture
    assert seen > 5
    assert HOSTILE in {row[1] for row in by_name(data)["tensor-map"].table.rows}


def test_names_of_emoji_are_cut_nowhere_within_a_character(write_gguf):
    model = readable()
    long, short = "a" + 16 * "\N{LLAMA}", "\N{LLAMA}"
    model["tensors"] |= {f"blk.0.{name}": np.ones((4, 32), np.float32) for name in (long, short)}
    charts = draw(ReportData.of(gs.profile(write_gguf(**model)))).charts
    pictures = [svg(each, "light") for each in charts]
    assert any("a\\U0001f999" in picture for picture in pictures)
    assert any(f">{short}<" in picture for picture in pictures)


def test_a_name_of_a_preset_makes_no_path(usual):
    document = usual.analysis.document
    names = ("../../etc/passwd", "../../etc/passwd", "<b>", "")
    presets = [replace(document.preset, name=name) for name in names]
    hostile = gs.Analysis(replace(document, preset=presets[0], other_presets=presets[1:]))
    drawn = draw(replace(usual, analysis=hostile)).charts
    found = [entry.name for entry in drawn]
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in found)
    assert len(set(found)) == len(found)


def test_words_of_a_saved_analysis_are_drawn_without_invisible_characters(usual):
    document = usual.analysis.document
    with_thirds = next(preset for preset in (document.preset, *document.other_presets) if preset.thirds)
    thirds = [replace(third, third=f"{third.third}\x1b\x00\u202e\ufffe") for third in with_thirds.thirds]
    hostile = gs.Analysis(replace(document, preset=replace(with_thirds, thirds=thirds), other_presets=[]))
    chart = by_name(replace(usual, analysis=hostile))["activations"]
    assert "early\\x1b\\x00\\u202e\\ufffe" in svg(chart, "light")
    assert png(svg(chart, "light")).startswith(b"\x89PNG")
    assert all(text.isprintable() for text, _ in strings(themed(chart, "dark")))


def test_without_its_profile_an_analysis_still_shows_the_layers(write_gguf):
    drawn = draw(analysis_alone("usual", write_gguf))
    assert {entry.name for entry in drawn.charts} >= {"risk-heuristic", "activations", "value-sparsity"}
    assert drawn.left_out == dict.fromkeys(("tensor-map", "magnitudes", "type-map", "sizes"), "it was moved")


def test_a_profile_alone_shows_the_tensors(write_gguf):
    drawn = draw(profile_alone("usual", write_gguf))
    assert [entry.name for entry in drawn.charts] == ["tensor-map", "magnitudes", "type-map", "sizes"]
    assert "only a profile was given" in drawn.left_out["risk"]


def test_without_layers_sizes_and_magnitudes_remain(write_gguf):
    for name in NO_LAYERS[1:3]:
        drawn = draw(results(name, write_gguf))
        assert [entry.name for entry in drawn.charts] == ["magnitudes", "sizes"]
        assert drawn.left_out["tensor-map"] == "no matrix belongs to a layer"
    assert draw(results("no tensor", write_gguf)).left_out["sizes"] == "the model has no weights"
    assert draw(results("zeros", write_gguf)).left_out["magnitudes"] == "every weight is 0"


def test_sizes_that_are_all_zero_have_no_place_on_a_logarithmic_axis(write_gguf):
    arguments = readable()
    zero = {name: np.zeros_like(tensor) for name, tensor in arguments["tensors"].items()}
    drawn = draw(ReportData.of(gs.analyze(write_gguf(**arguments | {"tensors": zero}), threads=2)))
    assert "every value is 0" in {drawn.left_out[name] for name in drawn.left_out.keys() - {"magnitudes"}}


def test_a_fast_profile_says_what_it_lacks(write_gguf):
    profile = gs.profile(write_gguf(**MODELS["usual"]), fast=True)
    drawn = draw(replace(results("usual", write_gguf), profile=profile))
    assert drawn.left_out == {"magnitudes": "a fast profile has no histograms"}
    (entry,) = (entry for entry in drawn.charts if entry.name == "tensor-map")
    assert "entropy of the codes" not in entry.sentence


def test_an_analysis_of_a_profile_lacks_what_needs_the_model(write_gguf, tmp_path):
    results("usual", write_gguf).profile.save(tmp_path / "p.json")
    found = gs.analyze(tmp_path / "p.json")
    missing = draw(replace(results("usual", write_gguf), analysis=found)).left_out
    assert set(missing) == {
        "attention-entropy-predicted", "ffn-dominance-predicted", "stream-predicted", "activations", "heads",
    }  # fmt: skip
    assert all("the model itself" in reason for reason in missing.values())


def test_a_probe_is_not_called_a_prediction(stories260k):
    drawn = draw(ReportData.of(gs.analyze(stories260k, probe=32)))
    assert set(drawn.left_out) == {"activations"}
    found = {entry.name: entry for entry in drawn.charts}
    assert {"attention-entropy-probed", "ffn-dominance-probed", "stream-probed", "risk-probe"} <= set(found)
    for name in ("attention-entropy-probed", "ffn-dominance-probed", "stream-probed", "head-entropy"):
        assert found[name].title.endswith("measured on a probe")
        assert "ropagat" not in found[name].definition + found[name].sentence + found[name].alt
        assert "{" not in found[name].title + found[name].definition


def test_an_endless_table_is_not_drawn(usual):
    document = usual.analysis.document
    many = [[0.5] * (LARGEST_TABLE // 8 + 1)] * 8
    other = replace(document.other_presets[0], per_head={"head_entropy": many})
    found = draw(replace(usual, analysis=gs.Analysis(replace(document, other_presets=[other]))))
    assert found.left_out["heads"] == f"{8 * len(many[0])} rows are too many to draw"


def test_tables_that_do_not_fit_the_layers_are_not_drawn(usual):
    document = usual.analysis.document
    other = replace(document.other_presets[0], per_head={"head_entropy": [[0.5, 0.6]]}, thirds=[])
    found = draw(replace(usual, analysis=gs.Analysis(replace(document, other_presets=[other]))))
    assert {"heads", "activations"} <= set(found.left_out)


def test_pages_stay_small(write_gguf):
    for name in ("126 layers", "128 experts, a tensor each"):
        text = json.dumps([entry.specification for entry in draw(results(name, write_gguf)).charts])
        assert len(text) < 2_000_000
    assert 500_000 < len(vega_script()) < 1_500_000
    assert "</script" not in vega_script()
