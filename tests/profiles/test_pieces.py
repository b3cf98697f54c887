"""Profiles in pieces: any cut, measured in any order by whoever has the file, gives the bytes of one process."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ggufscope as gs
from ggufscope.models.model import Model
from ggufscope.models.summary import ModelSummary
from ggufscope.profiles.batches import BatchLimits
from ggufscope.profiles.collecting import Collector
from ggufscope.profiles.pieces import Assembly, Piece, Run, cut, measure_piece, observe_runs, plan
from ggufscope.profiles.profile_records import ProfileRun, ProfileSettings
from support import small_models
from support.byte_readers import CountingReader, read_model
from support.checkpoints.reversing import write_back
from support.model_files import write_model
from support.pickling import through_pickle

ONE_EACH = BatchLimits(n_parts=1)


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with heads, halves, experts in one tensor and in tensors of their own, broken weights and none."""
    llama, mixture = small_models.llama(n_layers=2), small_models.mixture()
    tensors = llama["tensors"] | mixture["tensors"] | small_models.ridden()["tensors"]
    tensors["blk.1.ffn_gate_up_exps.weight"] = small_models.weights(60, 3, 256, small_models.COLUMNS)
    tensors["blk.1.conv.weight"] = small_models.weights(61, 5, 3, 7)  # not experts: the core sees one matrix
    tensors["nothing"] = np.zeros((0, 32), np.float32)
    return write_model(tmp_path_factory.mktemp("pieces") / "varied.gguf", tensors, llama["metadata"])


@functools.cache
def of_one_process(path: Path, options: ProfileSettings) -> str:
    whole = gs.profile(path, 1, options.fast, options.sparsity_threshold, stored=options.stored)
    return whole.to_json(reproducible=True)


def in_pieces(path: Path, limits: BatchLimits, options: ProfileSettings, order: list[int] | None = None) -> str:
    with gs.open(path) as model:
        pieces = plan(model, limits)
        collector = Collector(model, keep_vectors=False, stored=options.stored)
        assembly = Assembly(model, pieces, collector)
        for position in order or range(len(pieces)):
            assembly.add(position, measure_piece(str(path), pieces[position], options))
        assert assembly.complete
        run = ProfileRun([], "", 1, 1, 1, 1, "", "")
        return collector.finish(ModelSummary.of(model), options, run).to_json(reproducible=True)


LIMITS = st.builds(BatchLimits, st.integers(1, 40_000), st.integers(1, 20), st.integers(1, 2000))
SETTINGS = st.builds(ProfileSettings, st.booleans(), st.sampled_from([1e-6, 0.05]), st.booleans())


@settings(max_examples=12, deadline=None)
@given(limits=LIMITS, options=SETTINGS)
def test_any_cut_gives_the_same_bytes(varied: Path, limits: BatchLimits, options: ProfileSettings) -> None:
    assert in_pieces(varied, limits, options) == of_one_process(varied, options)


def test_a_checkpoint_gives_the_same_bytes(stories260k: Path, tmp_path: Path) -> None:
    checkpoint = write_back(stories260k, tmp_path / "stories")
    limits = BatchLimits(n_bytes=40_000)
    assert in_pieces(checkpoint, limits, ProfileSettings()) == of_one_process(checkpoint, ProfileSettings())


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_any_order_gives_the_same_bytes(varied: Path, data: st.DataObject) -> None:
    with gs.open(varied) as model:
        n_pieces = len(plan(model, ONE_EACH))
    order = data.draw(st.permutations(range(n_pieces)))
    assert in_pieces(varied, ONE_EACH, ProfileSettings(), order) == of_one_process(varied, ProfileSettings())


@settings(max_examples=12, deadline=None)
@given(limits=LIMITS)
def test_a_plan_holds_every_part_once_and_keeps_to_its_limits(varied: Path, limits: BatchLimits) -> None:
    with gs.open(varied) as model:
        pieces = plan(model, limits)
        parts = [(run.tensor, part) for piece in pieces for run in piece.runs for part in range(run.begin, run.end)]
        assert parts == [(tensor.index, part) for tensor in model.tensors.values() for part in range(tensor.n_parts)]
        assert sum(piece.n_bytes for piece in pieces) == model.n_bytes
        for piece in pieces:
            n_parts = sum(run.end - run.begin for run in piece.runs)
            assert n_parts == 1 or (piece.n_bytes <= limits.n_bytes and n_parts <= limits.n_parts)


