"""Which matrix of a model goes with which of the reference, by their places in the two networks.

Names do not matter: queries may be rows of a fused tensor in one file and a tensor of their own in the other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING

from ...architecture.matrices import Matrix
from ...architecture.parts import Norm
from ...errors import DiffError
from ...text.escape import escape
from ...text.numbers import shape_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...architecture.layer import Layer
    from ...runtime.engines.streamed.network import Network

    Place = tuple[str | int, ...]  # as ("mixer", "q"), ("feed_forward", "experts", 3, "gate")
    Key = tuple[int, int, int]  # of a matrix in its file: tensor, first row, rows

_OF_ROWS: dict[Place, str] = {("mixer", "q"): "n_heads", ("mixer", "k"): "n_kv_heads", ("mixer", "v"): "n_kv_heads"}
_OF_COLUMNS: dict[Place, str] = {("mixer", "output"): "n_heads"}


@dataclass(frozen=True)
class Partners:
    """A matrix of the reference and the one that stands in its place in the model.

    Attributes:
        reference, model: the two.
        layer: number of their layer; None outside the layers.
        part: their place without the number of an expert, as `"feed_forward.gate"`.
        expert: number of the routed expert that they belong to; None for others.
        row_heads: heads that their rows are of, one after the other; 0: of none.
        column_heads: heads that their columns are of.
    """

    reference: Matrix
    model: Matrix
    layer: int | None
    part: str
    expert: int | None = None
    row_heads: int = 0
    column_heads: int = 0

    def part_of(self, first: int, n_rows: int) -> Partners:
        """Some rows of both."""
        return replace(self, reference=self.reference.part(first, n_rows), model=self.model.part(first, n_rows))


def key_of(matrix: Matrix) -> Key:
    """What tells a matrix from the others of its file."""
    return matrix.tensor.index, matrix.first, matrix.n_rows


def partners_of(reference: Network, model: Network) -> dict[Key, Partners]:
    """All matrices of the reference that are multiplied, each with its partner, by their keys in the reference.

    Raises:
        DiffError: The networks are not of one shape; the message says where.
    """
    _require_one_shape(reference, model)
    partners: dict[Key, Partners] = {}
    for ours, theirs in zip(reference.layers, model.layers, strict=True):
        _add(partners, _in_layer(ours), _in_layer(theirs), ours)
    _add(partners, _outside(reference), _outside(model), None)
    return partners


def _require_one_shape(reference: Network, model: Network) -> None:
    ours, theirs = reference.shape, model.shape
    for what, a, b in (
        ("layers", ours.n_layers, theirs.n_layers),
        ("channels", ours.width, theirs.width),
        ("query heads", ours.n_heads, theirs.n_heads),
        ("key heads", ours.n_kv_heads, theirs.n_kv_heads),
        ("experts", ours.n_experts, theirs.n_experts),
    ):
        if a != b:
            raise DiffError(f"the models are not of one shape: {_count(a)} and {_count(b)} {what}")


def _count(count: int | tuple[int, ...]) -> str:
    return str(count) if isinstance(count, int) else ", ".join(map(str, sorted(set(count)))) or "no"


def _add(
    partners: dict[Key, Partners], ours: dict[Place, Matrix], theirs: dict[Place, Matrix], layer: Layer | None
) -> None:
    if ours.keys() != theirs.keys():
        names = sorted(".".join(map(str, place)) for place in ours.keys() ^ theirs.keys())
        where = "" if layer is None else f"blk.{layer.number}: "
        raise DiffError(f"the models are not made of the same parts: {where}{names[0]} is in one of them alone")
    for place, matrix in ours.items():
        partner = theirs[place]
        if place == ("head", "output"):  # a vocabulary may be padded
            n_rows = min(matrix.n_rows, partner.n_rows)
            matrix, partner = matrix.part(0, n_rows), partner.part(0, n_rows)  # noqa: PLW2901
        shapes = [(each.n_rows, each.n_columns) for each in (matrix, partner)]
        if shapes[0] != shapes[1]:
            name = escape(matrix.tensor.name)
            raise DiffError(f"the models are not of one shape: {name} is {' and '.join(map(shape_text, shapes))}")
        partners.setdefault(key_of(matrix), _partners(matrix, partner, place, layer))


def _partners(reference: Matrix, model: Matrix, place: Place, layer: Layer | None) -> Partners:
    experts = [step for step in place if isinstance(step, int)] if "experts" in place else []
    dense = place[:2] == ("feed_forward", "expert")
    steps = [step for step in place if isinstance(step, str) and step != "experts" and not (dense and step == "expert")]
    shape = None if layer is None or layer.mixer is None else layer.mixer.shape

    def heads(names: dict[Place, str], length: int) -> int:
        name = names.get(place)
        n_heads: int = 0 if shape is None or name is None else getattr(shape, name)
        return n_heads if n_heads and length % n_heads == 0 else 0

    return Partners(
        reference,
        model,
        None if layer is None else layer.number,
        ".".join(steps),
        experts[0] if experts else None,
        heads(_OF_ROWS, reference.n_rows),
        heads(_OF_COLUMNS, reference.n_columns),
    )


def _in_layer(layer: Layer) -> dict[Place, Matrix]:
    return dict(_matrices(layer, ()))


def _outside(network: Network) -> dict[Place, Matrix]:
    matrices: dict[Place, Matrix] = {}
    if network.ends is not None:
        matrices.update(_matrices(network.ends, ("ends",)))
    if network.own is not None:
        matrices["own", "projection"] = network.own.projection
    if network.head.output is not None:
        matrices["head", "output"] = network.head.output
    return matrices


def _matrices(part: object, place: Place) -> Iterator[tuple[Place, Matrix]]:
    """All matrices of a part, with their places."""
    if isinstance(part, Matrix):
        yield place, part
    elif isinstance(part, list | tuple):
        for number, each in enumerate(part):
            yield from _matrices(each, (*place, number))
    elif is_dataclass(part) and not isinstance(part, Norm):
        for field in fields(part):
            yield from _matrices(getattr(part, field.name), (*place, field.name))
