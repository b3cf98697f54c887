"""Conversions between two files of one model: each is recognized, undone exactly, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.lineage import views_between
from ggufscope.diffs.lineage.sampling import seen_rows
from ggufscope.diffs.views import PairView
from support import small_models

Write = Callable[..., Path]
Tensors = dict[str, np.ndarray]


def quantized(weights: np.ndarray) -> np.ndarray:
    """As a Q4_0 decodes them."""
    kind = gguf.GGMLQuantizationType.Q4_0
    return gguf.quants.dequantize(gguf.quants.quantize(weights, kind), kind)


def halves_in_pairs(weights: np.ndarray, n_heads: int) -> np.ndarray:
    """Rows as converters of Llama models put them: the two halves of each head side by side."""
    size = len(weights) // n_heads
    return weights.reshape(n_heads, 2, size // 2, -1).swapaxes(1, 2).reshape(weights.shape)


@pytest.fixture
def views(write_gguf: Write) -> Callable[..., tuple[dict[str, PairView], gs.Model, gs.Model]]:
    """A function that gives the views between a small llama and its quantized copy, both changed as wanted."""

    def between(of_model: Callable[[Tensors], None], of_reference: Callable[[Tensors], None] = lambda _: None):
        arguments = small_models.llama()
        tensors: Tensors = arguments["tensors"]
        copies = {name: quantized(each) if each.ndim > 1 else each.copy() for name, each in tensors.items()}
        of_reference(tensors)
        of_model(copies)
        reference = gs.open(write_gguf(tensors, arguments["metadata"], name="a.gguf"))
        model = gs.open(write_gguf(copies, arguments["metadata"], name="b.gguf"))
        return views_between(reference, model), reference, model

    return between


def compared(view: PairView, reference: gs.Tensor, model: gs.Tensor) -> tuple[np.ndarray, np.ndarray]:
    everything = slice(None)
    return seen_rows(reference, view.reference, everything), seen_rows(model, view.model, everything)


def test_a_quantized_copy_needs_no_view(views: Callable) -> None:
    assert views(lambda _: None)[0] == {}


def test_rows_of_queries_and_keys_in_the_other_order_are_put_back(views: Callable) -> None:
    def permute(tensors: Tensors) -> None:
        for layer in range(3):
            for name, n_heads in ((f"blk.{layer}.attn_q.weight", 4), (f"blk.{layer}.attn_k.weight", 2)):
                tensors[name] = halves_in_pairs(tensors[name], n_heads)

    seen, reference, model = views(permute)
    assert sorted(seen) == sorted(f"blk.{layer}.attn_{what}.weight" for layer in range(3) for what in "qk")
    for name, view in seen.items():
        assert view.names == ("halves of each head put in pairs",)
        a, b = compared(view, reference.tensors[name], model.tensors[name])
        np.testing.assert_array_equal(quantized(a), b)
    back, reference, model = views(lambda _: None, permute)
    assert {view.names for view in back.values()} == {("pairs of each head put in halves",)}
    assert len(back) == len(seen)
    for name, view in back.items():
        a, b = compared(view, reference.tensors[name], model.tensors[name])
        np.testing.assert_array_equal(quantized(a), b)


@pytest.mark.parametrize(("plus", "said"), [(1, "1 added to the reference's gains"), (-1, "1 taken off")])
def test_gains_less_one_are_recognized(plus: int, said: str, views: Callable) -> None:
    def shift(tensors: Tensors) -> None:
        for name in [name for name in tensors if "norm" in name]:
            tensors[name] = tensors[name] + np.float32(plus)

    seen, reference, model = views(shift)
    assert sorted(seen) == [f"blk.{layer}.attn_norm.weight" for layer in range(3)]
    for name, view in seen.items():
        assert view.names[0].startswith(said)
        np.testing.assert_array_equal(*compared(view, reference.tensors[name], model.tensors[name]))


def test_one_gain_that_is_not_shifted_stays_as_it_is(views: Callable) -> None:
    def shift_one(tensors: Tensors) -> None:
        tensors["blk.1.attn_norm.weight"] += np.float32(1)
        tensors["blk.2.attn_norm.weight"] *= np.float32(1.01)

    assert list(views(shift_one)[0]) == ["blk.1.attn_norm.weight"]


def test_a_tied_output_written_out_is_compared_with_the_embedding(views: Callable) -> None:
    def tie(tensors: Tensors) -> None:
        del tensors["output.weight"]

    def write_out(tensors: Tensors) -> None:
        tensors["output.weight"] = tensors["token_embd.weight"].copy()

    seen, _, _ = views(write_out, tie)
    assert list(seen) == ["output.weight"]
    assert seen["output.weight"].reference_name == "token_embd.weight"
    assert views(lambda _: None, tie)[0] == {}, "an output of its own is not the embedding's"


def test_a_longer_vocabulary_is_compared_on_the_rows_that_both_have(views: Callable) -> None:
    def lengthen(tensors: Tensors) -> None:
        for name in ("token_embd.weight", "output.weight"):
            tensors[name] = np.concatenate([tensors[name], small_models.weights(9, 8, 32)])

    seen, reference, model = views(lengthen)
    assert sorted(seen) == ["output.weight", "token_embd.weight"]
    assert seen["token_embd.weight"].names == ("the first 64 rows of 64 and 72",)
    for name, view in seen.items():
        a, b = compared(view, reference.tensors[name], model.tensors[name])
        assert a.shape == b.shape == (64, 32)
    shorter, _, _ = views(lambda _: None, lengthen)
    assert shorter["output.weight"].reference.rows is not None


def test_other_shapes_and_other_models_are_left_alone(views: Callable) -> None:
    def replace(tensors: Tensors) -> None:
        for name, weights in tensors.items():
            if weights.ndim > 1:
                tensors[name] = small_models.weights(77, *weights.shape)
        tensors["token_embd.weight"] = small_models.weights(5, 80, 32)
        tensors["blk.0.ffn_up.weight"] = small_models.weights(5, 96, 32)

    assert views(replace)[0] == {}
