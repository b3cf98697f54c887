"""The terminal view of a profile."""

import io
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.checks import RULES
from ggufscope.profiles.health import Health
from ggufscope.profiles.rows import flat
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.profile import render_head, render_profile
from ggufscope.terminal.progress import progress_bar
from ggufscope.terminal.tensors import DEFAULT_COLUMNS, render_tensors
from ggufscope.text.glyphs import Glyphs, condensed
from ggufscope.text.numbers import aligned, percent, rate, short
from support import small_models


@pytest.fixture
def profile_of(write_gguf):
    return lambda model, **options: gs.profile(write_gguf(**model), **options)


def rendered(render, width=80, encoding="utf-8", terminal=False):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    console = Console(
        file=stream, width=width, highlight=False, emoji=False, markup=False, force_terminal=terminal, color_system=None
    )
    render(TerminalScreen(console))
    return raw.getvalue().decode(encoding)


def view(profile, **options):
    return rendered(lambda console: render_profile(console, profile), **options)


def test_a_bar_is_as_long_as_its_value():
    glyphs = Glyphs(blocks=True)
    assert [glyphs.bar(value, 1.0, 4) for value in (1.0, 0.5, 0.53125, 0.001, 0.0)] == [
        "████",
        "██  ",
        "██▏ ",
        "▏   ",
        "    ",
    ]
    assert [glyphs.bar(value, 1.0, 4) for value in (None, -1.0, 3.0)] == ["    ", "    ", "████"]
    assert Glyphs(blocks=False).bar(0.5, 1.0, 4) == "##  "


def test_a_curve_runs_from_low_to_high_but_keeps_noise_low():
    glyphs = Glyphs(blocks=True)
    assert glyphs.curve([1.0, 2.0, None, 8.0]) == "▁▂ █"
    assert glyphs.curve([100.0, 101.0, 100.5]) == "▁▂▁"
    assert glyphs.curve([0.0, 0.0]) == "▁▁"
    assert glyphs.curve([None, None]) == ""
    assert glyphs.curve([]) == ""


def test_more_layers_than_cells_are_merged():
    assert condensed([(4.0, 1.0), (16.0, 1.0)], 4) == [2.0, 4.0]
    assert condensed([(4.0, 1.0), (12.0, 3.0), None, None, (9.0, 1.0), None], 3) == [2.0, None, 3.0]
    assert condensed([], 5) == []


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 1e-45, 3.4e38, -3.4e38, 99999.5, 0.00009999, 123456.0, 1e-4])
def test_a_number_fits_its_cell(value):
    assert len(short(value)) <= 8
    assert float(short(value)) == pytest.approx(value, rel=0.05)
    for text, number in zip(aligned([value, 1.0], "-"), (value, 1.0), strict=True):
        assert len(text) <= 8
        assert float(text) == pytest.approx(number, rel=0.05)


def test_almost_everything_is_not_everything():
    assert percent(1.0) == "100"
    assert percent(0.99999) == "99.999"
    assert percent(1e-9) == "1e-07"


def test_rates_have_a_prefix():
    assert rate(8.03e9, "param") == "8.03 Gparam/s"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize(
    "model",
    [
        small_models.llama(),
        small_models.mixture(),
        small_models.fused_qkv(),
        small_models.unknown_architecture(),
        small_models.ridden(),
        {"tensors": {}},
        {"tensors": {"x": np.array([1e38], np.float32)}},
        {"tensors": {"blk.0.attn_q.weight": np.zeros((0, 32), np.float32)}},
    ],
)
def test_the_view_stays_within_its_width(profile_of, model, width, encoding):
    text = view(profile_of(model), width=width, encoding=encoding)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [40, 50, 60, 80])
def test_no_number_of_a_roll_up_is_cut(profile_of, width):
    text = view(profile_of(small_models.llama()), width=width)
    tables = text[text.index("layer ") :].splitlines()
    rows = [line for line in tables if line.split()[:1] in (["0"], ["all"], ["vectors"], ["attn_q"], ["attn_norm"])]
    assert len(rows) >= 5
    assert not [row for row in rows if "…" in row]


def test_the_headline_comes_first(profile_of):
    lines = view(profile_of(small_models.llama())).splitlines()
    assert lines[0].strip() == "model.gguf · 104 kB"
    assert lines[1].strip() == "a small llama · llama · 25 696 parameters · 32.00 bits per weight"
    assert lines[2].startswith("types    3 layers · 23 tensors: F32 23")
    assert lines[3].startswith("scanned  100 % in ")
    asked = f"8 of {len(RULES)} rules; `check` asks all"
    assert lines[4].strip() == f"verdict  sound as far as statistics tell ({asked})"
    assert lines[5].strip() == "health   every weight is a finite number, no tensor is all zeros"


def test_a_name_without_end_is_cut(profile_of):
    described = small_models.llama() | {"metadata": {"general.name": "x" * 10_000}}
    assert "".join(view(profile_of(described)).split()).startswith("model.gguf·114kB" + "x" * 199 + "…·llama")


def test_one_is_not_plural(profile_of):
    lines = view(profile_of({"tensors": {"blk.0.attn_q.weight": np.ones((1, 1), np.float32)}})).splitlines()
    assert lines[1].startswith("llama · 1 parameter · ")
    assert lines[2].strip() == "types    1 layer · 1 tensor: F32 1"


def test_layers_and_roles_are_rows(profile_of):
    profile = profile_of(small_models.llama())
    lines = view(profile).splitlines()
    labels = [line.split()[0] for line in lines if line.strip()]
    start = labels.index("layer")
    assert labels[start + 1 : start + 8] == ["0", "1", "2", "early", "middle", "late", "all"]
    assert set(labels) >= set(profile.roles)
    row = next(line for line in lines if line.strip().startswith("attn_v "))
    assert f"{profile.roles['attn_v'].rms:.3f}"[:4] in row
    assert "█" in next(line for line in lines if line.strip().startswith("0 "))


