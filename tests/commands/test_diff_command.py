"""`ggufscope diff`: the view, tables, limits and exit codes, saved results, and profiles in place of models."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.report.content.diff_words import percent_text
from support.diffed_models import DAMAGED, decoded, floats, nmse, write_pair
from support.model_files import write_model

if TYPE_CHECKING:
    from support.command_line import RunCommand

MISSING, EXTRA, RESHAPED = "blk.2.attn_v.weight", "blk.2.more.weight", "blk.1.ffn_down.weight"


def one_text(out: str) -> str:
    """An output as one line of words."""
    return " ".join(out.split())


def test_the_errors_are_those_of_numpy(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    code, out, err = run_command("diff", reference, model, "--table")
    assert (code, err) == (0, "")
    errors = {name: nmse(weights, decoded("Q4_0")[name]) for name, weights in floats().items()}
    whole = nmse(*(np.concatenate([w.ravel() for w in side.values()]) for side in (floats(), decoded("Q4_0"))))
    assert f"NMSE {percent_text(whole)} % · SQNR {-10 * math.log10(whole):.1f} dB" in one_text(out)
    worst = max(errors, key=lambda name: errors[name])
    assert f"worst NMSE {percent_text(errors[worst])} % in {worst}" in one_text(out)
    rows = {line.split()[-1]: line.split() for line in out.partition("tensors: ")[2].splitlines()[2:]}
    assert {name: row[0] for name, row in rows.items()} == {name: percent_text(x) for name, x in errors.items()}
    assert "without an error: attn_norm, output_norm" in out


def test_json_of_some_tensors_says_so(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    asked = ("--role", "attn_*", "--sort", "nmse", "--top", "2")
    code, out, err = run_command("diff", reference, model, *asked, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "ggufscope.diff-tensors/1"
    assert document["selection"] == {"role": ["attn_*"], "sort": "nmse", "top": 2}
    errors = {name: nmse(weights, decoded("Q4_0")[name]) for name, weights in floats().items() if "attn_" in name}
    (rows,) = (each["tensors"] for each in document["models"])
    assert [row["name"] for row in rows] == sorted(errors, key=lambda name: -errors[name])[:2]
    assert all(row["nmse"] == pytest.approx(errors[row["name"]]) for row in rows)
    code, out, _ = run_command("diff", reference, model, "--columns", "name,shape", "--layers", "1", "--json")
    rows = json.loads(out)["models"][0]["tensors"]
    assert rows
    assert all(row.keys() == {"name", "shape"} and row["name"].startswith("blk.1.") for row in rows)


def test_where_the_error_is(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    _, out, _ = run_command("diff", reference, model)
    squares = {name: ((decoded("Q4_0")[name] - w).astype(np.float64) ** 2).sum() for name, w in floats().items()}
    most = sorted(squares, key=lambda name: -squares[name])[:10]
    assert f"10 tensors hold {100 * sum(squares[name] for name in most) / sum(squares.values()):.1f} % of it" in out
    block = out.partition("where the error is")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split()[-1] for line in block] == most
    layers = out.partition("NMSE % by layer and role")[2].partition("\n\n")[0].splitlines()[2:]
    queries = [nmse(floats()[name], decoded("Q4_0")[name]) for name in (f"blk.{x}.attn_q.weight" for x in range(3))]
    assert [line.split()[:2] for line in layers] == [[str(x), percent_text(e)] for x, e in enumerate(queries)]


def test_a_damaged_row_is_named_and_nothing_else(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "damaged")
    _, out, _ = run_command("diff", reference, model)
    text = one_text(out)
    assert f"{DAMAGED}: row 17 holds 100 % of its error" in text
    assert "1 tensor holds 100 % of it" in text
    assert "1 tensor differs" in text
    assert "without an error: layers 0,2" in text
    _, out, _ = run_command("diff", reference, model, "--tensors", DAMAGED)
    assert re.search(r"changed_rows +1\n", out)
    assert re.search(r"rows with the largest error\nrow .*\n17 ", out)
    assert re.search(r"\nq 2 +\S+ +100\n", out)


def test_equal_bytes_say_so_at_once(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "same")
    for other in (model, reference):
        code, out, _ = run_command("diff", reference, other, "--identical", "--max-nmse", "0")
        assert code == 0
        assert "the same bytes: all 24 tensors and the metadata" in one_text(out)
        assert "NMSE %" not in out


def test_what_cannot_be_compared_is_named(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "unlike")
    code, out, _ = run_command("diff", reference, model)
    text = one_text(out)
    assert code == 0
    assert f"missing: {MISSING}" in text
    assert f"not in the reference: {EXTRA}" in text
    assert f"of another shape: {RESHAPED} (64 × 32, in the reference 32 × 64)" in text
    assert "1 pair with NaN or Inf, in blk.0.ffn_up.weight" in text


@pytest.mark.parametrize(
    ("kind", "limits", "beyond"),
    [
        ("damaged", ("--max-nmse", "1e9"), []),
        ("damaged", ("--max-nmse", "0.5"), [DAMAGED]),
        ("damaged", ("--min-cosine", "0.9"), [DAMAGED]),
        ("damaged", ("--min-cosine", "-1"), []),
        ("damaged", ("--identical",), [DAMAGED]),
        ("damaged", ("--max-nmse", "0.5", "--role", "ffn_*"), []),
        ("unlike", ("--max-nmse", "1"), [MISSING, RESHAPED, "blk.0.ffn_up.weight"]),
        ("unlike", ("--identical",), [MISSING, RESHAPED, EXTRA, "blk.0.ffn_up.weight"]),
        ("same", ("--identical", "--max-nmse", "0", "--min-cosine", "1"), []),
    ],
)
def test_limits_end_with_1_and_name_who_is_beyond(
    run_command: RunCommand, tmp_path: Path, kind: str, limits: tuple[str, ...], beyond: list[str]
) -> None:
    reference, (model,) = write_pair(tmp_path, kind)
    code, out, err = run_command("diff", reference, model, *limits)
    assert (code, err) == (1 if beyond else 0, "")
    lines = out.partition("beyond the limits: ")[2].splitlines()
    assert [line.split()[0] for line in lines[1:] if line.startswith("  ")] == beyond
    assert ("within the limits" in out) == (not beyond)
    code, out, err = run_command("diff", reference, model, *limits, "--json")
    assert code == (1 if beyond else 0)
    assert json.loads(out)["schema"] == "ggufscope.diff/1"
    assert [line.split()[1] for line in err.splitlines()[1:]] == beyond


def test_an_error_on_zeros_is_beyond_any_nmse(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "no layers")
    code, out, _ = run_command("diff", reference, model, "--max-nmse", "1")
    assert code == 1
    assert "zero has an error, rms 0.04419, where the reference is 0" in one_text(out)
    assert "some.odd.name has" not in out


def test_several_models_stand_side_by_side(run_command: RunCommand, tmp_path: Path) -> None:
    reference, models = write_pair(tmp_path, "several")
    code, out, _ = run_command("diff", reference, *models, "--max-nmse", "0.001", "--table")
    assert code == 1
    assert re.search(r"\n1 +model-Q8_0.gguf +Q8_0 .*\n2 +model-Q4_0.gguf +Q4_0 .*\n3 +again.gguf +F32 ", out)
    assert "3 the same bytes as the reference" in one_text(out)
    assert "model-Q8_0.gguf: " not in out.partition("beyond the limits")[2]
    assert "model-Q4_0.gguf: blk.0.attn_q.weight has NMSE" in out
    name = "blk.1.ffn_down.weight"
    expected = [nmse(floats()[name], decoded(kind)[name]) if kind else 0.0 for kind in ("Q8_0", "Q4_0", None)]
    of_tensors = out.partition("NMSE % of each model")[2]
    row = next(line.split() for line in of_tensors.splitlines() if line.endswith(f" {name}"))
    assert row == [*map(percent_text, expected), name]


def test_models_of_one_file_name_are_told_apart(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    _, out, _ = run_command("diff", reference, model, model)
    assert "model-Q4_0.gguf (1)" in out
    assert "model-Q4_0.gguf (2)" in out


def test_a_reference_with_fewer_bits_is_questioned(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    saved = tmp_path / "d.json"
    code, out, message = run_command("diff", model, reference, "-o", saved)
    assert (code, out, saved.exists()) == (3, "", False)
    assert message.endswith("are the two swapped? --coarse-reference compares them all the same\n")
    assert message.count("\n") == 1
    code, out, _ = run_command("diff", model, reference, "--coarse-reference")
    assert (code, "swapped?" in one_text(out)) == (0, True)
    assert "swapped?" not in one_text(run_command("diff", reference, model)[1])


def test_metadata_are_shown_when_asked_for(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    assert "metadata 1 key only in the model (--kv shows them)" in one_text(run_command("diff", reference, model)[1])
    _, out, _ = run_command("diff", reference, model, "--kv")
    assert one_text(out).endswith("metadata: 1 key differs general.file_type reference not there model 2")


def test_columns_and_order_are_those_asked_for(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    words = ("--sort", "rmse", "--top", "4", "--columns", "name,rmse,shape,max_abs_error_index,identical")
    code, out, _ = run_command("diff", reference, model, *words)
    assert code == 0
    lines = out.partition("tensors: ")[2].splitlines()[1:]
    assert lines[0].split() == ["name", "rmse", "shape", "max_abs_error_index", "identical"]
    values = [float(line.split()[1]) for line in lines[1:]]
    assert len(values) == 4
    assert values == sorted(values, reverse=True)


def test_saved_diffs_render_again_without_the_models(run_command: RunCommand, tmp_path: Path) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    saved = tmp_path / "d.json"
    code, out, _ = run_command("diff", reference, model, "-o", saved)
    assert code == 0
    for path in (reference, model):
        path.unlink()
    assert run_command("report", saved)[1] == out
    code, text, _ = run_command("report", saved, "-o", tmp_path / "out", "--format", "csv")
    assert (code, text) == (0, f"report: {tmp_path / 'out' / 'models.csv'} and 1 more file\n")
    assert gs.Diff.load(saved).models[0].tensors[0].name == next(iter(floats()))


def test_an_input_is_not_written_over_and_nothing_is_written_of_what_fails(
    run_command: RunCommand, tmp_path: Path
) -> None:
    reference, (model,) = write_pair(tmp_path, "quantized")
    before = model.read_bytes()
    code, _, err = run_command("diff", reference, model, "-o", model, "--force")
    assert (code, model.read_bytes()) == (2, before)
    assert "is an input" in err
    model.write_bytes(before[:-1000])
    other = write_model(tmp_path / "other.gguf", floats(), architecture="gemma")
    for broken, why in ((model, "cut off"), (other, "different architectures, llama and gemma")):
        code, out, err = run_command("diff", reference, broken, "-o", tmp_path / "d.json")
        assert (code, out, err.count("\n")) == (3, "", 1)
        assert why in err
        assert not (tmp_path / "d.json").exists()


@pytest.fixture
def profiles(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Profiles of a reference and of a model, and the model."""
    reference, (model,) = write_pair(tmp_path, "quantized")
    for path in (reference, model):
        gs.profile(path).save(path.with_suffix(".json"))
    reference.unlink()
    return reference.with_suffix(".json"), model.with_suffix(".json"), model


