"""Stacks of layers: the main one (the text of most models), encoder and decoder, vision and audio, next tokens.

Layers are counted stack by stack, and here alone, so that every command gives the same number.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from ..text.numbers import counted
from .metadata import as_count
from .roles import NEXT_TOKENS, place, predicts_next_tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MOST_STACKS = 64  # beyond any model: text, vision and audio with their parts are a handful
MOST_LAYERS = 1024  # beyond any model, merged ones included; tables of layers by layers grow with the square
MAIN = "main"  # the main stack, where a name must stand for it
_MOST_EXTRA = 64  # blocks that predict tokens behind the next one: beyond any model

_WORDS = {
    None: "text",
    "enc": "encoder",
    "dec": "decoder",
    "v": "vision",
    "a": "audio",
    NEXT_TOKENS: "next-token-prediction",
}


class InStack(Protocol):
    """Whatever has a layer in a stack: a tensor, or the row of one."""

    @property
    def layer(self) -> int | None: ...
    @property
    def stack(self) -> str | None: ...


def next_token_layers(metadata: Mapping[str, Any], architecture: str | None, names: Iterable[str]) -> frozenset[int]:
    """The numbers of the blocks that predict tokens behind the next one: they follow the trunk, and are none of it.

    The tensors that join them to the trunk tell; where a file has none, the metadata do: the last
    `nextn_predict_layers` of `block_count` blocks.
    """
    named = frozenset(place(name).layer for name in names if ".nextn." in name and predicts_next_tokens(name))
    if named:
        return frozenset(layer for layer in named if layer is not None)
    counts = [metadata.get(f"{architecture}.{key}") for key in ("block_count", "nextn_predict_layers")]
    blocks, extra = (count if type(count) is int else 0 for count in counts)
    return frozenset(range(blocks - extra, blocks)) if 0 < extra < blocks and extra <= _MOST_EXTRA else frozenset()


def layers_with_state(names: Iterable[str]) -> frozenset[int]:
    """The layers of the main stack with a recurrent state, whose `attn_qkv` feeds that state and no attention heads."""
    places = [place(name) for name in names if ".ssm_" in name]
    return frozenset(at.layer for at in places if at.layer is not None and at.stack is None)


def layers_by_stack(tensors: Iterable[InStack]) -> dict[str | None, tuple[int, ...]]:
    """Stack → the numbers of its layers that have tensors, ascending; the main stack first, the others by name."""
    layers: dict[str | None, set[int]] = defaultdict(set)
    for tensor in tensors:
        if tensor.layer is not None:
            layers[tensor.stack].add(tensor.layer)
    order = sorted(layers, key=lambda stack: (stack is not None, stack == NEXT_TOKENS, stack or ""))
    return {stack: tuple(sorted(layers[stack])) for stack in order}


def depth_fault(layers: Iterable[int]) -> str | None:
    """The reason why layers of these numbers are of no model; None where they may be of one."""
    last = max(layers, default=0)
    return f"there is a layer {last}; the limit is {MOST_LAYERS} layers" if last >= MOST_LAYERS else None


def layer_ranges(layers: Iterable[int]) -> str:
    """`"0-3,6,9"` of [0, 1, 2, 3, 6, 9]."""
    runs: list[tuple[int, int]] = []
    for layer in sorted(set(layers)):
        if runs and runs[-1][1] == layer - 1:
            runs[-1] = runs[-1][0], layer
        else:
            runs.append((layer, layer))
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)


def block_counts(
    metadata: Mapping[str, Any], architecture: str | None, stacks: Iterable[str | None]
) -> dict[str | None, tuple[str, int]]:
    """Stack → the key that says how many layers it has, and that number; stacks that no key speaks of are absent."""
    counts: dict[str | None, tuple[str, int]] = {}
    for stack in stacks:
        for name in _COUNT_KEYS.get(stack, ()):
            key = f"{architecture}.{name}"
            count = as_count(metadata.get(key))
            if count and stack not in counts:
                counts[stack] = key, count
    return counts


_COUNT_KEYS: dict[str | None, tuple[str, ...]] = {
    None: ("block_count",),
    "enc": ("block_count",),
    "dec": ("decoder_block_count", "block_count"),
    "v": ("vision.block_count",),
    "a": ("audio.block_count",),
}


def part_of(stack: str | None) -> str | None:
    """The part of a model that a stack belongs to: `"v"` of `"v.sam"`, None for the main one.

    >>> part_of("v.sam"), part_of("enc"), part_of(None)
    ('v', 'enc', None)
    """
    return stack if stack is None else stack.split(".", maxsplit=1)[0]


def layers_text(stacks: Mapping[str | None, Collection[int]]) -> str:
    """How many layers there are, stack by stack; a model of one stack has plain layers.

    >>> layers_text({None: range(32)})
    '32 layers'
    >>> layers_text({None: range(6), "a": [0], "v": range(9)})
    '6 text layers + 1 audio layer + 9 vision layers'
    >>> layers_text({None: range(46), "nextn": [46]})
    '46 layers + 1 next-token-prediction block'
    """
    plain = not set(stacks) - {None, NEXT_TOKENS}
    return " + ".join(_counted(stack, len(layers), plain) for stack, layers in stacks.items()) or "0 layers"


def _counted(stack: str | None, n: int, plain: bool) -> str:
    kind = "" if stack is None and plain else f"{_WORDS.get(stack, stack)} "
    return counted(n, f"{kind}{'block' if stack == NEXT_TOKENS else 'layer'}")
