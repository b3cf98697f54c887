"""A lineage in sentences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...models.stacks import layer_ranges
from ...text.numbers import count_text, counted, listed, numbered, rounded_percent
from .origins import CARRIED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..lineage_record import LayerOrigin, Moved, Requantized

_SHOWN = 4  # names in a sentence
_CHANCE = "by chance about 50 %"
_FLOATS = {"F32", "F16", "BF16"}


def moved_sentences(moved: Moved | None) -> Iterator[str]:
    """Tensors and rows that a fine-tune changed."""
    if moved is None:
        return
    where = f", {numbered('layer', moved.layers)}" if 0 < len(moved.layers) <= _SHOWN else ""
    if len(moved.layers) > _SHOWN:
        where = f", layers {layer_ranges(moved.layers)}"
    equal = f"{counted(moved.n_equal, 'tensor')} {'is' if moved.n_equal == 1 else 'are'} equal bit for bit"
    differ = "differs" if len(moved.tensors) == 1 else "differ"
    yield f"{equal}; {_names(moved.tensors)} {differ}{where}."
    for rows in moved.rows:
        more = " and others" if rows.count > len(rows.first) else ""
        verb = "differs" if rows.count == 1 else "differ"
        yield f"In {rows.tensor} {counted(rows.count, 'row')} {verb}: {', '.join(map(str, rows.first))}{more}."


def origin_sentences(origins: Sequence[LayerOrigin], made_from: str | None) -> Iterator[str]:
    """Whether the model was made from the reference."""
    shares = {each.layer: each.sign_agreement for each in origins if each.sign_agreement is not None}
    if made_from is None:
        return
    least, most = rounded_percent(min(shares.values())), rounded_percent(max(shares.values()))
    span = f"{least} %" if least == most else f"{least} % to {most} %"
    if made_from == "all":
        yield f"Made from the reference: in every layer {span} of the signs of large weights agree ({_CHANCE})."
    elif made_from == "none":
        yield f"Not made from the reference: {span} of the signs of large weights agree ({_CHANCE})."
    else:
        kept = [layer for layer, share in shares.items() if share >= CARRIED and layer is not None]
        others = [layer for layer, share in shares.items() if share < CARRIED and layer is not None]
        outside = shares.get(None)
        parts = [f"{_layers(kept)} carry its signs"] if kept else []
        parts += [f"{_layers(others)} do not"] if others else []
        parts += [f"outside the layers {rounded_percent(outside)} % of the signs agree"] if outside is not None else []
        yield f"Made from the reference in parts: {', '.join(parts)} ({span} of the signs agree)."


def requantized_sentences(groups: Sequence[Requantized], which: str) -> Iterator[str]:
    """Coarser types behind the types of the model, or of the reference."""
    for group in groups:
        verb, made = ("lies", "it was") if len(group.tensors) == 1 else ("lie", "they were")
        how = "decoded" if group.type in _FLOATS else "quantized again"
        yield (
            f"{_names(group.tensors)} of the {which} ({group.type}) {verb} on the {group.levels} levels of"
            f" {' or '.join(group.coarser_types)}: {made} {how} from a coarser type"
            f" ({count_text(group.fitting)} of {counted(group.decided, 'run')} of weights fit)."
        )


def _layers(layers: Sequence[int]) -> str:
    return numbered("layer", layers) if len(layers) <= _SHOWN else f"layers {layer_ranges(layers)}"


def _names(names: Sequence[str]) -> str:
    """A few names, or what they have in common: `attn_q.weight of 30 layers`."""
    if len(names) <= _SHOWN:
        return listed(list(names))
    kinds = Counter(_without_layer(name) for name in names)
    if len(kinds) <= _SHOWN:
        return listed([kind if count == 1 else f"{kind} ({count})" for kind, count in kinds.items()])
    return f"{counted(len(names), 'tensor')} ({', '.join(list(kinds)[:_SHOWN])}, …)"


def _without_layer(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[2:]) if parts[0] == "blk" and len(parts) > 2 else name