def test_profiles_tell_what_statistics_can(run_command: RunCommand, profiles: tuple[Path, Path, Path]) -> None:
    first, second, _ = profiles
    code, out, err = run_command("diff", first, second, "--table")
    assert (code, err) == (0, "")
    text = one_text(out)
    assert "Profiles hold no weights, so that no error can be told from them" in text
    assert "other statistics in 20 of 24 tensors" in text
    for word in ("NMSE", "SQNR", "cosine"):
        assert word not in out
    code, out, _ = run_command("diff", first, second, "--json")
    document = json.loads(out)
    query = next(tensor for tensor in document["tensors"] if tensor["name"] == DAMAGED)
    norms = [float(np.linalg.norm(side[DAMAGED].astype(np.float64))) for side in (floats(), decoded("Q4_0"))]
    assert query["figures"]["l2_norm"] == pytest.approx(norms, rel=1e-9)
    assert query["norm_change"] == pytest.approx(norms[1] / norms[0] - 1, rel=1e-6)
    assert not query["equal"]
    assert all(tensor["equal"] for tensor in document["tensors"] if tensor["kind"] == "vector")


def test_a_profile_with_itself_has_equal_statistics(run_command: RunCommand, profiles: tuple[Path, Path, Path]) -> None:
    _, out, _ = run_command("diff", profiles[0], profiles[0])
    assert "equal statistics in all 24 tensors" in one_text(out)
    assert "one model, by its table and samples" in one_text(out)


def test_profiles_are_refused_what_needs_weights(run_command: RunCommand, profiles: tuple[Path, Path, Path]) -> None:
    first, second, model = profiles
    for words, expected, why in (
        ((first, model), 3, "a saved result has no weights to compare"),
        ((model, first), 3, "a saved result has no weights to compare"),
        ((first, second, second), 2, "two at a time"),
        ((first, second, "--max-nmse", "1"), 2, "profiles have no weights"),
        ((first, second, "--identical"), 2, "profiles have no weights"),
        ((first, second, "--kv"), 2, "profiles have no weights"),
        ((first, second, "--sort", "nmse"), 2, "the JSON has all figures"),
    ):
        code, out, err = run_command("diff", *words)
        assert (code, out) == (expected, "")
        assert why in err
