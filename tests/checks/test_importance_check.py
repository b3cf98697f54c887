"""`check` of importance matrices, of both forms, by themselves and against their model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from support.importance_files import dat_bytes, entry, gguf_file, write_importance

EXPERTS = "blk.0.ffn_down_exps.weight"


@pytest.fixture(params=["i.gguf", "i.dat"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(write_gguf: Any) -> Path:
    return write_gguf(
        {
            EXPERTS: np.ones((4, 3, 32), np.float32),
            "blk.0.attn_q.weight": np.ones((3, 64), np.float32),
            "blk.0.attn_k.weight": np.ones((3, 64), np.float32),
        },
        name="covered.gguf",
    )


def findings(path: Path, against: Path | None = None) -> list[tuple[str, str, str]]:
    verdict = gs.check(path, against=against, threads=1)
    return [(each.rule, each.severity, each.sentence) for each in verdict.findings]


def test_a_whole_one_is_sound(name: str, tmp_path: Path) -> None:
    path = write_importance(tmp_path / name, {EXPERTS: entry(4, 32), "blk.0.attn_q.weight": entry(1, 64)})
    verdict = gs.check(path)
    assert (verdict.sound, verdict.findings, verdict.document.readable) == (True, [], True)
    assert "importance" in {rule.name for rule in verdict.document.rules}


def test_experts_without_data_are_noted(name: str, tmp_path: Path, model: Path) -> None:
    entries = {EXPERTS: entry(4, 32, empty=[1, 3]), "blk.0.attn_q.weight": entry(1, 64)}
    path = write_importance(tmp_path / name, entries)
    sentence = f"nothing was summed for 2 of 4 experts of {EXPERTS}"
    alone = [] if name == "i.dat" else [("importance", "note", sentence)]  # that form does not tell experts apart
    assert findings(path) == alone
    lacks = ("importance", "warning", "sums of 2 of the model's 3 matrices; it lacks blk.0.attn_k.weight")
    assert set(findings(path, model)) == {lacks, ("importance", "note", sentence)}
    place = next(each.place for each in gs.check(path, against=model).findings if each.severity == "note")
    assert (place.experts, place.file) == ([1, 3], name)


def test_another_model_is_an_error(name: str, tmp_path: Path, model: Path) -> None:
    path = write_importance(tmp_path / name, {"blk.0.attn_q.weight": entry(1, 96)})
    [(rule, severity, sentence)] = findings(path, model)
    assert (rule, severity) == ("importance", "error")
    assert "another model" in sentence


def test_names_that_the_model_does_not_have(name: str, tmp_path: Path, model: Path) -> None:
    path = write_importance(tmp_path / name, {"blk.0.attn_q.weight": entry(1, 64), "blk.7.attn_q.weight": entry(1, 64)})
    sentences = [sentence for _, _, sentence in findings(path, model)]
    assert "sums of 1 tensor that the model does not have: blk.7.attn_q.weight" in sentences


def test_broken_ones(tmp_path: Path) -> None:
    path = tmp_path / "i.dat"
    path.write_bytes(dat_bytes({"ab": entry(1, 8)})[:40])
    verdict = gs.check(path)
    assert not verdict.document.readable
    assert verdict.findings[0].place.offset == 14
    file = gguf_file({"ab": entry(1, 8)})
    file.tensors[1].data = np.array([-1], np.float32).tobytes()
    path = tmp_path / "i.gguf"
    path.write_bytes(file.build())
    [(rule, severity, sentence)] = findings(path)
    assert (rule, severity) == ("importance", "error")
    assert sentence == "ab.counts has a count that is negative or not finite"


def test_what_is_refused(tmp_path: Path, model: Path) -> None:
    path = write_importance(tmp_path / "i.dat", {"ab": entry(1, 8)})
    with pytest.raises(ValueError, match="takes the rule 'importance'"):
        gs.check(path, ignore=["importance"])
    with pytest.raises(ValueError, match="manifests are of GGUF files"):
        gs.check(path, manifest=True)
    with pytest.raises(ValueError, match="only an importance matrix is held against a model"):
        gs.check(model, against=model)
