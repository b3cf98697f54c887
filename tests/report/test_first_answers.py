"""The answers that a report begins with: the mix of types, the verdict of check, the most extreme matrices."""

from __future__ import annotations

import numpy as np

import ggufscope as gs
from ggufscope.report.content.extremes import extremes
from ggufscope.report.content.mix import mix_sentence
from ggufscope.report.content.reading import read_report_data
from ggufscope.report.content.results import ReportData
from ggufscope.report.content.shown import Shown
from ggufscope.report.markdown.document import render_report_markdown
from support.report_models import HOSTILE, decoder, hostile
from support.report_texts import shown


def test_the_mix_says_which_roles_have_other_types(write_gguf):
    profile = gs.profile(write_gguf(**decoder(8)))
    assert shown(mix_sentence(profile, None)) == (
        "No type declared: most matrices are Q8_0; Q4_0 (fewer bits): attn_v in 4 of 8 layers, attn_output in all 8"
        " layers; F32 (more bits): token_embd."
    )


def test_the_mix_says_why_rows_that_do_not_fit_have_another_type(write_gguf):
    profile = gs.profile(write_gguf(**decoder(8)))  # rows of 64
    assert "Q8_0 stands for Q6_K" in shown(mix_sentence(profile, "Q6_K"))


def test_a_model_of_one_type(write_gguf):
    profile = gs.profile(write_gguf(tensors={f"blk.{n}.attn_q.weight": np.ones((4, 32), np.float32) for n in (0, 1)}))
    assert shown(mix_sentence(profile, "F32")) == "Declared F32: every matrix is F32."


def test_the_extremes_are_those_of_the_tensors(write_gguf):
    profile = gs.profile(write_gguf(**hostile()))
    (panel,) = extremes(Shown(ReportData.of(profile)))
    matrices = [row for row in profile.tensors.values() if row.is_matrix]
    found = {shown(row[0]): shown(row[1]) for row in panel.blocks[0].rows}
    for field, label in {"abs_max": "largest weight", "rms": "largest rms", "kurtosis": "heaviest tails"}.items():
        known = [row for row in matrices if row.get(field) is not None]
        most = max(known, key=lambda row: row.get(field))
        assert found[label] in {shown(most.name.removesuffix(".weight")), shown(HOSTILE)}


def test_the_verdict_of_a_check_beside_the_profile_is_shown(write_gguf, tmp_path):
    path = write_gguf(**decoder(2))
    gs.profile(path).save(tmp_path / "profile.json")
    check = gs.check(path)
    of_statistics = render_report_markdown(Shown(read_report_data(tmp_path)))
    assert f" of {len(check.document.rules)} rules; `check` asks all" in of_statistics
    check.save(tmp_path / "check.json")
    data = read_report_data(tmp_path / "profile.json")
    assert data.check == check
    text = render_report_markdown(Shown(data))
    assert f"({len(check.document.rules)} rules of `check`)" in text
    assert "asks all" not in text


def test_a_check_of_another_model_is_not_shown(write_gguf, tmp_path):
    gs.profile(write_gguf(**decoder(2))).save(tmp_path / "profile.json")
    gs.check(write_gguf(**decoder(2, seed=1))).save(tmp_path / "check.json")
    data = read_report_data(tmp_path)
    assert data.check is None
    assert data.why_no_check == "the check.json beside the profile is of another model"
    assert "of another model" in render_report_markdown(Shown(data))


def test_a_check_of_a_file_that_cannot_be_read_is_not_shown(write_gguf, tmp_path):
    path = write_gguf(**decoder(2))
    gs.profile(path).save(tmp_path / "profile.json")
    (tmp_path / "broken.gguf").write_bytes(path.read_bytes()[:100])
    check = gs.check(tmp_path / "broken.gguf")
    assert check.document.model is None
    check.save(tmp_path / "check.json")
    data = read_report_data(tmp_path)
    assert data.check is None
    assert data.why_no_check == "whether the check.json beside the profile is of the same model cannot be told"


def test_a_verdict_that_is_bad_names_what_is_wrong(write_gguf, tmp_path):
    model = decoder(2)
    model["tensors"]["blk.1.ffn_norm.weight"] = np.full(64, np.nan, np.float32)
    path = write_gguf(**model)
    gs.profile(path).save(tmp_path / "profile.json")
    gs.check(path).save(tmp_path / "check.json")
    text = render_report_markdown(Shown(read_report_data(tmp_path)))
    assert "not sound: 1 error" in text
    assert "NaN and 0 Inf in 1 tensor" in text
