"""What was planted between two models is found and named, and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import gguf
import numpy as np
import pytest

import ggufscope as gs
from support import small_models

if TYPE_CHECKING:
    from ggufscope.diffs.lineage_record import Lineage
    from ggufscope.diffs.records import ModelDiff

Write = Callable[..., Path]
Tensors = dict[str, np.ndarray]
Q8_0, Q4_0 = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0


def through(weights: np.ndarray, kind: gguf.GGMLQuantizationType) -> np.ndarray:
    """Matrices as a type decodes them, vectors as they are."""
    return gguf.quants.dequantize(gguf.quants.quantize(weights, kind), kind) if weights.ndim > 1 else weights


@pytest.fixture
def compare(write_gguf: Write) -> Callable[..., "ModelDiff"]:
    """A function that writes a small llama and a copy changed in place, and compares them."""

    def compared(change: Callable[[Tensors], object], path_of: Callable[[Path], Path] = lambda path: path):
        arguments = small_models.llama(n_layers=6)
        reference = write_gguf(**arguments, name="a.gguf")
        copies = {name: weights.copy() for name, weights in arguments["tensors"].items()}
        change(copies)
        model = path_of(write_gguf(copies, arguments["metadata"], name="b.gguf"))
        return gs.diff(reference, model).models[0]

    return compared


def lineage_of(diffed: "ModelDiff") -> "Lineage":
    assert diffed.lineage is not None
    return diffed.lineage


def each_matrix(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Tensors], object]:
    def apply(tensors: Tensors) -> None:
        for name in [name for name, weights in tensors.items() if weights.ndim > 1]:
            tensors[name] = change(tensors[name])

    return apply


def test_equal_files_have_no_lineage(compare: Callable) -> None:
    assert compare(lambda _: None).lineage is None


def test_one_damaged_row_is_named(compare: Callable) -> None:
    def damage(tensors: Tensors) -> None:
        tensors["blk.2.ffn_up.weight"][17] *= -3

    lineage = lineage_of(compare(damage))
    assert lineage.moved is not None
    assert lineage.moved.tensors == ["blk.2.ffn_up.weight"]
    assert [(rows.tensor, rows.count, rows.first) for rows in lineage.moved.rows] == [("blk.2.ffn_up.weight", 1, [17])]
    assert lineage.sentences[:2] == [
        "43 tensors are equal bit for bit; blk.2.ffn_up.weight differs, layer 2.",
        "In blk.2.ffn_up.weight 1 row differs: 17.",
    ]
    assert lineage.made_from == "all"
    assert len(lineage.sentences) == 3


def test_three_fine_tuned_layers_are_named(compare: Callable) -> None:
    def fine_tune(tensors: Tensors) -> None:
        for name, weights in tensors.items():
            if name.startswith(("blk.1.", "blk.3.", "blk.4.")):
                np.add(weights, small_models.weights(5, *weights.shape, scale=0.002), out=weights)

    lineage = lineage_of(compare(fine_tune))
    assert lineage.moved is not None
    assert lineage.moved.layers == [1, 3, 4]
    assert sorted(lineage.moved.roles) == sorted(
        ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"]
    )
    assert not lineage.moved.rows
    assert lineage.made_from == "all"
    assert lineage.sentences[0].endswith(") differ, layers 1, 3, 4.")
    assert len(lineage.sentences) == 2


def test_embedding_rows_that_were_trained_are_named(compare: Callable) -> None:
    def train(tensors: Tensors) -> None:
        tensors["token_embd.weight"][[3, 60, 61]] += np.float32(0.01)

    lineage = lineage_of(compare(train))
    assert [rows.first for rows in lineage.moved.rows] == [[3, 60, 61]]


def test_what_was_quantized_is_made_from_the_reference_and_nothing_moved(compare: Callable) -> None:
    lineage = lineage_of(compare(each_matrix(lambda weights: weights), lambda path: quantized_file(path, Q8_0)))
    assert lineage.moved is None
    assert (lineage.made_from, lineage.requantized) == ("all", [])
    assert all(layer.sign_agreement == 1 for layer in lineage.origins)
    assert all(layer.gain_correlation == pytest.approx(1) for layer in lineage.origins if layer.layer is not None)
    assert len(lineage.sentences) == 1


def test_requantized_weights_are_named_with_the_coarser_type(compare: Callable) -> None:
    change = each_matrix(lambda weights: through(weights, Q4_0))
    lineage = lineage_of(compare(change, lambda path: quantized_file(path, Q8_0)))
    (group,) = lineage.requantized
    assert (group.type, group.coarser_types, group.levels) == ("Q8_0", ["Q4_0"], 16)
    assert group.fitting == group.decided
    assert len(group.tensors) == 6 * 6 + 2
    assert not lineage.reference_requantized
    assert "quantized again from a coarser type" in lineage.sentences[-1]
    assert len(lineage.sentences) == 2


def test_a_reference_that_was_decoded_is_named(write_gguf: Write) -> None:
    arguments = small_models.llama()
    each_matrix(lambda weights: through(weights, Q4_0))(arguments["tensors"])
    reference = write_gguf(**arguments, name="a.gguf")
    lineage = lineage_of(gs.diff(reference, quantized_file(reference, Q8_0)).models[0])
    assert [group.coarser_types for group in lineage.reference_requantized] == [["Q4_0"]]
    assert "decoded from a coarser type" in lineage.sentences[-1]


def test_permuted_heads_and_dropped_ones_are_undone_and_named(compare: Callable) -> None:
    def convert(tensors: Tensors) -> None:
        for layer in range(6):
            tensors[f"blk.{layer}.attn_norm.weight"] -= np.float32(1)
            query = tensors[f"blk.{layer}.attn_q.weight"]
            tensors[f"blk.{layer}.attn_q.weight"] = query.reshape(4, 2, 4, -1).swapaxes(1, 2).reshape(query.shape)

    diffed = compare(convert)
    assert diffed.summary.nmse < 1e-12
    assert {tensor.name: tensor.unchanged for tensor in diffed.tensors if "attn_q" in tensor.name} == {
        f"blk.{layer}.attn_q.weight": 1 for layer in range(6)
    }
    assert {view for tensor in diffed.tensors for view in tensor.views} == {
        "1 taken off the reference's gains",
        "halves of each head put in pairs",
    }
    lineage = lineage_of(diffed)
    assert lineage.made_from == "all"
    assert len(lineage.sentences) == 1, "nothing moved"


def test_another_model_is_not_made_from_the_reference(compare: Callable) -> None:
    change = each_matrix(lambda weights: small_models.weights(weights.size + 12345, *weights.shape))
    lineage = lineage_of(compare(change))
    assert lineage.made_from == "none"
    assert all(0.3 < layer.sign_agreement < 0.7 for layer in lineage.origins)


def test_a_model_with_some_layers_of_another_is_made_in_parts(compare: Callable) -> None:
    def replace(tensors: Tensors) -> None:
        for name in [name for name in tensors if name.startswith(("blk.2.", "blk.5."))]:
            if tensors[name].ndim > 1:
                tensors[name] = small_models.weights(tensors[name].size + 99, *tensors[name].shape)

    lineage = lineage_of(compare(replace))
    assert lineage.made_from == "some"
    assert any("layers 0, 1, 3, 4 carry its signs, layers 2, 5 do not" in line for line in lineage.sentences)


def test_lineage_and_views_can_be_left_out(write_gguf: Write) -> None:
    arguments = small_models.llama()
    reference = write_gguf(**arguments, name="a.gguf")
    for weights in arguments["tensors"].values():
        np.add(weights, np.float32(1), out=weights)
    diffed = gs.diff(reference, write_gguf(**arguments, name="b.gguf"), lineage=False).models[0]
    assert diffed.lineage is None
    assert not any(tensor.views for tensor in diffed.tensors)


def test_a_lineage_is_saved_and_loaded(compare: Callable, write_gguf: Write, tmp_path: Path) -> None:
    reference = write_gguf(**small_models.llama(), name="a.gguf")
    diff = gs.diff(reference, quantized_file(reference, Q8_0))
    diff.save(tmp_path / "diff.json")
    assert gs.Diff.load(tmp_path / "diff.json").models[0].lineage == diff.models[0].lineage


def quantized_file(path: Path, kind: gguf.GGMLQuantizationType) -> Path:
    """A copy whose matrices have another type."""
    copy = path.with_suffix(f".{kind.name}.gguf")
    with gs.open(path) as model:
        writer = gguf.GGUFWriter(copy, "llama")
        for key in ("block_count", "embedding_length", "attention.head_count", "attention.head_count_kv"):
            writer.add_uint32(f"llama.{key}", model.metadata[f"llama.{key}"])
        for name, tensor in model.tensors.items():
            weights = tensor.dequantize()
            if weights.ndim > 1:
                writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)
            else:
                writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return copy
