"""Views: rows in an order, a number added, rows that both have; the numbers are those of the converted file itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.diffs.views import PairView, SideView

if TYPE_CHECKING:
    from ggufscope.diffs.records import TensorDiff

WriteGguf = Callable[..., Path]
Floats = npt.NDArray[np.float32]
NAME = "blk.0.attn_k.weight"
RNG = np.random.default_rng(8)
ORDERS = {
    "within heads": np.concatenate([head + np.arange(8).reshape(2, 4).T.reshape(-1) for head in range(0, 1600, 8)]),
    "backwards": np.arange(1600)[::-1],
    "anywhere": RNG.permutation(1600),
    "a few": np.array([7, 1500, 3, 3, 900]),
    "all": np.arange(1600),
}


def weights(*shape: int) -> Floats:
    return RNG.standard_normal(shape).astype(np.float32)


def differ(reference: Path, model: Path, **options: Any) -> TensorDiff:
    (tensor,) = gs.diff(reference, model, lineage=False, **options).models[0].tensors
    return tensor


def figures(tensor: TensorDiff) -> dict[str, Any]:
    """Everything but what a view changes by itself."""
    return {name: part for name, part in vars(tensor).items() if name not in {"views", "identical", "model_name"}}


@pytest.mark.parametrize("name", ORDERS)
def test_rows_in_an_order(write_gguf: WriteGguf, name: str, isa: str) -> None:
    """Of more rows than are compared at once."""
    order = ORDERS[name]
    base = weights(1600, 1000 if name == "within heads" else 100)
    model = write_gguf({NAME: base[order] + np.float32(0.01) * weights(len(order), base.shape[1])})
    view = PairView(reference=SideView(rows=order), names=("rows permuted",))
    found = differ(write_gguf({NAME: base}, name="a.gguf"), model, views={NAME: view}, isa=isa, threads=2)
    expected = differ(write_gguf({NAME: base[order]}, name="b.gguf"), model)
    assert figures(found) == figures(expected) | {"reference_bytes": base.nbytes}
    assert found.views == ["rows permuted"]


def test_both_sides_may_be_seen(write_gguf: WriteGguf) -> None:
    """A vocabulary that was extended: the rows that both have."""
    base, longer = weights(40, 64), weights(48, 64)
    longer[:40] = base
    longer[5, 6] += 1
    rows = np.arange(40)
    view = PairView(model=SideView(rows=rows))
    found = differ(write_gguf({NAME: base}, name="a.gguf"), write_gguf({NAME: longer}), views={NAME: view})
    assert (found.shape, found.changed_rows, found.max_abs_error_index) == ([40, 64], 1, [5, 6])
    assert found.worst_rows[0].index == 5
    back = differ(
        write_gguf({NAME: longer}),
        write_gguf({NAME: base}, name="a.gguf"),
        views={NAME: PairView(reference=SideView(rows=rows))},
    )
    assert back.error_squares == found.error_squares


def test_a_number_is_added_in_float32(write_gguf: WriteGguf) -> None:
    """As converters do, so that nothing is left of it."""
    name = "blk.0.attn_norm.weight"
    gains = (0.3 * weights(640)).astype(np.float32)
    paths = write_gguf({name: gains}, name="a.gguf"), write_gguf({name: gains + np.float32(1)})
    plain = differ(*paths)
    assert (plain.nmse or 0) > 0.5
    view = PairView(reference=SideView(plus=1.0), names=("1 added",))
    seen = differ(*paths, views={name: view})
    assert (seen.nmse, seen.unchanged, seen.identical) == (0, 1, False)


def test_factors_are_multiplied_in_before(write_gguf: WriteGguf, isa: str) -> None:
    name = "blk.0.ffn_up_exps.weight"
    blocks = RNG.integers(0, 256, (3 * 80 * 2, 36), np.uint8)
    blocks[:, :4] = RNG.integers(0x30, 0x40, (len(blocks), 4))
    tensors: dict[str, Any] = {
        name: (blocks.reshape(3, 80, -1), "NVFP4"),
        "blk.0.ffn_up_exps.scale": np.array([0.5, 3, 1.1], np.float32),
    }
    model = write_gguf(tensors)
    with gs.open(model) as opened:
        stack = opened.tensors[name]
        decoded = stack.dequantize() * np.array([0.5, 3, 1.1], np.float32)[:, None, None]
    order = RNG.permutation(240)
    reference = write_gguf({name: decoded.reshape(240, 128)[np.argsort(order)].reshape(3, 80, 128)}, name="a.gguf")
    view = PairView(reference=SideView(rows=order), model=SideView(rows=np.arange(240)))
    diff = gs.diff(reference, model, tensors=["*weight"], views={name: view}, isa=isa, lineage=False)
    assert diff.models[0].tensors[0].error_squares == 0
    bare = gs.diff(reference, model, tensors=["*weight"], views={name: view}, stored=True, lineage=False)
    assert bare.models[0].tensors[0].error_squares > 0


def test_another_name(write_gguf: WriteGguf) -> None:
    """A tied matrix that was written out a second time."""
    base = weights(40, 64)
    reference = write_gguf({"token_embd.weight": base}, name="a.gguf")
    model = write_gguf({"token_embd.weight": base, "output.weight": base})
    assert gs.diff(reference, model, lineage=False).models[0].extra == ["output.weight"]
    view = PairView(reference_name="token_embd.weight", names=("tied output written out",))
    compared = gs.diff(reference, model, views={"output.weight": view}, lineage=False).models[0]
    assert compared.extra == compared.missing == []
    assert (compared.summary.element_coverage, compared.summary.n_elements) == (1, 2 * base.size)
    assert [(tensor.name, tensor.model_name, tensor.identical) for tensor in compared.tensors] == [
        ("token_embd.weight", None, True),
        ("token_embd.weight", "output.weight", True),
    ]
