"""`ggufscope diff --run`: the view, the saved file, the report, and what is refused before anything is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ggufscope.report.content.diff_words import percent_text
from support.edited_models import float32_copy

if TYPE_CHECKING:
    from support.command_line import RunCommand

DAMAGED = "blk.2.ffn_down.weight"


@pytest.fixture
def noisy(stories260k: Path, tmp_path: Path) -> Path:
    def disturb(weights: Any) -> None:
        weights += 0.1 * weights.std() * np.random.default_rng(1).standard_normal(weights.shape).astype(np.float32)

    return float32_copy(stories260k, tmp_path / "noisy.gguf", [DAMAGED], {DAMAGED: disturb})


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("Once upon a time there was a little girl. She liked to play outside.", encoding="utf-8")
    return path


def test_the_view_and_the_file_say_the_same(
    run_command: RunCommand, stories260k: Path, noisy: Path, text: Path, tmp_path: Path
) -> None:
    saved, page = tmp_path / "diff.json", tmp_path / "diff.html"
    code, out, err = run_command(
        "diff", stories260k, noisy, "--run", "--text", text, "-o", saved, "--html", page, "--exact"
    )
    assert (code, err) == (0, "")
    record = json.loads(saved.read_text(encoding="utf-8"))["models"][0]["run"]
    assert f"both read {record['n_tokens']} tokens of text.txt" in out
    (damaged,) = (matrix for matrix in record["matrices"] if matrix["error"])
    assert damaged["name"] == DAMAGED
    matrices = out.partition("matrices with the largest output errors")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split()[0] for line in matrices] == [percent_text(damaged["error"])]
    layers = out.partition("how far the two have come apart")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split()[1] for line in layers] == [percent_text(layer["drift"]) for layer in record["layers"]]
    assert "where it hurts most" in out
    shown = page.read_text(encoding="utf-8")
    assert "What reaches the output" in shown
    assert "Output errors of matrices" in shown


def test_several_models_have_a_run_each(run_command: RunCommand, stories260k: Path, noisy: Path, text: Path) -> None:
    code, out, _ = run_command("diff", stories260k, noisy, stories260k, "--run", "--text", text)
    assert code == 0
    assert "noisy.gguf: both read" in out
    assert f"{stories260k.name}: both read" in out


@pytest.mark.parametrize("option", ["--text", "--prompts"])
def test_what_is_read_needs_a_run(run_command: RunCommand, stories260k: Path, text: Path, option: str) -> None:
    code, _, err = run_command("diff", stories260k, stories260k, option, text)
    assert code == 2
    assert "give --run, too" in err


def test_a_text_and_prompts_exclude_each_other(run_command: RunCommand, stories260k: Path, text: Path) -> None:
    code, _, err = run_command("diff", stories260k, stories260k, "--run", "--text", text, "--prompts", text)
    assert code == 2
    assert "exclude each other" in err


def test_a_text_is_not_written_over(run_command: RunCommand, stories260k: Path, text: Path) -> None:
    before = text.read_bytes()
    code, _, err = run_command("diff", stories260k, stories260k, "--run", "--text", text, "-o", text, "--force")
    assert code != 0
    assert "text.txt" in err
    assert text.read_bytes() == before


def test_a_text_that_is_none_is_an_input_error_and_nothing_is_written(
    run_command: RunCommand, stories260k: Path, tmp_path: Path
) -> None:
    bad, saved = tmp_path / "bad.txt", tmp_path / "diff.json"
    bad.write_bytes(b"caf\xe9")
    code, _, err = run_command("diff", stories260k, stories260k, "--run", "--text", bad, "-o", saved)
    assert code == 3
    assert "no text: byte 3 is no UTF-8" in err
    assert not saved.exists()
