"""Hashes of whole files: those of sha256sum, and what they tell that identity does not."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.commands.app import main
from ggufscope.models.file_hashes import FileHashing, hash_files
from ggufscope.models.subject import Subject, same_model, told_apart
from ggufscope.synth import make_plan, write_plan
from support import small_models
from support.file_edits import edit_outside_samples, sha256


@pytest.fixture
def model(write_gguf: Callable[..., Path]) -> Path:
    return write_gguf(**small_models.llama())


def test_a_profile_holds_hashes_only_where_they_were_asked_for(model: Path) -> None:
    plain, hashed = gs.profile(model), gs.profile(model, hash=True)
    assert hashed.model.file_hashes == [sha256(model)]
    assert hashed.subject.file_hashes == [sha256(model)]
    assert "file_hashes" not in json.loads(plain.to_json())["model"]
    saved = json.loads(hashed.to_json(reproducible=True))
    assert saved["model"].pop("file_hashes") == [sha256(model)]
    assert saved == json.loads(plain.to_json(reproducible=True))
    assert gs.Profile.from_json(hashed.to_json()).model == hashed.model


def test_every_file_of_a_split_model_is_hashed(tmp_path: Path) -> None:
    write_plan(make_plan("tiny", layers=2), tmp_path / "m.gguf", shards=3)
    with gs.open(next(tmp_path.glob("*-00001-of-00003.gguf"))) as model:
        assert model.file_hashes is None
        assert hash_files(model) == [sha256(file) for file in model.files]
        assert model.file_hashes == [sha256(file) for file in model.files]
        assert len(model.file_hashes) == 3


def test_files_of_many_pieces(write_gguf: Callable[..., Path]) -> None:
    path = write_gguf({"x": np.random.default_rng(0).standard_normal((900, 1024)).astype(np.float32)})
    assert path.stat().st_size > 3 << 20
    with gs.open(path) as model:
        assert hash_files(model) == [sha256(path)]


def test_a_file_that_shrinks_is_an_error_of_the_file(model: Path) -> None:
    with gs.open(model) as opened:
        os.truncate(model, 4096)
        with pytest.raises(gs.GGUFError):
            hash_files(opened)
        with pytest.raises(gs.GGUFError):
            gs.profile(opened, hash=True)


def test_who_waits_can_cancel_and_no_thread_is_left(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(FileHashing, "_hash_of", lambda *_: "late" if release.wait(60) else "never")

    def cancel() -> None:
        release.set()
        raise KeyboardInterrupt

    with gs.open(model) as opened, pytest.raises(KeyboardInterrupt):
        hash_files(opened, cancel)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ggufscope-hash")]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("a", None), ("a", None), True),
        (("a", None), ("b", None), False),
        (("a", ["x"]), ("a", None), True),
        (("a", ["x"]), ("a", ["x"]), True),
        (("a", ["x"]), ("a", ["y"]), False),
        (("a", ["x", "y"]), ("a", ["x"]), False),
        (("a", ["x"]), ("b", ["x"]), False),
        ((None, None), (None, None), False),
    ],
)
def test_hashes_decide_where_both_have_them(first: Any, second: Any, same: bool) -> None:
    one, other = (
        Subject("t", "f", None, None, None, False, identity, file_hashes=h) for identity, h in (first, second)
    )
    assert same_model(one, other) is same
    assert same_model(other, one) is same


def test_what_tells_two_models_apart_is_named() -> None:
    one, other = (Subject("t", "f", None, None, None, False, "a", file_hashes=["x", h]) for h in "yz")
    assert told_apart(one, other) == ("whole file y", "whole file z")


def test_the_command_prints_and_saves_them(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "profile.json"
    assert main(["profile", str(model), "--hash", "-o", str(target)]) == 0
    digest = sha256(model)
    out = capsys.readouterr().out
    assert digest.removeprefix("sha256:") in "".join(out.split())
    assert "sha256" in out
    assert gs.Profile.load(target).model.file_hashes == [digest]
    assert main(["profile", str(model)]) == 0
    assert "sha256" not in capsys.readouterr().out


@pytest.mark.parametrize("hashes", [["sha256:0"], [], ["sha256:" + "0" * 64] * 2, ["sha256:" + "g" * 64], "x"])
def test_malformed_hashes_are_refused(model: Path, hashes: Any) -> None:
    plain = json.loads(gs.profile(model).to_json())
    plain["model"]["file_hashes"] = hashes
    with pytest.raises(gs.ProfileError, match=r"malformed profile: model"):
        gs.Profile.from_json(json.dumps(plain))


def test_an_edit_that_keeps_the_identity_is_refused_by_validate(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    write_plan(make_plan("tiny", layers=2), path)
    edited = tmp_path / "edited.gguf"
    shutil.copy(path, edited)
    edit_outside_samples(edited)
    with gs.open(path) as model:
        analysis = gs.analyze(model, profile=gs.profile(model, hash=True), preset="heuristic")
    assert analysis.subject.file_hashes == [sha256(path)]
    analysis = gs.Analysis.from_json(analysis.to_json())
    other = gs.trace(edited, probe=8, hash=True)
    other = gs.Trace.from_json(other.to_json())
    assert other.subject.identity == analysis.subject.identity
    short = sha256(path)[:20], sha256(edited)[:20]
    with pytest.raises(gs.ValidationError, match=rf"whole file {short[0]}.*whole file {short[1]}"):
        gs.validate(analysis, other)
    unhashed = gs.trace(edited, probe=8)
    assert "file_hashes" not in json.loads(unhashed.to_json())["model"]
    assert gs.validate(analysis, unhashed).subject.file_hashes is None
    same = gs.trace(path, probe=8, hash=True)
    assert gs.validate(analysis, same).subject.file_hashes == [sha256(path)]
    with pytest.raises(gs.ValidationError, match="the probe is of"):
        gs.validate(analysis, same, probe=other)
    with pytest.raises(gs.ValidationError, match="the probe is of"):
        gs.validate(analysis, unhashed, probe=other)
