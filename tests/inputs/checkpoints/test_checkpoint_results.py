"""Results of a checkpoint and of the GGUF file that a converter makes of it are equal, but for facts of the files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from support.checkpoints.reversing import write_back

OF_FILES = ("model", "run", "subject", "files")


@pytest.fixture(scope="module")
def both(stories260k: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkpoint of the real small model, and the model."""
    return write_back(stories260k, tmp_path_factory.mktemp("checkpoints") / "stories"), stories260k


def _plain(result: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.to_json())
    return {key: value for key, value in document.items() if key not in OF_FILES}


def test_an_analysis_is_equal(both: tuple[Path, Path]) -> None:
    analyses = [_plain(gs.analyze(each)) for each in both]
    assert json.dumps(analyses[0]) == json.dumps(analyses[1])


def test_a_trace_is_equal(both: tuple[Path, Path], tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Once upon a time there was a little dog.", encoding="utf-8")
    traces = [_plain(gs.trace(each, text=text)) for each in both]
    assert json.dumps(traces[0]) == json.dumps(traces[1])


def test_a_check_finds_the_same(both: tuple[Path, Path]) -> None:
    checks = [gs.check(each) for each in both]
    rules = [sorted({finding.rule for finding in check.document.findings}) for check in checks]
    assert rules[0] == [rule for rule in rules[1] if rule in rules[0]]
    assert all(check.document.readable for check in checks)


def test_bits_and_a_diff_take_a_checkpoint(both: tuple[Path, Path]) -> None:
    diff = gs.diff(*both)
    (record,) = diff.models
    assert record.fidelity is not None
    assert (record.fidelity.faithful, record.fidelity.exact) == (True, True)
    assert all(tensor.identical or tensor.unchanged == 1 for tensor in record.tensors)


def test_of_rows_no_others_are_read(both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at all of a matrix for each row took ten minutes on a checkpoint of 16 GB, whose bytes are not mapped."""
    reads = []
    read = gs.Tensor.read
    monkeypatch.setattr(gs.Tensor, "read", lambda self, begin, size: reads.append(size) or read(self, begin, size))
    with gs.open(both[0]) as seen, gs.open(both[1]) as mapped:
        name, rows = "blk.1.attn_q.weight", slice(5, 8)
        tensor = seen.tensors[name]
        vector = np.arange(tensor.shape[-1], dtype=np.float32)
        products = [model.tensors[name].row_products(vector, rows=rows).linear for model in (seen, mapped)]
        assert products[0].tobytes() == products[1].tobytes()
        assert reads == [3 * tensor.n_bytes // tensor.n_rows]
