"""`gs.bits`: the mix within a budget, given files beside it, constraints, what is refused, the command."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.budgets.budget import Budget, parse_budget
from ggufscope.diffs.budgets.constraints import parse_keep
from ggufscope.errors import BitsError, DiffError, TraceError
from ggufscope.synth.blocks import quantize
from support.importance_files import entry, write_importance
from support.needs import llama_cpp_needed

if TYPE_CHECKING:
    from support.command_line import RunCommand

SHAPES = {
    "token_embd.weight": (40, 256),
    "blk.0.attn_q.weight": (64, 256),
    "blk.0.ffn_down.weight": (256, 256),
    "blk.1.attn_q.weight": (64, 256),
    "blk.1.ffn_down.weight": (256, 256),
}
TYPES = ("Q4_0", "Q6_K", "Q8_0")


def weights() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(3)
    spread = iter((0.5, 3.0, 1.0, 5.0, 2.0))
    return {name: chance.standard_t(next(spread) + 2, shape).astype(np.float32) for name, shape in SHAPES.items()}


def as_type(exact: np.ndarray, kind: str) -> tuple[np.ndarray, str]:
    blocks = quantize(exact.reshape(-1), kind)
    return blocks.reshape(len(exact), -1).astype(np.uint8), kind


@pytest.fixture
def files(write_gguf: Any) -> list[Path]:
    """A reference, its copies in three types, and one that mixes them."""
    exact = weights()
    norm = {"output_norm.weight": np.ones(256, np.float32)}
    paths = [write_gguf(exact | norm, name="f32.gguf")]
    for kind in TYPES:
        made = {name: as_type(each, kind) for name, each in exact.items()}
        paths.append(write_gguf(made | norm, name=f"{kind}.gguf"))
    kinds = itertools.cycle(TYPES)
    mixed = {name: as_type(each, next(kinds)) for name, each in exact.items()}
    return [*paths, write_gguf(mixed | norm, name="mixed.gguf")]


def test_no_mix_within_the_budget_costs_less(files: list[Path]) -> None:
    found = gs.bits(*files, budget="6bpw")
    document = found.document
    assert document.exact
    assert document.mix.bits_per_weight <= 6
    tables = [tensor.options for tensor in document.tensors]
    fixed = 256 * 4
    costs = [
        sum(option.cost for option in mix)
        for mix in itertools.product(*tables)
        if sum(option.n_bytes for option in mix) + fixed <= document.budget.tensor_bytes
    ]
    assert document.mix.cost == pytest.approx(min(costs), rel=1e-9)
    assert document.mix.n_bytes == sum(tensor.n_bytes for tensor in document.tensors) + fixed
    assert set(found.types.values()) <= set(TYPES)
    assert {option.source for tensor in document.tensors for option in tensor.options} == {
        "Q4_0.gguf", "Q6_K.gguf", "Q8_0.gguf",
    }  # fmt: skip


def test_it_is_never_worse_than_a_given_file_of_its_size(files: list[Path]) -> None:
    for path in files[1:]:
        with gs.open(path) as model:
            budget = Budget("its size", bits_per_weight=model.bits_per_weight)
        document = gs.bits(*files, budget=budget).document
        given = next(each for each in document.given if each.file == path.name)
        assert given.cost is not None
        assert given.least_cost is not None
        assert given.least_cost <= given.cost * (1 + 1e-9)
        assert document.mix.cost <= given.cost * (1 + 1e-9)


def test_the_curve_falls_and_ends_where_everything_is_best(files: list[Path]) -> None:
    document = gs.bits(*files, budget="5.5bpw").document
    sizes, costs = zip(*((point.n_bytes, point.cost) for point in document.curve), strict=True)
    assert list(sizes) == sorted(sizes)
    assert list(costs) == sorted(costs, reverse=True)
    best = sum(min(option.cost for option in tensor.options) for tensor in document.tensors)
    assert costs[-1] == pytest.approx(best)


def test_what_is_kept_is_kept(files: list[Path]) -> None:
    found = gs.bits(*files, budget="6bpw", keep={"token_embd": "Q8_0", "blk.0.*": "Q4_0"})
    assert list(found.types.values())[:3] == ["Q8_0", "Q4_0", "Q4_0"]
    assert [tensor.kept for tensor in found.document.tensors] == [True, True, True, False, False]


def test_the_recipe_gives_these_types(files: list[Path]) -> None:
    found = gs.bits(*files, budget="6bpw")
    assert found.document.recipe["not_made"] == {}
    assert found.command.startswith("llama-quantize \\\n  --pure")
    assert {name: found.recipe.type_of(name, SHAPES[name][1]) for name in SHAPES} == found.types
    assert found.document.recipe["command"][-3:-1] == ["REFERENCE.gguf", "RESULT.gguf"]  # type: ignore[index]


def test_it_is_saved_and_loaded(files: list[Path], tmp_path: Path) -> None:
    found = gs.bits(*files, budget="6bpw")
    path = tmp_path / "bits.json"
    found.save(path)
    loaded = gs.Bits.load(path)
    assert loaded == found.as_saved()
    columns = loaded.to_columns()
    assert columns["type"].tolist() == list(found.types.values())
    assert math.fsum(columns["cost"]) == pytest.approx(found.document.mix.cost)
    assert columns["layer"].tolist() == [tensor.layer for tensor in found.document.tensors]
    assert list(loaded.to_pandas("mixes")["kind"])[-1] == "given"
    assert found.command.splitlines()[0].split()[0] in loaded._repr_html_()
    assert loaded.to_polars("choices")["chosen"].sum() == len(found.types)
    path.write_text(path.read_text().replace('"exact": true', '"exact": 3'))
    with pytest.raises(BitsError):
        gs.Bits.load(path)
    plain = json.loads(found.to_json())
    plain["tensors"][1]["n_bytes"] = 2**63
    path.write_text(json.dumps(plain))
    with pytest.raises(BitsError, match=r"tensors\.1\.n_bytes: no integer of 64 bits"):
        gs.Bits.load(path)


def test_a_saved_command_is_that_of_its_parts(files: list[Path]) -> None:
    """Somebody may paste it into a shell."""
    text = gs.bits(*files, budget="6bpw").to_json()
    recipe = json.loads(text)["recipe"]
    for change in (
        {"shell": "rm -rf ."},
        {"shell": None},
        {"command": ["rm"]},
        {"label": "Q4_0; rm"},
        {"label": 3},
        {"tensor_types": [{"pattern": "\x1b[2J", "type": "Q4_0"}]},
        {"tensor_types": None},
        {"not_made": []},
    ):
        with pytest.raises(BitsError, match="recipe: its command is not what its parts make"):
            gs.Bits.from_json(json.dumps(json.loads(text) | {"recipe": recipe | change}))
    for key in recipe:
        without = {name: value for name, value in recipe.items() if name != key}
        with pytest.raises(BitsError, match="recipe: its command is not what its parts make"):
            gs.Bits.from_json(json.dumps(json.loads(text) | {"recipe": without}))


@pytest.mark.parametrize(
    ("text", "bits", "size"),
    [
        ("4.8bpw", 4.8, None),
        ("5.2GB", None, 5_200_000_000),
        ("900mb", None, 900_000_000),
        ("1 GiB", None, 1 << 30),
        ("123456B", None, 123_456),
    ],
)
def test_budgets(text: str, bits: float | None, size: int | None) -> None:
    budget = parse_budget(text)
    assert (budget.bits_per_weight, budget.file_bytes) == (bits, size)


@pytest.mark.parametrize(
    "text", ["", "4.8", "bpw", "-3bpw", "4.8bits", "5,2GB", "1e3MB", "0bpw", "0GB", "65bpw", "nanB"]
)
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ValueError, match="--budget"):
        parse_budget(text)


def test_what_keeps_two_types() -> None:
    with pytest.raises(ValueError, match="--keep says twice what 'output' keeps"):
        parse_keep(["output=Q6_K", "output=Q8_0"])


def test_a_place_that_nothing_can_be_written_to_is_told_before_the_work(
    files: list[Path], tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ggufscope.commands.bits.choose_types", None)  # is not called
    code, output, message = run_command("bits", *files, "--budget", "6bpw", "-o", tmp_path / "none" / "bits.json")
    assert (code, output) == (4, "")
    assert message.endswith("none/bits.json: No such file or directory\n")


@pytest.mark.parametrize("text", ["output", "=Q4_K", "output=", "output=Q4_X", "output=F8_E4M3"])
def test_what_keeps_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"--keep takes|there is no type"):
        parse_keep([text])


def test_a_size_counts_the_header(files: list[Path]) -> None:
    """A mix within the size of the file of Q6_K, header and all, takes no more than its tensors."""
    size = files[2].stat().st_size
    document = gs.bits(*files, budget=f"{size}B").document
    with gs.open(files[0]) as reference:
        overhead = files[0].stat().st_size - reference.n_bytes
    assert document.budget.tensor_bytes == size - overhead


def test_what_cannot_be_is_refused(files: list[Path], write_gguf: Any) -> None:
    with pytest.raises(ValueError, match=r"2 bits per weight to the tensors, and the smallest mix .* takes 4\.\d+"):
        gs.bits(*files, budget="2bpw")
    with pytest.raises(ValueError, match=r"100B leaves nothing beside the header to the tensors"):
        gs.bits(*files, budget="100B")
    with pytest.raises(ValueError, match=r"and the largest mix of these types takes 8\.\d+"):
        gs.bits(*files, budget="20bpw")
    with pytest.raises(ValueError, match="no tensor that is quantized has such a name or role"):
        gs.bits(*files, budget="6bpw", keep={"output": "Q8_0"})
    with pytest.raises(ValueError, match="cannot keep Q5_K: its types here are Q4_0, Q6_K, Q8_0"):
        gs.bits(*files, budget="6bpw", keep={"token_embd": "Q5_K"})
    with pytest.raises(BitsError, match="nothing to choose from"):
        gs.bits(files[0], budget="6bpw")
    with pytest.raises(ValueError, match="llama-quantize does not make NVFP4"):
        gs.bits(*files, budget="6bpw", types=["nvfp4"])
    with pytest.raises(DiffError, match="are they swapped"):
        gs.bits(files[1], files[0], budget="6bpw")
    other = write_gguf(
        {"blk.0.attn_q.weight": as_type(weights()["blk.0.attn_q.weight"], "Q4_0")}, architecture="gemma3"
    )
    with pytest.raises(DiffError, match="different architectures, llama and gemma3"):
        gs.bits(files[0], other, budget="6bpw")
    small = write_gguf({"blk.0.attn_q.weight": (np.zeros((2, 18), np.uint8), "Q4_0")}, name="small.gguf")
    with pytest.raises(DiffError, match="none of the reference's matrices"):
        gs.bits(files[0], small, budget="6bpw")


def test_weights_without_a_cost_are_refused(files: list[Path], write_gguf: Any) -> None:
    """NaN and infinite costs have no place in a sum, and none in JSON."""
    name = "blk.1.attn_q.weight"
    broken = weights()
    broken[name][3, 5] = np.nan
    reference = write_gguf(broken, name="broken.gguf")
    with pytest.raises(BitsError, match=rf"{name} as Q4_0 \(Q4_0.gguf\) has no finite cost: .* NaN, Inf or too large"):
        gs.bits(reference, *files[1:], budget="6bpw")
    model = write_gguf({key: each.astype(np.float16) for key, each in broken.items()}, name="f16.gguf")
    with pytest.raises(BitsError, match=rf"{name} as F16 \(f16.gguf\) has no finite cost"):
        gs.bits(files[0], *files[1:], model, budget="6bpw")


@llama_cpp_needed
def test_weights_that_ggml_cannot_quantize_are_named(write_gguf: Any) -> None:
    broken = weights()
    broken["blk.1.attn_q.weight"][3, 5] = np.inf
    with pytest.raises(TraceError, match=r"blk\.1\.attn_q\.weight: weights that are not finite cannot be made Q4_0"):
        gs.bits(write_gguf(broken), budget="5bpw", types=["Q4_0", "Q8_0"])


def test_models_without_a_weight_are_refused(files: list[Path], write_gguf: Any, run_command: RunCommand) -> None:
    for shape in ((0, 256), (64, 0)):
        empty = write_gguf({name: np.zeros(shape, np.float32) for name in SHAPES}, name="empty.gguf")
        for pair in ((empty, files[1]), (empty, empty), (files[0], empty)):
            code, output, message = run_command("bits", *pair, "--budget", "5bpw")
            assert (code, output, message.count("\n")) == (3, "", 1), message


def test_the_command(files: list[Path], tmp_path: Path, run_command: RunCommand) -> None:
    out = tmp_path / "bits.json"
    code, text, error = run_command("bits", *files, "--budget", "6bpw", "--keep", "token_embd=q8_0", "-o", out)
    assert (code, error) == (0, "")
    assert "llama-quantize" in text
    assert "mixed.gguf" in text
    assert "make no good recipe" in " ".join(text.split())
    code, printed, _ = run_command("bits", *files, "--budget", "6bpw", "--keep", "token_embd=q8_0", "--json")
    document = json.loads(printed)
    assert document["schema"] == "ggufscope.bits/1"
    assert document["mix"] == json.loads(out.read_text())["mix"]
    for words, expected in (
        (("--budget", "6"), "--budget takes bits per weight or a size"),
        (("--budget", "1bpw"), "the smallest mix"),
        (("--budget", "6bpw", "--keep", "x"), "--keep takes"),
    ):
        code, text, error = run_command("bits", *files, *words)
        assert (code, text) == (2, "")
        assert expected in error
        assert error.count("\n") == 1


@llama_cpp_needed
def test_types_that_no_file_has_are_made_by_ggml(files: list[Path], tmp_path: Path) -> None:
    found = gs.bits(files[0], budget="4.9bpw", types=["q4_k", "Q5_K", "iq4_xs"])
    assert {option.source for tensor in found.document.tensors for option in tensor.options} == {"ggml"}
    assert found.document.mix.bits_per_weight <= 4.9
    matrix = write_importance(
        tmp_path / "i.gguf", {name: entry(1, 256, 7) for name in SHAPES if name.startswith("blk")}
    )
    weighed = gs.bits(files[0], files[1], budget="5.5bpw", types=["Q5_K", "Q6_K"], imatrix=matrix)
    assert weighed.document.importance == "i.gguf"
    assert "--imatrix IMATRIX.gguf" in weighed.command
    assert "--imatrix" not in found.command
    assert weighed.document.tensors[1].options[0].cost != found.document.tensors[1].options[0].cost
