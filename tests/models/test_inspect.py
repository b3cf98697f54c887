"""`inspect`: what it gathers, and how it looks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.commands.app import main
from ggufscope.models.file_types import file_type_of
from ggufscope.models.role_types import roles_of, type_map
from ggufscope.models.stacks import layer_ranges
from ggufscope.text.numbers import bytes_text, count_text


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    code = main(["inspect", *map(str, arguments)])
    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out


@pytest.fixture
def mixed(write_gguf: Any, random_blocks: Any) -> Path:
    """Ten layers whose attn_v is Q6_K in some and Q4_K in the others."""
    tensors: dict[str, Any] = {"token_embd.weight": (random_blocks("Q4_K", 8, 256), "Q4_K")}
    for layer in range(10):
        kind = "Q6_K" if layer in {0, 1, 2, 3, 6, 9} else "Q4_K"
        tensors[f"blk.{layer}.attn_v.weight"] = (random_blocks(kind, 4, 256), kind)
        tensors[f"blk.{layer}.attn_norm.weight"] = np.ones(256, np.float32)
    tensors["something"] = np.zeros((1, 2), np.float16)
    return write_gguf(
        tensors,
        {
            "general.name": "Mixed \x1b[31m\u202e7B",
            "general.file_type": 15,
            "tokenizer.ggml.tokens": [f"token{i}" for i in range(100)],
            "tokenizer.chat_template": "{% for m in messages %}\n\x07{{ m }}",
            "quantize.imatrix.file": "calibration.dat",
            "quantize.imatrix.entries_count": 224,
            "llama.rope.freq_base": 500000.0,
            "llama.eps": float("nan"),
        },
    )


@pytest.mark.parametrize(
    ("layers", "text"), [([], ""), ([4], "4"), ([0, 1, 2, 3, 6, 9, 10], "0-3,6,9-10"), ([2, 1, 1], "1-2")]
)
def test_layer_ranges(layers: list[int], text: str) -> None:
    assert layer_ranges(layers) == text


def test_type_map(mixed: Path) -> None:
    with gs.open(mixed) as model:
        roles = {summary.role: summary for summary in roles_of(model)}
    assert list(roles) == ["token_embd", "attn_v", "attn_norm", None]
    assert type_map(roles["attn_v"]) == "Q4_K 4-5,7-8 | Q6_K rest"
    assert type_map(roles["attn_norm"]) == "F32"
    value = roles["attn_v"]
    assert (value.n_tensors, value.n_parameters, value.n_bytes) == (10, 10_240, 24 * 210 + 16 * 144)
    assert value.bits_per_weight == pytest.approx(8 * (24 * 210 + 16 * 144) / 10_240)


@pytest.mark.parametrize(
    ("declared", "types", "agrees"),
    [
        (15, ["Q4_K", "Q6_K", "Q4_K"], True),
        (15, ["Q6_K", "Q6_K", "Q4_K"], False),
        (2, ["Q4_0", "F32"], True),
        (1, ["Q4_0"], False),
        (22, ["IQ3_XXS"], True),  # IQ3_XS: llama.cpp makes most of it IQ3_XXS or IQ3_S
        (28, ["IQ2_XS"], True),  # IQ2_S
        (27, ["IQ3_S"], True),  # IQ3_M
        (None, ["Q4_0"], None),
        (999, ["Q4_0"], None),
        (1024, ["Q4_0"], None),
        (15, [], None),
    ],
)
def test_declared_against_actual(
    write_gguf: Any, random_blocks: Any, declared: int | None, types: list[str], agrees: bool | None
) -> None:
    tensors = {
        f"blk.{i}.ffn_up.weight": np.zeros(8, np.float32) if kind == "F32" else (random_blocks(kind, 4, 256), kind)
        for i, kind in enumerate(types)
    }
    with gs.open(write_gguf(tensors, {} if declared is None else {"general.file_type": declared})) as model:
        found = file_type_of(model)
    assert found.agrees is agrees
    assert sum(found.actual.values()) == pytest.approx(1 if types else 0)


@pytest.mark.parametrize(
    ("declared", "types", "columns", "agrees", "fallbacks"),
    [
        (15, ["Q5_0", "Q8_0"], 64, True, {"Q5_0": "Q4_K", "Q8_0": "Q6_K"}),  # Q4_K_M
        (17, ["Q5_1", "Q8_0"], 96, True, {"Q5_1": "Q5_K", "Q8_0": "Q6_K"}),  # Q5_K_M
        (18, ["Q8_0"], 64, True, {"Q8_0": "Q6_K"}),  # Q6_K
        (12, ["Q4_0"], 64, True, {"Q4_0": "Q3_K"}),  # Q3_K_M
        (10, ["Q4_0"], 64, True, {"Q4_0": "Q2_K"}),  # Q2_K
        (30, ["IQ4_NL"], 64, True, {"IQ4_NL": "IQ4_XS"}),  # IQ4_XS
        (26, ["IQ4_NL"], 64, True, {"IQ4_NL": "IQ3_S"}),  # IQ3_S
        (15, ["Q8_0", "Q8_0", "Q5_0"], 64, False, {"Q8_0": "Q6_K", "Q5_0": "Q4_K"}),  # mostly what stands for Q6_K
        (15, ["Q5_0"], 256, False, {}),  # the rows fit: the quantizer had no reason
        (2, ["Q5_0"], 64, False, {}),  # Q4_0 has blocks of 32 itself
    ],
)
def test_types_that_stand_for_others_where_rows_do_not_fit(
    write_gguf: Any,
    random_blocks: Any,
    declared: int,
    types: list[str],
    columns: int,
    agrees: bool,
    fallbacks: dict[str, str],
) -> None:
    tensors = {f"blk.{i}.ffn_up.weight": (random_blocks(kind, 4, columns), kind) for i, kind in enumerate(types)}
    with gs.open(write_gguf(tensors, {"general.file_type": declared})) as model:
        found = file_type_of(model)
    assert (found.agrees, found.fallbacks) == (agrees, fallbacks)
    assert found.rows == ([columns] if fallbacks else [])


def test_a_real_mix_is_explained_by_its_rows(gemma3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Q4_K_M of which 63 % are Q8_0, the token embedding, for rows of 640 are no multiple of 256."""
    assert main(["inspect", str(gemma3)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    why = "rows of 640 are no multiple of 256, so Q8_0 stands for Q6_K and Q5_0 for Q4_K, as the quantizer falls back"
    assert f"{why}; as declared" in out
    assert "NOT what that label usually means" not in out


def test_tables_are_plain_and_narrow(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, mixed, "--table")
    lines = text.splitlines()
    assert max(map(len, [line for line in lines if str(mixed) not in line])) <= 80
    assert all(line.isprintable() and line == line.rstrip() for line in lines)
    assert lines[0].startswith("model.gguf · ")
    assert lines[1].startswith(r"Mixed \x1b[31m\u202e7B · llama · Q4_K_M")
    assert "10 layers" in " ".join(lines[1:3])
    assert text.index("attn_v") < text.index("declared") < text.index("metadata") < text.index("blk.0.attn_v.weight")
    for expected in ("Q4_K 4-5,7-8 | Q6_K rest", "Q4_K_M; actual", "as declared", "file calibration.dat",
                     "entries_count 224", "GGUF v3, little endian, alignment 32", "100 × string", "500000",
                     r"\x07{{ m }}"):  # fmt: skip
        assert expected in " ".join(text.split()), expected
    assert "SYNTHETIC" not in text
    without = run(capsys, mixed)
    assert "blk." not in without
    assert without.endswith("--table shows the 22 tensors, --role ROLE those of a role\n")


def test_layers_stand_in_numeric_order(write_gguf: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A converter that sorts names as text writes layer 10 before layer 2."""
    names = [f"blk.{layer}.attn_q.weight" for layer in (0, 1, 10, 11, 2, 3)]
    tensors = dict.fromkeys(["output.weight", *names, "token_embd.weight"], np.zeros((2, 8), np.float32))
    path = write_gguf(tensors)
    in_order = [f"blk.{layer}.attn_q.weight" for layer in (0, 1, 2, 3, 10, 11)]
    table = run(capsys, path, "--table").split("\ntensors\n")[1].splitlines()
    assert [line.split()[0] for line in table[1:9]] == ["output.weight", *in_order, "token_embd.weight"]
    sorted_table = run(capsys, path, "--sort", "name").splitlines()
    assert [line.split()[0] for line in sorted_table[-8:]] == [*in_order, "output.weight", "token_embd.weight"]
    assert [each["name"] for each in json.loads(run(capsys, path, "--json"))["tensors"]][1:7] == names  # the file's


def test_remarks_and_special_tokens(
    write_gguf: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    rows = np.zeros((2, 8), np.float32)
    tied = {"token_embd.weight": rows, "output_norm.weight": rows[0], "blk.0.attn_q.weight": rows,
            "blk.1.attn_q.weight": rows.astype(np.float16)}  # fmt: skip
    vocabulary = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": ["a", "<end>"],
                  "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.padding_token_id": 7}  # fmt: skip
    path = write_gguf(tied, vocabulary, endianess=gguf.GGUFEndian.BIG)
    remarks = [
        "big endian: llama.cpp reads it on machines of that byte order alone",
        "more than one type in attn_q (F32, F16)",
        "tied output: there is no output.weight, so token_embd.weight scores the next token, too",
        "the file names no end token (tokenizer.ggml.eos_token_id)",
        "no tokenizer.ggml.pre: llama.cpp cuts text into words by its default, and warns of worse answers",
    ]
    text = run(capsys, path)
    assert all(f"note     {remark}\n" in text for remark in remarks)
    assert "tokens   2, gpt2\n" in text
    assert 'special  begin 1 "<end>", padding 7 token 7\n' in text
    assert "chat     no template recorded\n" in text
    found = json.loads(run(capsys, path, "--json"))
    assert found["remarks"] == remarks
    assert found["tokenizer"]["special"] == {
        "bos": {"id": 1, "text": '"<end>"'}, "padding": {"id": 7, "text": "token 7"}
    }  # fmt: skip
    whole = write_gguf({**tied, "output.weight": rows, "blk.1.attn_q.weight": rows}, name="whole.gguf")
    assert json.loads(run(capsys, whole, "--json"))["remarks"] == []
    assert "tokens   " not in run(capsys, whole)


def test_names_are_never_cut_in_a_pipe(write_gguf: Any, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"blk.0.{'x' * 50}.weight"
    path = write_gguf({name: np.zeros((2, 8), np.float32)}, {f"general.{'y' * 90}": "z" * 90})
    text = run(capsys, path, "--table")
    assert name in text
    assert "y" * 90 in text


def test_long_maps_break_between_layers(
    write_gguf: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich: a terminal, within which its tables have to stay
    monkeypatch.setenv("NO_COLOR", "1")
    tensors = {
        f"blk.{layer}.ffn_down_exps.weight": np.zeros((1, 8), np.float16 if layer % 2 else np.float32)
        for layer in range(100, 151)
    }
    lines = run(capsys, write_gguf(tensors)).split("ffn_down_exps")[1].split("\n\n")[0].splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 60
    assert re.findall(r"\b1[0-4][0-9]\b", "\n".join(lines)) == [str(layer) for layer in range(101, 151, 2)]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"),
     (4_912_898_304, "4.91 GB"), (1_300_000_000, "1.30 GB"), (10**18, "1.00 EB")],
)  # fmt: skip
def test_bytes_text(number: int, text: str) -> None:
    assert bytes_text(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (4096, "4 096"), (999_499, "999 499"), (1_000_000, "1.00 M"), (8_030_261_248, "8.03 B"),
     (2 * 10**12, "2.00 T")],
)  # fmt: skip
def test_count_text(number: int, text: str) -> None:
    assert count_text(number) == text


def test_synthetic_models_are_marked(write_gguf: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, write_gguf({"x": np.zeros(4, np.float32)}, {"ggufscope.synthetic": True}))
    assert "SYNTHETIC" in "".join(text.splitlines()[:3])


def test_a_selection_shows_its_tensors_only(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, mixed, "--role", "attn_v", "--layers", "2-5", "--sort", "n_bytes", "--columns", "name,type")
    assert [line.split() for line in text.splitlines()[-6:]] == [
        ["tensors:", "4", "selected"],
        ["name", "type"],
        ["blk.2.attn_v.weight", "Q6_K"],
        ["blk.3.attn_v.weight", "Q6_K"],
        ["blk.4.attn_v.weight", "Q4_K"],
        ["blk.5.attn_v.weight", "Q4_K"],
    ]
    assert "metadata" not in text


def test_json(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, mixed, "--json"))
    assert found["schema"] == "ggufscope.inspect/1"
    assert found["model"]["name"] == "Mixed \x1b[31m\u202e7B"
    assert found["model"]["n_tensors"] == len(found["tensors"]) == 22
    assert found["file_type"]["declared"] == "Q4_K_M"
    assert found["imatrix"] == {"file": "calibration.dat", "entries_count": 224}
    assert found["metadata"]["tokenizer.ggml.tokens"] == {
        "kind": "array[string]", "length": 100, "head": [f"token{i}" for i in range(8)]
    }  # fmt: skip
    assert found["metadata"]["llama.eps"]["value"] == "NaN"
    value = next(role for role in found["roles"] if role["role"] == "attn_v")
    assert value["types"] == {"Q4_K": [4, 5, 7, 8], "Q6_K": [0, 1, 2, 3, 6, 9]}
    assert found["tensors"][1]["shape"] == [4, 256]
    selected = json.loads(run(capsys, mixed, "--json", "--tensors", "some*", "--columns", "name,type"))
    assert selected["tensors"] == [{"name": "something", "type": "F16"}]


def test_one_value_in_full(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, mixed, "--kv", "tokenizer.ggml.tokens").splitlines() == [f"token{i}" for i in range(100)]
    template = run(capsys, mixed, "--kv", "tokenizer.chat_template")
    assert template == "{% for m in messages %}\n\\x07{{ m }}\n"
    found = json.loads(run(capsys, mixed, "--kv", "general.file_type", "--json"))
    assert found == {"key": "general.file_type", "kind": "uint32", "value": 15}
    assert main(["inspect", str(mixed), "--kv", "general.nam"]) == 2
    assert "no metadata key 'general.nam'; there are general.name, " in capsys.readouterr().err


def test_values_of_a_pattern_of_keys(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, mixed, "--kv", "tokenizer.*")
    assert [line.split()[0] for line in text.splitlines()] == [
        "metadata", "tokenizer.ggml.tokens", "tokenizer.chat_template", "1"
    ]  # fmt: skip
    assert text.endswith("1 value cut: --kv KEY prints one in full\n")
    found = json.loads(run(capsys, mixed, "--kv", "tokenizer.*", "--json"))
    assert list(found["metadata"]) == ["tokenizer.ggml.tokens", "tokenizer.chat_template"]
    assert len(found["metadata"]["tokenizer.ggml.tokens"]["value"]) == 100  # whole
    assert main(["inspect", str(mixed), "--kv", "nothing.*"]) == 2
    assert "no metadata key 'nothing.*'; there are " in capsys.readouterr().err


def test_empty_and_nameless_models(write_gguf: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, write_gguf({}, {"a": 1}, architecture=None))
    assert "no tensors" in text
    assert json.loads(run(capsys, write_gguf(), "--json"))["model"]["bits_per_weight"] is None
    assert run(capsys, write_gguf(), "--columns", "name,role").splitlines()[-1].split() == ["name", "role"]
    run(capsys, write_gguf({"\x1b[0m[bold]:smile:": np.zeros((0, 4), np.float32)}))


def test_a_real_model(stories260k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, stories260k)
    assert text.startswith("stories260K.gguf · 1.19 MB\nllama · 292 800 parameters · 32.00 bits per weight · 5 layers")
    assert json.loads(run(capsys, stories260k, "--json"))["model"]["n_parameters"] == 292_800
