"""Tensors that an architecture needs and the file lacks, and those that one layer lacks and all others have."""

from __future__ import annotations

from collections import Counter, defaultdict
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..findings import Place
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.model import Model
    from ..facts import Facts

    Lacking = tuple[str | None, str, list[int], int]  # stack, the name behind the layer, layers without, layers with

_FEWEST_LAYERS = 8
_MOST_COMPARED = 1000  # names of a layer, or that may be meant: more are of no model


@rule(
    "missing-tensors",
    "error",
    "tensors that the architecture needs and the file lacks",
    reads="structure",
    why="A runtime refuses a file without a tensor that its architecture needs. What those of the known architectures"
    " need is known; in others, and of tensors that may be left out, one that a single layer in the middle lacks and"
    " all others have is a warning.",
    remedy="Get the file again, or convert it again; a name close to the missing one may be a misspelt tensor.",
)
def missing_tensors(facts: Facts) -> Iterator[Fault]:
    if not facts.is_model:
        return
    model = facts.model
    told = set()
    for role, layers in ({} if facts.parts is None else facts.parts.missing).items():
        inside = [layer for layer in layers if layer is not None]
        name = f"blk.{inside[0]}.{role}.weight" if inside else f"{role}.weight"
        which = f" in layer{'s' if len(inside) > 1 else ''} {listed(inside)}" if inside else ""
        stem = f"blk.N.{role}" if inside else role
        sentence = f"there is no {stem}.weight{which}{_close(name, model)}"
        yield Fault(sentence, Place(tensor=name, count=len(layers)))
        told.update(inside)
    for stack, rest, lacking, n_others in _lacking(model):
        if stack is None and told & set(lacking):
            continue
        prefix = f"{stack}." if stack else ""
        name = f"{prefix}blk.{lacking[0]}.{rest}"
        sentence = f"layer {lacking[0]} lacks {prefix}blk.N.{rest}, which the other {n_others} layers have"
        yield Fault(f"{sentence}{_close(name, model)}", Place(tensor=name, count=1), "warning")


def _lacking(model: Model) -> Iterator[Lacking]:
    """The names that all layers of a stack have but one, which is neither the first nor the last."""
    for stack, layers in model.stacks.items():
        if len(layers) < _FEWEST_LAYERS:
            continue
        names = _names(model, stack)
        for rest in [rest for rest, at in names.items() if len(at) == len(layers) - 1][:_MOST_COMPARED]:
            lacking = sorted(set(layers) - names[rest])
            if lacking[0] not in {layers[0], layers[-1]} and not _is_of_kind(names, lacking[0]):
                yield stack, rest, lacking, len(names[rest])


def _names(model: Model, stack: str | None) -> dict[str, set[int]]:
    """The parts of names behind the number of a layer → the layers that have such a tensor."""
    names: dict[str, set[int]] = defaultdict(set)
    for tensor in model.tensors.values():
        if tensor.stack == stack and tensor.layer is not None and tensor.kind != "factor":
            _, _, rest = tensor.name.partition(f"blk.{tensor.layer}.")
            if rest:
                names[rest].add(tensor.layer)
    return names


def _is_of_kind(names: dict[str, set[int]], layer: int) -> bool:
    """Whether a layer has other tensors in place of what it lacks, as a layer with attention among others has."""
    usual = max(map(len, names.values()))
    lacks = sum(len(at) == usual - 1 and layer not in at for at in names.values())
    return lacks > 1 and any(layer in at and len(at) <= usual / 2 for at in names.values())


def _close(name: str, model: Model) -> str:
    """A tensor of the same layer that may be meant: its role stands alone, as misspelt ones do."""
    seen = Counter(tensor.role for tensor in model.tensors.values())
    layer = next((f".{part}." for part in name.split(".") if part.isdigit()), "")
    rare = [other.name for other in model.tensors.values() if other.role is None or seen[other.role] == 1]
    same = [other for other in rare if layer in other][:_MOST_COMPARED]
    close = get_close_matches(name, same, n=1, cutoff=0.85)
    return f"; {close[0]} may be meant" if close else ""
