"""Parts of a model with other weights in one tensor."""

from __future__ import annotations

import numpy as np

import ggufscope as gs
from ggufscope.architecture.blueprint import Blueprint
from ggufscope.architecture.mixers.attention import AttentionWeights
from ggufscope.architecture.parts import Mixture
from ggufscope.architecture.substituting import matrices_in, substituted
from support import networks
from support.architectures import SPECIMENS
from support.row_sources import Rows


def test_only_matrices_of_the_tensor_change(write_gguf):
    sample = networks.sample("mixtral")
    name = "blk.1.ffn_up_exps.weight"
    with gs.open(write_gguf(**sample.file())) as model:
        layer = Blueprint.of(model).layer(1)
        other = substituted(layer, name, Rows(2 * sample.tensors[name]))
        assert isinstance(layer.feed_forward, Mixture)
        assert isinstance(other.feed_forward, Mixture)
        assert other.mixer is layer.mixer
        for ours, theirs in zip(layer.feed_forward.experts, other.feed_forward.experts, strict=True):
            assert theirs.gate is ours.gate
            assert theirs.down is ours.down
            np.testing.assert_array_equal(theirs.up.decode(3, 5), 2 * ours.up.decode(3, 5))
        assert {each.tensor.name for each in matrices_in(other) if each.substitute is not None} == {name}


def test_part_without_the_tensor_is_the_same_object(write_gguf):
    sample = networks.sample("llama")
    with gs.open(write_gguf(**sample.file())) as model:
        layer = Blueprint.of(model).layer(0)
        assert substituted(layer, "blk.1.ffn_up.weight", Rows(np.zeros((1, 1)))) is layer


def test_matrix_in_two_places_is_one_object_afterwards(write_gguf):
    file = SPECIMENS["gemma4"].file()
    del file["tensors"]["blk.0.attn_v.weight"]  # its values are its keys
    name = "blk.0.attn_k.weight"
    with gs.open(write_gguf(**file)) as model:
        mixer = Blueprint.of(model).layer(0).mixer
        assert isinstance(mixer, AttentionWeights)
        assert mixer.v is mixer.k
        other = substituted(mixer, name, Rows(file["tensors"][name]))
        assert other.v is other.k
        assert other.k.substitute is not None
