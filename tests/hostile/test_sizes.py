"""Files of at most 10 MB that ask for more than they are worth: an answer within 300 MB, or the limit in one line.

Time is not asserted. What made it grow is: rows that are laid out, arrays that are read, texts that are escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.models.experts import MOST_EXPERTS
from ggufscope.models.mapped import MOST_SMALL_TENSORS
from ggufscope.models.metadata import Metadata
from ggufscope.models.stacks import MOST_LAYERS, MOST_STACKS
from ggufscope.terminal.screen import MOST_ROWS
from ggufscope.text.glyphs import Glyphs
from support.gguf_writer import ARRAY, STRING, UINT8, UINT32, Array, Gguf, Key, Tensor
from support.measured_runs import measured_run
from support.small_models import readable

if TYPE_CHECKING:
    from support.command_line import RunCommand

MEGABYTES = 300
ESCAPES = "\x1b" * 9_000_000
IQ1_S, IQ1_S_BLOCK = 19, (256, 50)  # id; elements and bytes of a block

Write = Callable[[Gguf], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(file: Gguf) -> Path:
        path = tmp_path / "m.gguf"
        path.write_bytes(file.build())
        return path

    return written


def ones(name: str, *shape: int) -> Tensor:
    return Tensor(name, shape, 0, b"\0\0\x80\x3f" * math.prod(shape))


def file(*tensors: Tensor, **keys: tuple[int, object]) -> Gguf:
    named = [Key(key.replace("__", "."), *value) for key, value in keys.items()]
    return Gguf(keys=[Key("general.architecture", STRING, "llama"), *named], tensors=list(tensors))


def with_heads(n_heads: int | list[int], width: int, *tensors: Tensor) -> Gguf:
    count = (ARRAY, Array(UINT32, list(n_heads))) if isinstance(n_heads, list) else (UINT32, n_heads)
    return file(*tensors, llama__attention__head_count=count, llama__embedding_length=(UINT32, width))


def ragged() -> Gguf:
    heads = [500_000, *[1] * 1000]
    return with_heads(heads, 4, *(ones(f"blk.{i}.attn_output.weight", 1, n) for i, n in enumerate(heads)))


def wide() -> Gguf:
    """Tensors of one row and millions of columns, each of which has a norm."""
    elements, n_bytes = IQ1_S_BLOCK
    blocks = 12_000
    shape, data = (1, blocks * elements), bytes(blocks * n_bytes)
    return file(*(Tensor(f"blk.{i}.ffn_up.weight", shape, IQ1_S, data) for i in range(16)))


ANSWERED = {
    "heads on the columns": lambda: with_heads(500_000, 4, ones("blk.0.attn_output.weight", 1, 500_000)),
    "one layer of many heads": ragged,
    "layers of many heads": lambda: with_heads(
        4096, 4, *(ones(f"blk.{i}.attn_q.weight", 4096, 1) for i in range(300))
    ),
    "wide": wide,
    "names of escapes": lambda: file(
        *(ones(f"{i:04}" + "\x1b" * 1000, 1) for i in range(MOST_SMALL_TENSORS)), general__name=(STRING, ESCAPES[:999])
    ),
    "a name of escapes": lambda: file(ones("a", 1), general__name=(STRING, ESCAPES)),
    "a layer each": lambda: file(*(ones(f"blk.{2 * i}.a.weight", 1, 1) for i in range(MOST_SMALL_TENSORS))),
    "a role each": lambda: file(*(ones(f"blk.{i % 99}.r{i}.weight", 1, 1) for i in range(MOST_SMALL_TENSORS))),
    "long keys": lambda: file(
        ones("a", 1), **{"k" * 60_000: (UINT8, 1)}, **{f"k{i}": (STRING, "x" * 80) for i in range(60_000)}
    ),
    "an importance matrix": lambda: file(
        ones("a", 1), **{f"quantize__imatrix__{i}": (STRING, "x" * 99) for i in range(60_000)}
    ),
    "nested arrays": lambda: file(ones("a", 1), n=(ARRAY, Array(ARRAY, [Array(UINT8, [7] * 9_000_000)]))),
}  # fmt: skip


@pytest.mark.parametrize("command", ["inspect", "profile", "check"])
@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_costs_little_memory(write: Write, name: str, command: str) -> None:
    path = write(ANSWERED[name]())
    assert path.stat().st_size <= 10_000_000
    run = measured_run(command, path)
    assert (run.code, run.message) == (int(command == "check"), "")  # none of them is sound
    assert run.megabytes - path.stat().st_size / 2**20 < MEGABYTES
    assert "\x1b" not in run.output
    assert len(run.output) < 1_000_000


REFUSED = {
    "crumbs": (
        lambda: file(*(ones(f"t{i}", 0) for i in range(MOST_SMALL_TENSORS + 1))),
        f"{MOST_SMALL_TENSORS + 1} tensors of 0 bytes on average; the limit is {MOST_SMALL_TENSORS} unless they have "
        "4096 bytes",
    ),
    "stacks": (
        lambda: file(*(ones(f"s{i}.blk.0.a.weight", 1) for i in range(MOST_STACKS + 1))),
        f"names of tensors in {MOST_STACKS + 1} stacks of layers; the limit is {MOST_STACKS}",
    ),
    "architecture": (
        lambda: Gguf(keys=[Key("general.architecture", STRING, "x" * 257)], tensors=[ones("a", 1)]),
        "general.architecture is a text of 257 characters; the limit is 256",
    ),
}


@pytest.mark.parametrize("command", ["inspect", "profile", "analyze", "trace"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_limit_is_told_in_one_line(write: Write, run_command: RunCommand, name: str, command: str) -> None:
    make, reason = REFUSED[name]
    path = write(make())
    assert run_command(command, path, *(["--probe", "12"] if command == "trace" else [])) == (
        3, "", f"ggufscope: {path}: {reason}\n"
    )  # fmt: skip


def test_many_tensors_are_fine_where_they_are_large(write: Write) -> None:
    row = bytes(4 * 1024)
    many = [Tensor(f"t{i}", (1024,), 0, row) for i in range(MOST_SMALL_TENSORS + 1)]
    with gs.open(write(file(*many))) as model:
        assert len(model.tensors) == MOST_SMALL_TENSORS + 1


def test_arrays_by_layer_are_read_once(write: Write) -> None:
    tensors = [ones(f"blk.{i}.attn_{part}.weight", 64, 64) for i in range(20) for part in ("q", "k", "v", "output")]
    with gs.open(write(with_heads([2] * 20, 64, *tensors))) as model:
        value = Metadata._value
        with mock.patch.object(Metadata, "_value", autospec=True, side_effect=value) as reads:
            profile = gs.profile(model)
    asked = [call.args[1] for call in reads.call_args_list]
    assert asked.count("llama.attention.head_count") == 1
    assert profile.heads["attn_q"].n_heads == [2] * 20


def test_a_table_tells_how_many_rows_it_leaves_out(write: Write, run_command: RunCommand) -> None:
    path = write(file(*(ones(f"blk.{i}.a.weight", 1, 1) for i in range(MOST_ROWS + 3))))
    _, output, _ = run_command("inspect", path, "--table")
    assert output.endswith("and 3 tensors more: --top N shows N of them, and --json has all\n")
    _, output, _ = run_command("inspect", path, "--top", MOST_ROWS + 2)
    assert "more" not in output
    assert f"blk.{MOST_ROWS + 1}.a.weight" in output
    _, output, _ = run_command("profile", path, "--sort", "name", "--fast")
    assert output.endswith("and 3 tensors more: --top N shows N of them, and the JSON has all\n")
    _, output, _ = run_command("profile", path, "--fast")
    assert "and 979 layers more: --json has all\n" in output


def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    with mock.patch("ggufscope.text.glyphs.escape", side_effect=str) as escape:
        assert Glyphs(blocks=True).cut(ESCAPES, 20) == "\x1b" * 19 + "…"
    escape.assert_called_once_with("\x1b" * 21)


@pytest.mark.parametrize("command", ["analyze", "trace"])
def test_layers_that_no_model_has_are_refused(write: Write, run_command: RunCommand, command: str) -> None:
    tensors = [ones(f"blk.{i}.attn_{part}.weight", 4, 4) for i in (0, MOST_LAYERS) for part in "qkv"]
    path = write(file(*tensors))
    reason = f"there is a layer {MOST_LAYERS}; the limit is {MOST_LAYERS} layers"
    expected = (3, "", f"ggufscope: {path}: {reason}\n")
    assert run_command(command, path, *(["--probe", "12"] if command == "trace" else [])) == expected
    if command == "analyze":
        saved = path.with_suffix(".json")
        gs.profile(path).save(saved)
        assert run_command(command, saved) == (3, "", f"ggufscope: {saved}: {reason}\n")


@pytest.mark.parametrize("command", ["analyze", "trace"])
def test_experts_that_no_model_has_are_refused(write: Write, run_command: RunCommand, command: str) -> None:
    path = write(file(ones("blk.0.ffn_up_exps.weight", MOST_EXPERTS + 1, 4, 4)))
    reason = f"a tensor holds {MOST_EXPERTS + 1} experts; the limit is {MOST_EXPERTS} experts"
    expected = (3, "", f"ggufscope: {path}: {reason}\n")
    assert run_command(command, path, *(["--probe", "12"] if command == "trace" else [])) == expected
    if command == "analyze":
        saved = path.with_suffix(".json")
        gs.profile(path).save(saved)
        assert run_command(command, saved) == (3, "", f"ggufscope: {saved}: {reason}\n")


def test_a_scalar_in_place_of_a_matrix_is_called_one(write_gguf: Callable[..., Path], run_command: RunCommand) -> None:
    sound = readable()
    path = write_gguf(sound["tensors"] | {"blk.0.attn_q.weight": np.float32(1)}, sound["metadata"])
    code, _, message = run_command("trace", path, "--probe", "4")
    assert (code, message) == (3, "ggufscope: blk.0.attn_q.weight is a scalar, not 64 × 64\n")