def test_experts_are_cut_and_matrices_are_not(varied: Path) -> None:
    with gs.open(varied) as model:
        runs = [run for runs in cut(model, ONE_EACH) for run in runs]
        of = {name: [run for run in runs if run.tensor == tensor.index] for name, tensor in model.tensors.items()}
    assert [run[1:] for run in of["blk.1.ffn_gate_up_exps.weight"]] == [(0, 1), (1, 2), (2, 3)]
    assert [run[1:] for run in of["blk.1.conv.weight"]] == [(0, 1)]
    assert [run[1:] for run in of["token_embd.weight"]] == [(0, 1)]


def test_pieces_and_parts_reach_other_processes(varied: Path) -> None:
    with gs.open(varied) as model:
        pieces = plan(model, BatchLimits(n_bytes=1 << 16))
    for piece in pieces:
        assert through_pickle(piece) == piece
        assert len(pickle.dumps(piece)) < 2000
        parts = measure_piece(str(varied), piece, ProfileSettings())
        assert through_pickle(parts) == parts


def test_results_wait_for_those_before_them(varied: Path) -> None:
    with gs.open(varied) as model:
        pieces = plan(model, BatchLimits(n_bytes=1 << 16))
        assembly = Assembly(model, pieces, Collector(model, keep_vectors=False))
        assembly.add(1, measure_piece(str(varied), pieces[1], ProfileSettings()))
        assert (assembly.n_waiting, assembly.done_bytes) == (1, pieces[1].n_bytes)
        assembly.add(0, measure_piece(str(varied), pieces[0], ProfileSettings()))
        assert (assembly.n_waiting, assembly.complete) == (0, len(pieces) == 2)


@pytest.mark.parametrize("change", ["weight", "tensors", "fewer"])
def test_another_model_under_the_same_name_is_refused(write_gguf, varied: Path, change: str) -> None:
    model = small_models.llama()
    path = write_gguf(**model)
    with gs.open(path) as opened:
        last = plan(opened, ONE_EACH)[-1]
    if change == "weight":
        model["tensors"]["output.weight"][0, 0] += 1
    elif change == "tensors":
        model["tensors"]["output.weight"] = model["tensors"]["output.weight"][1:]
    else:
        model = small_models.llama(n_layers=1)
    write_gguf(**model)
    with pytest.raises(gs.GGUFError, match=r"model\.gguf: this is another model than the one whose profile was begun"):
        measure_piece(str(path), last, ProfileSettings())


@pytest.mark.parametrize("run", [Run(0, 1, 2), Run(0, 0, 0), Run(0, 0, 2)], ids=str)
def test_parts_that_no_tensor_has_are_refused(varied: Path, run: Run) -> None:
    with gs.open(varied) as model:
        table = model.fingerprint(())
    with pytest.raises(ValueError, match=r"parts \d to \d of tensor 'token_embd.weight', which has 1"):
        measure_piece(str(varied), Piece((run,), 0, table, ""), ProfileSettings())


def test_of_a_model_elsewhere_the_bytes_of_the_piece_alone_are_announced(varied: Path) -> None:
    reader = CountingReader(str(varied), varied.read_bytes())
    core = read_model(reader)
    model = Model(core)
    experts, norm = model.tensors["blk.1.ffn_gate_up_exps.weight"], model.tensors["blk.0.attn_norm.weight"]
    runs = [Run(norm.index, 0, 1), Run(experts.index, 1, 3)]
    parts = observe_runs(model, runs, ProfileSettings(), 1, None)
    assert [(part.tensor, part.index) for part in parts] == [(norm.index, 0), (experts.index, 1), (experts.index, 2)]
    each, offset = experts.n_bytes // 3, core.tensors[experts.index].offset
    assert reader.announced[-1] == [(core.tensors[norm.index].offset, norm.n_bytes), (offset + each, 2 * each)]
