"""Notes on a file: where it goes beyond what llama.cpp reads, and where its layers are not those that it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text.numbers import counted
from .factors import passed_over
from .roles import NEXT_TOKENS
from .stacks import block_counts, layer_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .model import Model
    from .tensor import Tensor

_LONGEST_NAME, _MOST_DIMENSIONS = 63, 4  # that ggml reads
_RIVALS = {"NVFP4", "Q1_0", "Q2_0"}  # their ids stand for other layouts in some forks of ggml
_SHOWN = 3
# Keys that may have one value per layer, after the architecture's name.
_BY_LAYER = (
    "attention.head_count",
    "attention.head_count_kv",
    "attention.recurrent_layers",
    "attention.sliding_window_pattern",
    "expert_feed_forward_length",
    "expert_used_count",
    "feed_forward_length",
)


def notes_of(model: Model) -> list[str]:
    """The notes, a sentence each; empty for a file without peculiarities. Names from the file are not escaped."""
    file = (*_beyond_llama_cpp(model), *_trailing(model), *_of_checkpoint(model))
    return [*file, *_passed_over(model), *_next_tokens(model), *layer_notes(model), *_arrays(model)]


def _beyond_llama_cpp(model: Model) -> Iterator[str]:
    tensors = list(model.tensors.values())
    long = [tensor for tensor in tensors if len(tensor.name.encode()) > _LONGEST_NAME]
    if long:
        names = _listed(long, [f"{len(tensor.name.encode())} bytes" for tensor in long])
        yield f"names of more than {_LONGEST_NAME} bytes, which llama.cpp does not read: {names}"
    deep = [tensor for tensor in tensors if len(tensor.shape) > _MOST_DIMENSIONS]
    if deep:
        names = _listed(deep, [f"{len(tensor.shape)} dimensions" for tensor in deep])
        yield f"more than {_MOST_DIMENSIONS} dimensions, which llama.cpp does not read: {names}"


def _passed_over(model: Model) -> Iterator[str]:
    others = passed_over(model.tensors)
    if others:
        names = _listed(others, [counted(tensor.n_elements, "number") for tensor in others])
        yield f"named as factors of matrices, and of no use as such: {names}"


def _of_checkpoint(model: Model) -> Iterator[str]:
    """Tensors of a checkpoint that are not in the view, or stand there under their own names."""
    if model.composition is None:
        return
    if model.composition.plain is not None:
        yield f"tensors are seen under their own names: {model.composition.plain}"
    for names, said in (
        (model.composition.left_out, "left out, as by llama.cpp's converter"),
        (model.composition.unknown, "not known to llama.cpp's converter, under their own names"),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield f"{said}: {', '.join(names[:_SHOWN])}{more}"


def _listed(tensors: Sequence[Tensor], facts: Sequence[str]) -> str:
    shown = ", ".join(f"{tensor.name} ({fact})" for tensor, fact in zip(tensors[:_SHOWN], facts, strict=False))
    return f"{shown} and {len(tensors) - _SHOWN} more" if len(tensors) > _SHOWN else shown


def _trailing(model: Model) -> Iterator[str]:
    """Bytes behind the padding of the last tensor, which nothing in the file speaks of."""
    if model.is_checkpoint:  # whose reader refuses such files
        return
    by_file: dict[str, list[Tensor]] = {file: [] for file in model.files}
    for tensor in model.tensors.values():
        if tensor.n_bytes:
            by_file[tensor.file].append(tensor)
    for number, (tensors, size) in enumerate(zip(by_file.values(), model.file_sizes, strict=True), 1):
        last = max(tensors, key=lambda tensor: tensor.offset, default=None)
        if last is None:
            continue
        end = last.offset + last.n_bytes
        rest = size - (-(-end // model.alignment) * model.alignment)
        if rest > 0:
            of_file = f" of file {number} of {len(by_file)}" if len(by_file) > 1 else ""
            yield f"{rest} byte{'' if rest == 1 else 's'} behind the last tensor{of_file}{_rival(last, tensors)}"


def _rival(last: Tensor, tensors: Sequence[Tensor]) -> str:
    """That they may be the rest of a larger layout, where no other tensor of the type tells."""
    alone = last.type in _RIVALS and sum(tensor.type == last.type for tensor in tensors) == 1
    return f"; some forks of ggml use the id of {last.type} for another layout" if alone else ""


def _next_tokens(model: Model) -> Iterator[str]:
    blocks = model.stacks.get(NEXT_TOKENS, ())
    if blocks:
        verb, noun = ("predict", "blocks") if len(blocks) > 1 else ("predicts", "block")
        yield f"{noun} {layer_ranges(blocks)} {verb} tokens behind the next one, outside the layers"


def layer_notes(model: Model, of: Collection[str | None] | None = None) -> Iterator[str]:
    """Layers that the file declares and lacks, or has beyond those, stack by stack; of all stacks or some."""
    stacks = {stack: layers for stack, layers in model.stacks.items() if stack != NEXT_TOKENS} or {None: ()}
    if of is not None:
        stacks = {stack: stacks.get(stack, ()) for stack in of}
    declared = block_counts(model.metadata, model.architecture, stacks)
    for stack, layers in stacks.items():
        key, count = declared.get(stack, ("", None))
        there = (*layers, *model.stacks.get(NEXT_TOKENS, ())) if stack is None else layers
        missing = _missing(there, max([*layers, (count or 0) - 1], default=-1))
        of_stack = f" of stack {stack}" if stack else ""
        if missing:
            reason = f"the last is {max(layers)}" if count is None else f"{key} is {count}"
            yield f"no tensors of {missing}{of_stack}: {reason}"
        surplus = [layer for layer in layers if count is not None and layer >= count]
        if surplus:
            yield f"{_layers(surplus)}{of_stack} beyond {key}, {count}"


def _missing(present: Sequence[int], last: int) -> str:
    """The layers up to `last` that are not present, as a text; those behind the last present one may be millions."""
    end = min(last, max(present, default=-1))
    missing = sorted(set(range(end + 1)) - set(present))
    if last == end:
        return _layers(missing)
    behind = f"{end + 1}-{last}" if last > end + 1 else f"{last}"
    plural = missing or last > end + 1
    return f"layer{'s' if plural else ''} {','.join(filter(None, [layer_ranges(missing), behind]))}"


def _layers(numbers: Sequence[int]) -> str:
    return f"layer{'s' if len(numbers) > 1 else ''} {layer_ranges(numbers)}" if numbers else ""


def _arrays(model: Model) -> Iterator[str]:
    """Arrays by layer that end before the layers do."""
    last = max((layer for stack in (None, NEXT_TOKENS) for layer in model.stacks.get(stack, ())), default=-1)
    for name in _BY_LAYER:
        key = f"{model.architecture}.{name}"
        if key not in model.metadata or not model.metadata.kind(key).startswith("array"):
            continue
        length = model.metadata.length(key)
        if length <= last:
            yield f"{key} has {length} values for the layers up to {last}: of those it leaves out nothing is known"
