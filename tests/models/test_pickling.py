"""Models and tensors in other processes: a pickle names the file, which must still hold the same weights."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
from operator import methodcaller
from pathlib import Path

import pytest

import ggufscope as gs
from support.pickling import through_pickle, unpickled

QUERY = "blk.0.attn_q.weight"


def test_a_model_is_opened_anew(small: Path) -> None:
    with gs.open(small) as model, through_pickle(model) as opened:
        assert opened is not model
        assert opened.identity == model.identity
        assert opened.metadata == model.metadata
        model.close()
        assert opened.tensors[QUERY].dequantize().shape == (4, 64)


@pytest.mark.parametrize("known", [False, True], ids=["identity unknown", "identity known"])
def test_a_closed_model_is_opened_anew(small: Path, known: bool) -> None:
    with gs.open(small) as model:
        identity = model.identity if known else None
    with through_pickle(model) as opened:
        assert not opened.closed
        assert identity in {None, opened.identity}


def test_the_path_is_that_of_the_directory_it_was_opened_in(
    small: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.parent)
    with gs.open(small.name) as model:
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        with through_pickle(model) as opened:
            assert opened.path == str(small)


def test_a_copy_has_a_mapping_of_its_own(small: Path) -> None:
    for copied in (copy.copy, copy.deepcopy):
        with gs.open(small) as model:
            other = copied(model)
            model.close()
            with other:
                assert len(other.tensors) == 5


@pytest.mark.parametrize("change", ["weight", "size", "name"])
@pytest.mark.parametrize("closed", [False, True])
def test_another_file_by_now_is_refused(small: Path, change: str, closed: bool) -> None:
    with gs.open(small) as model:
        tensor = model.tensors[QUERY]
        if closed:
            assert model.identity
            model.close()
        saved = pickle.dumps([model, tensor])
        data = bytearray(small.read_bytes())
        if change == "weight":
            data[tensor.offset] ^= 1
        elif change == "size":
            data += bytes(32)
        else:
            data = data.replace(b"odd name", b"odd game")
        replace(small, bytes(data))
        with pytest.raises(gs.GGUFError, match=r"model\.gguf: the file changed since the model was pickled"):
            unpickled(saved)


def test_a_model_closed_before_its_identity_was_asked_for_is_known_by_its_tensor_table(small: Path) -> None:
    model = gs.open(small)
    model.close()
    saved = pickle.dumps(model)
    replace(small, small.read_bytes().replace(b"odd name", b"odd game"))
    with pytest.raises(gs.GGUFError, match="changed"):
        unpickled(saved)


def test_a_file_that_is_gone(small: Path) -> None:
    with gs.open(small) as model:
        saved = pickle.dumps(model)
        small.unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.gguf"):
        unpickled(saved)


def test_tensors_of_one_pickle_share_a_model(small: Path) -> None:
    with gs.open(small) as model:
        saved = pickle.dumps([model.tensors[QUERY], model, model.tensors])
        tensor, opened, tensors = unpickled(saved)
    with opened:
        assert tensor is opened.tensors[QUERY] is tensors[QUERY]
        assert list(tensors) == list(model.tensors)
        assert tensor.statistics() == opened.tensors[QUERY].statistics()


def test_a_copy_of_a_tensor_is_the_tensor(small: Path) -> None:
    with gs.open(small) as model:
        assert copy.copy(model.tensors[0]) is copy.deepcopy(model.tensors[0]) is model.tensors[0]


def test_tensors_are_worked_on_in_other_processes(small: Path) -> None:
    with gs.open(small) as model, multiprocessing.get_context("spawn").Pool(2) as pool:
        tensors = list(model.tensors.values())
        found = pool.map(methodcaller("statistics", threads=1), tensors, chunksize=2)
        assert found == [tensor.statistics() for tensor in tensors]
        rows = pool.map(methodcaller("dequantize"), tensors)
        assert [array.tobytes() for array in rows] == [tensor.dequantize().tobytes() for tensor in tensors]


def test_metadata_compare_by_value_and_pickle(small: Path) -> None:
    with gs.open(small) as model, gs.open(small) as other:
        assert model.metadata == other.metadata == dict(model.metadata)
        assert through_pickle(model.metadata) == model.metadata
        assert model.metadata != dict(model.metadata) | {"a.numbers": [1, 2]}
        assert model.metadata != {}
        with pytest.raises(TypeError, match="unhashable"):
            hash(model.metadata)


def replace(path: Path, data: bytes) -> None:
    """Put another file in its place; the old one stays mapped."""
    path.with_suffix(".new").write_bytes(data)
    os.replace(path.with_suffix(".new"), path)