def test_highest_is_of_the_matrices_of_a_layer(profile_of):
    model = small_models.llama()
    model["tensors"]["blk.1.attn_norm.weight"][0] = 1e4  # a gain: not a matrix
    profile = profile_of(model)
    kurtosis = max(row.kurtosis for row in profile.tensors.values() if row.layer == 1 and len(row.shape) == 2)
    assert profile.layers[1].kurtosis > 10 * kurtosis
    line = next(line for line in view(profile).splitlines() if line.strip().startswith("1 "))
    assert f"{kurtosis:.2f}" in line


def test_a_synthetic_model_is_called_one(profile_of):
    model = small_models.llama()
    assert "SYNTHETIC" not in view(profile_of(model))
    model["metadata"]["ggufscope.synthetic"] = True
    assert "SYNTHETIC" in view(profile_of(model)).splitlines()[2]


def test_what_is_wrong_is_said(profile_of):
    profile = profile_of(small_models.ridden())
    text = view(profile, width=120)
    assert "every weight is a finite number" not in text
    assert "133 NaN and 2 Inf in 2 tensors: blk.0.attn_q.weight, blk.0.attn_k.weight" in text
    assert "all zeros: 1 tensor: blk.0.attn_v.weight" in text
    assert "all values equal: 1 tensor: blk.0.attn_norm.weight" in text
    assert not Health.of(profile).sound
    assert f"verdict  not sound: 4 errors (8 of {len(RULES)} rules" in text


def test_missing_coverage_is_said(profile_of):
    profile = replace(profile_of(small_models.llama()), coverage=0.99999)
    assert "only 99.999 % of the elements were scanned" in view(profile)
    assert not Health.of(profile).sound


def test_a_long_list_of_tensors_is_cut(profile_of):
    tensors = {f"blk.{layer}.attn_q.weight": np.zeros((2, 32), np.float32) for layer in range(9)}
    assert "9 tensors: blk.0.attn_q.weight, blk.1.attn_q.weight, blk.2.attn_q.weight and 6 more" in view(
        profile_of({"tensors": tensors}), width=140
    )


def test_experts_have_a_line_per_role(profile_of):
    profile = profile_of(small_models.mixture())
    text = view(profile)
    line = text[text.index("experts of") :].splitlines()[1]
    rms = [row.rms for row in profile.experts.values()]
    assert line.split()[:4] == ["ffn_gate_exps", "4", short(min(rms)), short(max(rms))]
    assert len(line.split()[4]) == 4


def test_fast_profiles_have_no_column_of_outliers(profile_of):
    text = view(profile_of(small_models.llama(), fast=True))
    assert "6σ" not in text
    assert "fast" in text


def test_a_stream_without_block_elements_gets_ascii(profile_of):
    profile = profile_of(small_models.llama())
    text = view(profile, encoding="ascii")
    assert text.isascii()
    assert "####" in text


def test_names_from_a_file_cannot_steer_the_terminal(profile_of):
    model = small_models.llama()
    model["metadata"]["general.name"] = "evil\x1b[2J\x07[red]"
    model["tensors"]["blk.0.x\x1b[31m.weight"] = np.zeros((2, 32), np.float32)
    profile = profile_of(model)
    for text in (
        view(profile),
        rendered(lambda console: render_tensors(console, [flat(r) for r in profile.tensors.values()], ["name"], False)),
    ):
        assert "\x1b" not in text
        assert "\\x1b" in text
    assert "[red]" in view(profile)


def test_the_table_of_tensors(profile_of):
    profile = profile_of(small_models.llama())
    rows = [flat(row) for row in profile.tensors.values()]
    text = rendered(lambda console: render_tensors(console, rows, DEFAULT_COLUMNS, False), width=140)
    lines = text.splitlines()
    assert lines[1].split() == list(DEFAULT_COLUMNS)
    assert len(lines) == 2 + len(rows)
    assert "64 × 32" in text
    assert "█" in text
    narrow = rendered(lambda console: render_tensors(console, rows, DEFAULT_COLUMNS, False), width=50)
    assert "█" not in narrow
    assert all(row["name"] in narrow for row in rows), "into a pipe nothing is cut"


def test_a_loaded_profile_looks_the_same(profile_of, tmp_path):
    profile = profile_of(small_models.llama())
    profile.save(tmp_path / "p.json")
    assert view(gs.Profile.load(tmp_path / "p.json")) == view(profile)


def test_a_profile_without_run_has_a_headline(profile_of):
    profile = replace(profile_of(small_models.llama()), run=None)
    text = rendered(lambda console: render_head(console, profile))
    assert "scanned  100 %" in text


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_progress_is_silent_without_a_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("profiling") as progress:
        assert progress is None
    assert stream.getvalue() == ""


def test_progress_shows_bytes_rate_and_time(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress_bar("pro\x1b]0;title\x07filing") as progress:
        for done in (500_000, 1_000_000, 1_500_000):
            time.sleep(0.01)
            progress(done, 3_000_000)
    text = stream.getvalue()
    assert "1.5/3.0 MB" in text
    assert "MB/s" in text
    assert "0:00:0" in text
    assert "\x1b]0;title" not in text


def test_a_label_longer_than_its_column_is_not_glued_to_its_text():
    out = io.StringIO()
    screen = TerminalScreen(Console(file=out, width=32))
    screen.fact("not in the index", "entropy, dominance and sparsity", width=3)
    assert out.getvalue() == "not in the index entropy,\n                 dominance and\n                 sparsity\n"
