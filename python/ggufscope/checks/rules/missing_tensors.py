"""Tensors that one layer lacks and the layers around it have, and those that every language model has."""

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

_ALWAYS = ("token_embd",)
_MOST_LACKING = 0.1  # of the layers of a stack, but always one
_FEWEST_LAYERS = 4


@rule(
    "missing-tensors",
    "error",
    "tensors that a layer lacks",
    reads="structure",
    why="A runtime refuses a file without a tensor that its architecture needs. The sign is a tensor that all layers"
    " but one or two have; where layers are of several kinds, each kind is common, and nothing is missing.",
    remedy="Get the file again, or convert it again; a name close to the missing one may be a misspelt tensor.",
)
def missing_tensors(facts: Facts) -> Iterator[Fault]:
    if not facts.is_model or facts.model.general_type not in {None, "model"}:
        return
    model = facts.model
    unknown = [tensor.name for tensor in model.tensors.values() if tensor.role is None or _is_rare(model, tensor.role)]
    if model.layers:
        roles = {tensor.role for tensor in model.tensors.values()}
        for role in _ALWAYS:
            if role not in roles:
                yield Fault(f"there is no {role}.weight{_close(role, unknown)}", Place(tensor=f"{role}.weight"))
    for stack, layers in model.stacks.items():
        names = _names(model, stack)
        for rest, at in names.items():
            lacking = sorted(set(layers) - at)
            if len(layers) < _FEWEST_LAYERS or not 0 < len(lacking) <= max(1, _MOST_LACKING * len(layers)):
                continue
            if _is_of_kind(names, lacking, layers):
                continue
            shown = listed([f"layer {layer}" for layer in lacking])
            prefix = f"{stack}." if stack else ""
            first = f"{prefix}blk.{lacking[0]}.{rest}"
            sentence = f"{shown} lacks {prefix}blk.N.{rest}, which the other {len(at)} layers have"
            yield Fault(f"{sentence}{_close(first, unknown)}", Place(tensor=first, count=len(lacking)))


def _names(model: Model, stack: str | None) -> dict[str, set[int]]:
    """What stands behind the number of a layer in the names of its tensors → the layers that have it."""
    names: dict[str, set[int]] = defaultdict(set)
    for tensor in model.tensors.values():
        if tensor.stack == stack and tensor.layer is not None and tensor.kind != "factor":
            _, _, rest = tensor.name.partition(f"blk.{tensor.layer}.")
            if rest:
                names[rest].add(tensor.layer)
    return names


def _is_of_kind(names: dict[str, set[int]], lacking: list[int], layers: tuple[int, ...]) -> bool:
    """Whether the layers that lack a tensor have others in its place, as dense layers among mixtures have."""
    rare = [at for at in names.values() if len(at) <= len(layers) / 2]
    return all(any(layer in at for at in rare) for layer in lacking)


def _is_rare(model: Model, role: str) -> bool:
    return Counter(tensor.role for tensor in model.tensors.values())[role] == 1


def _close(name: str, unknown: list[str]) -> str:
    close = get_close_matches(name, [other for other in unknown if other != name], n=1, cutoff=0.85)
    return f"; {close[0]} may be meant" if close else ""
