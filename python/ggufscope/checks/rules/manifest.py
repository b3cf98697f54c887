"""A model that is not the one of the manifest that it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.names import base_name
from ...text.numbers import counted, shape_text
from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.tensor import Tensor
    from ..facts import Facts
    from ..manifest import ListedTensor


@rule(
    "manifest",
    "error",
    "what differs from a manifest (`--against FILE`)",
    reads="files",
    why="`check --manifest FILE` writes the digest of every tensor and file. Held against it, a copy shows which"
    " tensors changed, are missing or were added; where all tensors are the same and the file is not, its metadata or"
    " its layout changed, a warning.",
    remedy="Get the file again, or write a new manifest where the change was meant.",
)
def manifest(facts: Facts) -> Iterator[Fault]:
    if facts.against is None or facts.manifest is None:
        return
    listed, tensors = facts.against.tensors, facts.model.tensors
    same = True
    for name, tensor in tensors.items():
        if name not in listed:
            same = False
            yield Fault(f"{name} is not in the manifest", facts.at_tensor(tensor))
            continue
        difference = _difference(tensor, listed[name], facts.manifest.tensors[name])
        if difference is not None:
            same = False
            yield Fault(f"{name} {difference}", facts.at_tensor(tensor, count=tensor.n_bytes))
    for name in listed:
        if name not in tensors:
            same = False
            yield Fault(f"{name} is in the manifest and not in the file", Place(tensor=name))
    if same:
        yield from _files(facts)


def _difference(tensor: Tensor, listed: ListedTensor, actual: ListedTensor) -> str | None:
    if tensor.type != listed.type:
        return f"is of type {tensor.type}, in the manifest of {listed.type}"
    if list(tensor.shape) != listed.shape:
        return f"is {shape_text(tensor.shape)}, in the manifest {shape_text(listed.shape)}"
    return None if actual.xxh3_128 == listed.xxh3_128 else "has other bytes than in the manifest"


def _files(facts: Facts) -> Iterator[Fault]:
    """What differs where all tensors are the same."""
    assert facts.against is not None  # noqa: S101
    assert facts.manifest is not None  # noqa: S101
    before, now = facts.against.document.files, facts.manifest.document.files
    if len(before) != len(now):
        sentence = f"the model lies in {counted(len(now), 'file')}, in the manifest in {len(before)}; its tensors agree"
        yield Fault(sentence, Place(file=base_name(facts.model.path)), "warning")
        return
    for listed, actual in zip(before, now, strict=True):
        if listed.sha256 != actual.sha256:
            sentence = f"{actual.name} has other metadata or another layout than in the manifest; its tensors agree"
            yield Fault(sentence, Place(file=actual.name), "warning")
