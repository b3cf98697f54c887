"""`ggufscope profile --spectra`: singular values behind the profile, beside it in files, alone as JSON."""

from __future__ import annotations

import json
from functools import partial

import pytest

import ggufscope as gs
from support import small_models


@pytest.fixture
def model(write_gguf):
    return write_gguf(**small_models.llama())


@pytest.fixture
def run(run_command):
    return partial(run_command, "profile")


def test_singular_values_follow_the_profile(run, model):
    code, alone, _ = run(model)
    code, out, err = run(model, "--spectra")
    assert (code, err) == (0, "")
    weights, _, spectra = out.partition("\nsingular values\n")
    assert weights.count("\n") == alone.count("\n")
    assert max(map(len, out.splitlines())) <= 80
    matrices = gs.spectra(model).matrices
    assert f"{len(matrices)} matrices" in spectra
    largest = max(matrices, key=lambda each: each.sigma_max or 0.0)
    assert f"in {largest.name}" in spectra
    assert "token_embd" not in spectra


def test_all_takes_what_is_outside_the_layers(run, model):
    assert "token_embd" in run(model, "--spectra", "all")[1].partition("\nsingular values\n")[2]
    assert "token_embd" in run("--spectra", "all", model)[1].partition("\nsingular values\n")[2]
    assert "token_embd" not in run("--spectra", model)[1].partition("\nsingular values\n")[2]


@pytest.mark.parametrize(
    ("name", "beside"), [("profile.json", "spectra.json"), ("mine.json", "mine.spectra.json")], ids=["usual", "own"]
)
def test_output_is_beside_the_profile(run, run_command, model, tmp_path, name, beside):
    code, _, err = run(model, "--spectra", "-o", tmp_path / name, "--reproducible")
    assert (code, err) == (0, "")
    assert sorted(path.name for path in tmp_path.glob("*.json")) == sorted([name, beside])
    saved = gs.Spectra.load(tmp_path / beside)
    assert saved.document.run is None
    assert [each.name for each in saved.matrices] == [each.name for each in gs.spectra(model).matrices]
    shown = run_command("report", tmp_path / name)[1]
    assert "singular values" in shown
    assert run_command("report", tmp_path / beside)[1].splitlines()[0] == "model.gguf"


def test_spectra_that_cannot_be_shown_are_told(run, run_command, model, write_gguf, tmp_path):
    assert run(model, "-o", tmp_path / "profile.json")[0] == 0
    gs.spectra(write_gguf(**small_models.llama(seed=5), name="other.gguf"), draws=1).save(tmp_path / "spectra.json")
    told = run_command("report", tmp_path / "profile.json")[1]
    assert "no singular values: the spectra.json beside the profile is of another model" in told
    (tmp_path / "spectra.json").write_text('{"schema": "ggufscope.spectra/1"}', encoding="utf-8")
    code, told, err = run_command("report", tmp_path)
    assert (code, err) == (0, "")
    assert "no singular values: the spectra.json beside the profile" in " ".join(told.split())


def test_a_file_of_others_beside_the_profile_is_refused_before_any_work(run, model, tmp_path):
    (tmp_path / "spectra.json").write_text("theirs")
    code, out, err = run(model, "--spectra", "-o", tmp_path / "profile.json")
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert not (tmp_path / "profile.json").exists()
    assert (tmp_path / "spectra.json").read_text() == "theirs"


def test_json_is_the_document(run, model):
    code, out, err = run(model, "--spectra", "--json", "--reproducible")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "ggufscope.spectra/1"
    assert "run" not in document
    assert len(document["matrices"]) == len(gs.spectra(model).matrices)


@pytest.mark.parametrize("saved", [False, True], ids=["read alone", "out of the whole"])
def test_a_selection_has_its_matrices(run, model, tmp_path, saved):
    asked = ("--role", "attn_*", "--layers", "1-2", "--spectra", *(("-o", tmp_path / "profile.json") if saved else ()))
    code, out, err = run(model, *asked)
    assert (code, err) == (0, "")
    weights, _, spectra = out.partition("\nsingular values\n")
    assert "selected" in weights
    assert "attn_q" in spectra
    assert "ffn_up" not in spectra
    document = json.loads(run(model, *asked, "--json")[1])
    assert {each["layer"] for each in document["matrices"]} == {1, 2}
    header = gs.open(model)
    weights_of = sum(header.tensors[each["name"]].n_elements for each in document["matrices"])
    assert document["coverage"] == pytest.approx(weights_of / header.n_parameters)
    if saved:
        whole = gs.Spectra.load(tmp_path / "spectra.json")
        assert len(whole.matrices) == len(gs.spectra(model).matrices)


def test_a_selection_of_vectors_alone_has_none(run, model):
    code, out, _ = run(model, "--role", "attn_norm", "--spectra")
    assert code == 0
    assert "\nsingular values\n0 matrices" in out
    assert "rounding" not in out


def test_markdown_has_the_table(run, model):
    code, out, _ = run(model, "--spectra", "--md")
    assert code == 0
    (header,) = (line for line in out.splitlines() if line.startswith("| role") and "stable" in line)
    assert "largest" in header


def test_other_matrices_are_wrong_usage(run, model):
    code, out, err = run(model, "--spectra=some")
    assert (code, out) == (2, "")
    assert err == "ggufscope: spectra are of layers or of all matrices, not of 'some'\n"


def test_a_page_has_singular_values(run, model, tmp_path):
    pytest.importorskip("altair", reason="pages need the extra report")
    assert run(model, "--spectra", "--html", tmp_path / "page.html")[0] == 0
    assert "Singular values of the matrices, by layer and role" in (tmp_path / "page.html").read_text(encoding="utf-8")
