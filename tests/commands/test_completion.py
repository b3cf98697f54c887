"""Completion by click's protocol: what a shell hands over in the environment, and what it is offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ggufscope.commands.app import COMMANDS, main
from ggufscope.models.inspection import TENSOR_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import WriteGguf

Complete = Callable[..., list[str]]


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """A function from the words of a line, the last one unfinished, to what bash is offered."""

    def offered(*words: object) -> list[str]:
        monkeypatch.setenv("_GGUFSCOPE_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(map(str, ("ggufscope", *words))))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        assert main([]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return [line for line in out.splitlines() if line]

    return offered


def test_commands_and_options(complete: Complete) -> None:
    assert complete("in") == ["inspect"]
    assert set(complete("")) == set(COMMANDS)
    assert complete("inspect", "--to") == ["--top"]
    assert complete("nonsense", "x") == []


def test_values_of_choices(complete: Complete) -> None:
    assert complete("inspect", "m.gguf", "--columns", "na") == ["name"]
    assert complete("inspect", "m.gguf", "--columns", "name,ty") == ["name,type"]
    assert complete("inspect", "m.gguf", "--sort", "") == list(TENSOR_COLUMNS)
    assert "kurtosis" in complete("profile", "m.gguf", "--sort", "ku")
    assert complete("diff", "a", "b", "--sort", "sqnr") == ["sqnr_db"]
    assert complete("trace", "m.gguf", "--template", "c") == ["chatml"]
    assert complete("trace", "m.gguf", "--probe", "o") == ["own"]
    assert complete("study", "m.gguf", "--engine", "s") == ["streamed"]
    assert complete("analyze", "m.gguf", "--norm", "") == ["mean", "rms"]
    assert complete("report", "r.json", "--format", "html,m") == ["html,md"]
    assert complete("check", "m.gguf", "--ignore", "merg") == ["merges"]
    assert complete("synth", "ti") == ["tiny"]
    assert "Q4_K" in complete("bits", "a", "--types", "Q4")
    assert complete("bench", "--isa", "gen") == ["generic"]


def test_names_out_of_the_model_on_the_line(complete: Complete, stories260k: Path, tmp_path: Path) -> None:
    assert complete("inspect", stories260k, "--role", "attn_") == [
        "attn_q", "attn_k", "attn_v", "attn_output", "attn_norm"
    ]  # fmt: skip
    assert complete("profile", stories260k, "--tensors", "blk.3.attn_q") == ["blk.3.attn_q.weight"]
    assert complete("inspect", stories260k, "--kv", "general.arch") == ["general.architecture"]
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    for path in (broken, tmp_path / "absent.gguf"):
        assert complete("inspect", path, "--role", "") == []


def test_files(complete: Complete, tmp_path: Path) -> None:
    for name in ("a.gguf", "ab.safetensors", "a.txt", "p.json", ".hidden.gguf"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    assert complete("inspect", f"{tmp_path}/a") == [f"{tmp_path}/a.gguf", f"{tmp_path}/ab.safetensors"]
    assert complete("inspect", f"{tmp_path}/") == [
        f"{tmp_path}/{each}" for each in ("a.gguf", "ab.safetensors", "more/")
    ]
    assert complete("analyze", f"{tmp_path}/p") == [f"{tmp_path}/p.json"]
    assert complete("inspect", f"{tmp_path}/mo") == []  # left to the shell, which goes on into directories
    assert complete("inspect", f"{tmp_path}/none/") == []


def test_names_that_a_shell_would_run_are_not_offered(
    complete: Complete, write_gguf: WriteGguf, tmp_path: Path
) -> None:
    keys = ["a.good", "a.\\$(touch x)", "a.`x`", "a.'x'", 'a."x"', "a.\x1b[2J", "a.x\ny", "a.x y", "a.ü"]
    model = write_gguf({}, dict.fromkeys(keys, 1))
    assert complete("inspect", model, "--kv", "a.") == ["a.good"]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "good.gguf").touch()
    assert complete("inspect", f"{tmp_path}/more/") == [f"{tmp_path}/more/good.gguf"]
    (tmp_path / "more" / "$(x).gguf").touch()
    assert complete("inspect", f"{tmp_path}/more/") == []  # the shell quotes what it completes itself


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str) -> None:
    monkeypatch.setenv("_GGUFSCOPE_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "ggufscope synth ti")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert main([]) == 0
    assert "tiny" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shell", "line"), [("bash", "complete -o default"), ("zsh", "#compdef"), ("fish", "complete ")]
)
def test_scripts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str, line: str) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    assert main(["--show-completion", shell]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert line in out
    assert "_GGUFSCOPE_COMPLETE=complete_" in out
    assert "ggufscope" in out


def test_a_script_is_installed_where_the_shell_reads_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["--install-completion", "bash"]) == 0
    assert "bash completion installed in" in capsys.readouterr().out
    assert "complete_bash" in (tmp_path / ".bash_completions" / "ggufscope.sh").read_text()
    assert "ggufscope.sh" in (tmp_path / ".bashrc").read_text()
