"""Calls that are refused: each with its exit code, one line that tells why, and nothing written.

Words in braces name files: `{model}`, `{profile}`, `{analysis}`, `{trace}` are there, `{out}` is not, and `{file}` is a
file where a directory would have to be.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ggufscope as gs
from support.comparisons import make_analysis, make_trace

if TYPE_CHECKING:
    from ggufscope.analysis import Analysis
    from support.command_line import RunCommand

Words = tuple[str, ...]
Fill = Callable[[Words], list[str]]

# Command → words of a call → exit code and a part of the line.
REFUSED: dict[str, dict[Words, tuple[int, str]]] = {
    "inspect": {
        (): (2, "Missing argument 'MODEL'"),
        ("{model}", "--nope"): (2, "No such option: --nope"),
        ("{model}", "--top", "x"): (2, "Invalid value for '--top'"),
        ("{model}", "--top", "0"): (2, "--top must be at least 1"),
        ("{model}", "--layers", "x"): (2, "--layers takes"),
        ("{model}", "--columns", "x"): (2, "no column 'x'"),
        ("{model}", "--sort", "x"): (2, "no column 'x'"),
        ("{model}", "--kv", "x"): (2, "no metadata key 'x'"),
        ("{model}", "--role", "attn_vv"): (2, "no tensor has role 'attn_vv'; roles: attn_v, "),
        ("{model}", "--layers", "17-18", "--json"): (2, "no tensor is in layers 17-18; layers: 0-7"),
        ("{model}", "--tensors", "blk.0.atn_v*"): (2, "the name 'blk.0.atn_v*'; names: blk.*.attn_v.weight, "),
        ("{model}", "--layers", "0", "--role", "token_embd"): (
            2,
            "selected by all of --role (1 tensor) and --layers (",
        ),
        ("{model}", "--kv", "general.name", "--role", "attn_v"): (2, "--kv prints metadata"),
        ("{model}", "--recipe", "--kv", "general.name"): (2, "--recipe is of all tensors"),
        ("{model}", "--recipe", "--layers", "0-1"): (2, "--recipe is of all tensors"),
        ("{model}", "--recipe", "--columns", "name"): (2, "--recipe is of all tensors"),
        ("{model}", "--recipe", "--against", "{model}"): (2, "--recipe is of all tensors"),
    },
    "profile": {
        ("{model}", "--sparsity-threshold", "1e300"): (2, "sparsity_threshold must be from 0 to 3.4028235e+38"),
        ("{model}", "--sparsity-threshold", "nan"): (2, "sparsity_threshold must be from 0 to"),
        ("{model}", "--sparsity-threshold", "-1"): (2, "sparsity_threshold"),
        ("{model}", "--columns", "name,nonsense"): (2, "no column 'nonsense'"),
        ("{model}", "--columns", "nonsense", "-o", "{out}.json"): (2, "no column 'nonsense'"),
        ("{model}", "--sort", "nonsense"): (2, "no column 'nonsense'"),
        ("{model}", "--layers", "x"): (2, "--layers takes"),
        ("{model}", "--role", "attn_vv", "-o", "{out}.json"): (2, "no tensor has role 'attn_vv'; roles: attn_v, "),
        ("{model}", "--layers", "9", "--json"): (2, "no tensor is in layer 9; layers: 0-7"),
        ("{model}", "--sort", "kurtosi"): (2, "no column 'kurtosi'; there are kurtosis, "),
        ("{model}", "--threads", "0"): (2, "threads must be a positive integer"),
        ("{model}", "-o", "-"): (2, "does not name an output file"),
        ("{model}", "-o", "nowhere/p.json"): (4, "nowhere/p.json"),
    },
    "check": {
        (): (2, "name a model to check"),
        ("{model}", "--select", "nothing"): (2, "there is no rule 'nothing'"),
        ("{model}", "--ignore", "x*"): (2, "there is no rule 'x*'"),
        ("--explain", "nothing"): (2, "there is no rule 'nothing'"),
        ("{model}", "{model}", "-o", "{out}.json"): (2, "are for one model"),
        ("{model}", "{model}", "--manifest", "{out}.json"): (2, "are for one model"),
        ("{model}", "--against", "{profile}"): (3, "cannot read schema"),
        ("{model}", "--against", "none.json"): (3, "none.json: No such file"),
        ("{model}", "none.gguf"): (3, "none.gguf: No such file"),
        ("{model}", "--threads", "0"): (2, "threads must be a positive integer"),
        ("{model}", "-o", "nowhere/c.json"): (4, "nowhere/c.json"),
    },
    "diff": {
        (): (2, "Missing argument 'REFERENCE'"),
        ("{model}",): (2, "Missing argument 'MODEL...'"),
        ("{model}", "{model}", "--max-nmse", "nan"): (2, "max_nmse must be 0 or more, not nan"),
        ("{model}", "{model}", "--max-nmse", "1 %"): (2, "Invalid value for '--max-nmse'"),
        ("{model}", "{model}", "--min-cosine", "1.5"): (2, "min_cosine must be from -1 to 1, not 1.5"),
        ("{model}", "{model}", "--columns", "nonsense", "-o", "{out}.json"): (2, "no column 'nonsense'"),
        ("{model}", "{model}", "--sort", "nonsense"): (2, "no column 'nonsense'"),
        ("{model}", "{model}", "--layers", "x"): (2, "--layers takes"),
        ("{model}", "{model}", "--tensors", "nothing"): (2, "no tensor has the name 'nothing'; names: "),
        ("{model}", "{model}", "--role", "attn_vv", "-o", "{out}.json"): (2, "roles: attn_v, "),
        ("{profile}", "{profile}", "--layers", "9"): (2, "no tensor is in layer 9; layers: 0-7"),
        ("{model}", "{model}", "--sort", "nmsee"): (2, "no column 'nmsee'; there are nmse, "),
        ("{model}", "{model}", "--json", "--table"): (2, "--table and --kv are for the screen"),
        ("{model}", "{model}", "--json", "--kv"): (2, "--table and --kv are for the screen"),
        ("{model}", "none.gguf"): (3, "none.gguf: No such file"),
        ("none.gguf", "{model}"): (3, "none.gguf: No such file"),
        ("{model}", "{model}", "-o", "nowhere/d.json"): (4, "nowhere/d.json"),
    },
    "bits": {
        ("{model}",): (2, "Missing option '--budget'"),
        ("{model}", "--budget", "5bpw"): (2, "name a MODEL in other types, or --types"),
        ("{model}", "--budget", "5"): (2, "--budget"),
    },
    "analyze": {
        ("{model}", "--weights", "entropy=-1"): (2, "from 0 to 1e100"),
        ("{model}", "--weights", "entropy=nan"): (2, "not nan"),
        ("{model}", "--weights", "entropy"): (2, "neither of the form name=number nor a file"),
        ("{model}", "--weights", ""): (2, "neither of the form"),
        ("{model}", "--weights", "nothing=1"): (2, "unknown component 'nothing'"),
        ("{model}", "--weights", "entropy=0"): (2, "at least one must be above 0"),
        ("{model}", "--weights", "none.toml"): (3, "none.toml: No such file"),
        ("{model}", "--norm", "max"): (2, "norm must be one of mean, rms"),
        ("{model}", "--scale", "log"): (2, "scale must be one of minmax, rank"),
        ("{model}", "--preset", "x"): (2, "preset must be one of heuristic"),
        ("{profile}", "--ablate"): (2, "takes the model itself, not a profile"),
        ("{model}", "--threads", "0"): (2, "threads must be a positive integer"),
        ("{model}", "-o", "{file}/below"): (4, "Not a directory"),
    },
    "trace": {
        ("{model}", "--engine", "torch"): (2, "engine must be one of streamed, llama.cpp"),
        ("{model}", "--ablate", "x"): (2, "a weight is named as"),
        ("{model}", "--ablate", "x.weight[0,0]"): (2, "no tensor 'x.weight'"),
        ("{model}", "--ablate", "token_embd.weight[0,0]", "--engine", "llama.cpp"): (2, "take streamed"),
        ("{model}", "--template", "vicuna"): (2, "template must be one of auto, none"),
        ("{model}", "--template", "chatml"): (2, "needs the token <|im_start|>"),
        ("{model}", "--text", "x", "--probe", "3"): (2, "exclude each other"),
        ("{model}", "--probe", "1"): (2, "a probe takes two tokens or more"),
        ("{model}", "--probe=owm"): (2, "a probe is own, random, own:N, random:N (sequences) or N (tokens), not 'owm'"),
        ("{model}", "--probe", "own:0"): (2, "a probe has 1 to 1000 sequences, not 0"),
        ("{model}", "--probe", "--text", "x"): (2, "exclude each other"),
        ("{model}", "--probe", "999999"): (3, "and the model's context is"),
        ("{model}", "--probe", "3", "--seed", "-1"): (2, "seed must be 0 or more"),
        ("{model}", "--max-new-tokens", "-1"): (2, "max_new_tokens must be 0 or more"),
        ("{model}", "--keep", "q"): (2, "say where with -o"),
        ("{model}", "--keep", "q", "-o", "t.npz"): (2, "t.npz would be both"),
        ("{model}", "--keep", "z", "-o", "t.json"): (2, "there is no 'z' to keep, only q, k, v"),
        ("{model}", "--threads", "0"): (2, "threads must be a positive integer"),
        ("{model}", "--prompts", "absent.json"): (3, "absent.json: No such file"),
        ("{model}", "--prompts", "{analysis}"): (3, "Is a directory; a file of prompts is JSON, as {"),
        ("{model}", "--prompts", "{trace}"): (3, "prompts[0]: there is no 'accepted'; a file of prompts is JSON, as {"),
        ("{model}", "--text", "{file}"): (3, "an empty text; a text is a file of plain text in UTF-8"),
        ("{model}", "--tokens", "{file}"): (3, "no token ids; a file of token ids is JSON"),
        ("{model}", "-o", "absent/t.json"): (4, "absent/t.json: No such file"),
    },
    "validate": {
        ("missing", "{trace}"): (3, "No such file"),
        ("{analysis}", "missing.json"): (3, "No such file"),
        ("{trace}", "{trace}"): (3, "cannot read schema"),
        ("{analysis}", "{analysis}/analysis-report.json"): (3, "cannot read schema"),
        ("{analysis}", "{trace}", "-o", "{file}/below"): (4, "Not a directory"),
    },
    "study": {
        ("{model}",): (2, "--output"),
        ("{model}", "-o", "{out}", "--prompts", "missing.json"): (3, "No such file"),
        ("{model}", "-o", "{out}", "--prompts", "{trace}"): (3, "trace.json: "),
        ("{model}", "-o", "{out}", "--engine", "steam"): (2, "engine must be one of"),
        ("{model}", "-o", "{out}", "--template", "chatml"): (2, "template chatml needs the token"),
        ("{model}", "-o", "{out}", "--probe", "1"): (2, "a probe takes two tokens"),
        ("{model}", "-o", "{out}", "--probe", "random:0"): (2, "a probe has 1 to 1000 sequences"),
        ("{model}", "-o", "{out}", "--weights", "love=1"): (2, "unknown component"),
        ("{model}", "-o", "{out}", "--weights", "missing.toml"): (3, "No such file"),
        ("{model}", "-o", "{out}", "--norm", "max"): (2, "norm must be one of"),
        ("{model}", "-o", "{out}", "--threads", "0"): (2, "threads must be a positive integer"),
    },
    "report": {
        ("{profile}", "--format", "html"): (2, "--format needs a directory"),
        ("{profile}", "-o", "{out}", "--format", "pdf"): (2, "no format 'pdf'; there are html, md, svg, png, csv"),
        ("{profile}", "-o", "{out}", "--format", ""): (2, "no format ''"),
        ("{profile}", "-o", "{file}/below"): (4, "Not a directory"),
    },
    "bench": {
        ("--type", "Q9"): (2, "unknown type 'Q9'; known are F32, "),
        ("--isa", "mmx"): (2, "no instruction set 'mmx' here; there are generic"),
        ("--threads", "0"): (2, "threads must be a positive integer"),
        ("--seconds", "-1"): (2, "seconds must be 0 or more"),
        ("--seconds", "nan"): (2, "seconds must be 0 or more"),
        ("{model}", "--type", "Q4_K"): (2, "--type is for blocks made up in memory"),
        ("{model}", "--isa", "mmx"): (2, "no instruction set 'mmx' here"),
    },
    "synth": {
        ("tinny", "m.gguf"): (2, "unknown shape 'tinny'; choose one of: tiny, llama-3.1-8b, "),
        ("tiny", "m.gguf", "--type", "Q9"): (2, "unknown type 'Q9'; choose one of: F32, "),
        ("tiny", "m.gguf", "--layers", "0"): (2, "layers must be from 1"),
        ("tiny", "m.gguf", "--seed", "-1"): (2, "the seed must be from 0"),
        ("tiny", "m.gguf", "--shards", "0"): (2, "shards must be from 1"),
        ("tiny", "missing/m.gguf"): (4, "missing/m.gguf: No such file or directory"),
        ("tiny", "."): (4, "s a directory"),
        ("tiny",): (2, "OUT"),
    },
    "demo": {
        ("-o", "{file}/below"): (4, "Not a directory"),
    },
}

# Command → words of a call that reads `{input}`, which must be a model or a result.
READING: dict[str, Words] = {
    "inspect": ("{input}",),
    "profile": ("{input}", "-o", "{out}.json"),
    "diff": ("{model}", "{input}", "-o", "{out}.json"),
    "analyze": ("{input}", "-o", "{out}"),
    "trace": ("{input}", "--probe", "4", "-o", "{out}.json"),
    "validate": ("{analysis}", "{input}", "-o", "{out}"),
    "study": ("{input}", "-o", "{out}"),
    "report": ("{input}", "-o", "{out}"),
    "bench": ("{input}", "--seconds", "0"),
}
OF_SOMETHING_ELSE = {
    "page": b"<!DOCTYPE html><html><body>Not Found</body></html>",
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "magic": b"GGUF",
    "magic and text": b"GGUF....",
    "words": b"no json",
    "object": b"{}",
    "schema": b'{"schema": "ggufscope.bench/1"}',
    "unfinished": b"[1",
    "latin": b"\xff",
    "esc\x1b[2Jape\u202e\n": b"",
}


@pytest.fixture(scope="session")
def inputs(tiny_model: Path, tiny_analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files that calls read, by the words that stand for them; not to be changed."""
    directory = tmp_path_factory.mktemp("inputs")
    gs.profile(tiny_model).save(directory / "profile.json")
    make_analysis(tiny_analysis).save(directory / "analysis")
    make_trace().save(directory / "trace.json")
    (directory / "file").write_text("")
    names = {"profile": "profile.json", "analysis": "analysis", "trace": "trace.json", "file": "file"}
    return {"model": str(tiny_model)} | {word: str(directory / name) for word, name in names.items()}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, in which the command is called."""
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


@pytest.fixture
def refused_line(run_command: RunCommand, inputs: dict[str, str], elsewhere: Path) -> Callable[..., str]:
    """A function from a call and its exit code to the one line that tells why; nothing else comes of the call."""

    def call(command: str, words: Words, code: int, **places: object) -> str:
        arguments = [word.format(out=elsewhere / "out", **inputs, **places) for word in words]
        exit_code, out, err = run_command(command, *arguments)
        assert (exit_code, out) == (code, "")
        assert err.startswith("ggufscope: ")
        assert err.count("\n") == 1
        assert err[:-1].isprintable()
        assert [path for path in elsewhere.rglob("*") if path != elsewhere / "out"] == []
        return err

    return call


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(command, words, id=" ".join((command, *words)))
        for command, calls in REFUSED.items()
        for words in calls
    ],
)
def test_a_call_is_refused(refused_line: Callable[..., str], command: str, words: Words) -> None:
    code, message = REFUSED[command][words]
    assert message in refused_line(command, words, code)


@pytest.mark.parametrize("name", OF_SOMETHING_ELSE, ids=ascii)
@pytest.mark.parametrize("command", READING)
def test_a_file_of_something_else_is_refused(
    refused_line: Callable[..., str], tmp_path: Path, command: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(OF_SOMETHING_ELSE[name])
    assert name.split("\x1b", maxsplit=1)[0] in refused_line(command, READING[command], 3, input=path)
