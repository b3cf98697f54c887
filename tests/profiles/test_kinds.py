"""What counts as a weight: tables of integers, doubles beyond float32, and matrices apart from vectors."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import ggufscope as gs
from ggufscope.models.selection import Selection
from ggufscope.profiles.health import Health
from ggufscope.profiles.rows import flat
from ggufscope.report.content.health_lines import health_lines
from ggufscope.terminal.console import TerminalScreen
from ggufscope.terminal.profile import render_profile
from support.gguf_writer import Gguf, Tensor

WriteGguf = Callable[..., Path]
RNG = np.random.default_rng(18)


def matrix(*shape: int) -> np.ndarray:
    return (0.02 * RNG.standard_normal(shape)).astype(np.float32)


@pytest.fixture
def with_tables(tmp_path: Path) -> Path:
    """Layers of matrices and gains, tables of three integer types, and a double beyond float32."""
    tensors = [Tensor("token_embd.weight", (64, 64), 0, matrix(64, 64).tobytes())]
    for layer in range(3):
        tensors.append(Tensor(f"blk.{layer}.attn_norm.weight", (64,), 0, np.full(64, 300, np.float32).tobytes()))
        tensors.append(Tensor(f"blk.{layer}.attn_q.weight", (64, 64), 0, matrix(64, 64).tobytes()))
    routes = RNG.integers(0, 256, (64, 6)).astype(np.int32)
    tensors.append(Tensor("blk.0.ffn_gate_tid2eid.weight", (64, 6), 26, routes.tobytes()))
    tensors.append(Tensor("d2t", (100,), 27, (1500 * np.arange(100)).astype(np.int64).tobytes()))
    tensors.append(Tensor("tokenizer_json", (400,), 24, RNG.integers(-128, 127, 400).astype(np.int8).tobytes()))
    tensors.append(Tensor("doubles", (4,), 28, np.array([1e300, 1.0, -1e-320, np.pi]).tobytes()))
    path = tmp_path / "tables.gguf"
    path.write_bytes(Gguf(tensors=tensors).build())
    return path


def test_tables_are_listed_apart(with_tables: Path) -> None:
    profile = gs.profile(with_tables)
    tables = ["blk.0.ffn_gate_tid2eid.weight", "d2t", "tokenizer_json"]
    assert [row.name for row in Health.of(profile).tables] == tables
    assert "ffn_gate_tid2eid" not in profile.roles
    assert profile.coverage == 1
    assert profile.total.n_elements == profile.model.n_elements - 64 * 6 - 100 - 400
    assert profile.total.matrices.rms == pytest.approx(0.02, rel=0.02)
    assert profile.layers[0].matrices.rms == pytest.approx(0.02, rel=0.05)
    assert profile.layers[0].abs_max == 300
    assert any(line.text.startswith("integers, which are no weights: 3 tensors") for line in health_lines(profile))


def test_a_double_beyond_float32_is_no_inf(with_tables: Path) -> None:
    profile = gs.profile(with_tables)
    row = profile.tensors["doubles"]
    assert (row.inf_count, row.nan_count, row.beyond_float32_count) == (0, 0, 1)
    assert profile.total.inf_count == 0
    assert profile.total.beyond_float32_count == 1
    assert Health.of(profile).sound
    (line,) = (line for line in health_lines(profile) if "beyond float32" in line.text)
    assert line == ("odd", "1 number beyond float32, in no other statistic: 1 tensor: doubles")


def test_matrices_and_vectors_are_all_of_a_layer(with_tables: Path) -> None:
    profile = gs.profile(with_tables)
    for row in (*profile.layers.values(), *profile.thirds.values(), profile.total):
        for field in ("n_tensors", "n_elements", "n_bytes"):
            assert getattr(row, field) == getattr(row.matrices, field) + getattr(row.vectors, field)
        assert row.l2_norm == pytest.approx(np.hypot(row.matrices.l2_norm, row.vectors.l2_norm), rel=1e-9)
    assert profile.layers[1].vectors.rms == 300
    assert profile.layers[1].matrices.layer == 1
    assert [row.role for row in profile.roles_of("vector")] == ["attn_norm"]
    assert {row.role for row in profile.roles_of("matrix")} == {"attn_q", "token_embd"}
    columns = profile.to_columns("layers", of="vectors")
    assert columns["layer"].tolist() == [0, 1, 2]
    assert columns["rms"].tolist() == [300.0] * 3
    with pytest.raises(ValueError, match="no 'vectors' of the table 'roles'"):
        profile.to_columns("roles", of="vectors")


def test_they_come_back(with_tables: Path, tmp_path: Path) -> None:
    profile = gs.profile(with_tables, keep_vectors=False)
    profile.save(tmp_path / "profile.json")
    assert gs.Profile.load(tmp_path / "profile.json") == profile.as_saved()


def shown(profile: gs.Profile) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    render_profile(TerminalScreen(console), profile)
    return console.file.getvalue()


def test_a_profile_of_before_shows_all_together(with_tables: Path, tmp_path: Path) -> None:
    profile = gs.profile(with_tables)
    document = json.loads(profile.to_json())
    for row in (document["total"], *document["layers"], *document["thirds"], *document["tensors"]):
        for name in ("matrices", "vectors", "kind"):
            row.pop(name, None)
    assert "stored" not in document["settings"]
    (tmp_path / "old.json").write_text(json.dumps(document))
    old = gs.Profile.load(tmp_path / "old.json")
    assert old.total.of_matrices is old.total
    assert {name: row.kind for name, row in old.tensors.items()} == {
        name: row.kind for name, row in profile.tensors.items()
    }
    assert "matrices and vectors, not told apart in this profile" in shown(old)


def test_the_terminal_shows_matrices_and_vectors_in_rows_of_their_own(with_tables: Path) -> None:
    text = shown(gs.profile(with_tables))
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert float(lines["all"][3]) == pytest.approx(0.02, rel=0.02)
    assert lines["vectors"][1] == str(3 * 64 + 4)
    assert "largest  |w| = 0.0" in text
    roles = [line.split()[0] for line in text.splitlines() if line.startswith(("attn_", "token_embd"))]
    assert roles == ["attn_q", "token_embd", "attn_norm"]
    assert "ffn_gate_tid2eid " not in text


def test_sorting_by_a_statistic_begins_with_matrices(with_tables: Path) -> None:
    rows = [flat(row) for row in gs.profile(with_tables).tensors.values()]
    chosen = Selection.of(sort="rms", top=5).rows(rows)
    assert [row["kind"] for row in chosen] == ["matrix"] * 4 + ["table"]
    assert Selection.of(sort="n_bytes", top=1).rows(rows)[0]["name"] == "token_embd.weight"


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [
        ("blk.0.attn_q.weight", (8, 32), "matrix"),
        ("blk.0.attn_q_norm.weight", (8, 32), "vector"),
        ("blk.0.ffn_up_exps.bias", (8, 32), "vector"),
        ("blk.0.attn_q.bias", (32,), "vector"),
        ("blk.0.ffn_up_exps.weight", (2, 8, 32), "matrix"),
    ],
)
def test_kinds(write_gguf: WriteGguf, name: str, shape: tuple[int, ...], kind: str) -> None:
    path = write_gguf({name: np.ones(shape, np.float32)})
    with gs.open(path) as model:
        assert model.tensors[name].kind == kind
    assert gs.profile(path).tensors[name].kind == kind


def test_layers_of_gemma_are_its_matrices(gemma3: Path) -> None:
    """Pooled, they read 4.38 and more from gains of hundreds."""
    profile = gs.profile(gemma3, keep_vectors=False)
    for layer in range(18):
        row = profile.layers[layer]
        assert row.matrices.rms == pytest.approx(0.034, rel=0.1)
        assert row.rms > 5 * row.matrices.rms
        assert row.vectors.rms > 7
    assert max(row.rms for row in profile.layers.values()) > 4
    largest = max((row for row in profile.tensors.values() if row.is_matrix), key=lambda row: row.abs_max)
    assert largest.abs_max < 2 < profile.total.abs_max
