"""The tensors of a checkpoint as llama.cpp's converter would name and arrange them.

stored ─▶ left out, or renamed ─▶ changed (`changes.py`) ─▶ experts stacked ─▶ named by the tables ─▶ type
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..._core import GGUFError
from .changes import Renamed
from .parts import ComposedTensor, Part
from .scales import SUFFIXES, moved_alike, scaled_by
from .tensor_names import TensorNames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .changes import Change
    from .config import Config
    from .conversion import Conversion
    from .stored import StoredTensor

# What the converter leaves out of any language model: masks, frequencies of RoPE, and what is no text.
_LEFT_OUT = Renamed(
    r"\.attention\.masked_bias$|\.attention\.bias$|\.rotary_emb\.inv_freq$"
    r"|^(?:mlp|vit\.|vpm\.|siglip2\.|conformer\.|merger\.|resampler\.|sound_encoder\.|sound_projection\.|speech_embeddings\.)"
    r"|visual\.|vision\.|audio\.|talker\.|vision_|audio_|token2wav\.|code2wav\.|projector\.|pre_mm_projector_norm"
    r"|image_newline|view_seperator|patch_embed|patch_embedding|patch_merger\.|patch_merge_mlp\.|model\.connector\.",
    None,
)
_GENERAL: tuple[Change, ...] = (
    _LEFT_OUT,
    Renamed(r"language_model\.", ""),
    Renamed(r"e_score_correction_bias$", "e_score_correction.bias"),
)
_EXPERT = re.compile(r"(.*\.experts)\.([0-9]{1,6})\.([^.]+)\.weight(_scale|_scale_inv)?", re.DOTALL)
_ALWAYS_FLOAT32 = re.compile(
    r"blk\.[0-9]+\.(?:ffn_gate_inp|ffn_gate_inp_shexp|ssm_conv1d(?:_[qkv])?|shortconv\.conv|indexer\.proj)\.weight"
    r"|(?:position_embd|token_types)\.weight"
)
_LAYER = re.compile(r"blk\.([0-9]{1,6})\.")
_NARROW = ("BF16", "F16", "F64")  # what gains and biases are widened or rounded from


@dataclass
class View:
    """A checkpoint, seen as a GGUF file.

    Attributes:
        tensors: of that file, by layers.
        left_out: names of the checkpoint's tensors that the converter passes over.
        unknown: names that the tables do not have; those tensors keep them.
    """

    tensors: list[ComposedTensor] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def view_plain(stored: Iterable[StoredTensor]) -> View:
    """Tensors under their own names, of a checkpoint without a config or of an architecture without a row."""
    return View([ComposedTensor(each.name, each.dtype, (Part.whole(each),)) for each in stored])


def view_converted(stored: Sequence[StoredTensor], conversion: Conversion, config: Config, n_layers: int) -> View:
    """Tensors as the converter names and arranges them.

    Raises:
        GGUFError: A tensor has another shape than its config says, or experts are missing, or two make one of a name.
    """
    view = View()
    names = TensorNames(conversion.architecture, n_layers)
    changed: dict[str, list[Part]] = {}
    by_name = {each.name: each for each in stored}
    changes = (*_GENERAL, *conversion.changes)
    for each in stored:
        matrix = scaled_by(each, by_name)
        if matrix is None:
            made = _changed(each, changes, config)
        else:
            made = moved_alike(each, _changed(matrix, changes, config), config)
        if not made:
            view.left_out.append(each.name)
        for name, part in made:
            if name in changed:
                raise GGUFError(f"tensor '{each.name}': '{changed[name][0].tensor.name}' becomes {name} as well")
            changed[name] = [part]
    for name, parts, stacked in _stacked(changed):
        gguf_name = _named(name, names)
        if gguf_name is None:
            view.unknown += [part.tensor.name for part in parts]
            view.tensors += [
                ComposedTensor(part.tensor.name, part.tensor.dtype, (Part.whole(part.tensor),)) for part in parts
            ]
        else:
            view.tensors.append(_typed(ComposedTensor(gguf_name, parts[0].tensor.dtype, tuple(parts), stacked)))
    view.tensors += _made(conversion, config)
    view.tensors.sort(key=_layer_of)
    return view


def _changed(stored: StoredTensor, changes: Sequence[Change], config: Config) -> list[tuple[str, Part]]:
    """The parts that a tensor becomes, by the names under which the tables know it; empty for one that is left out."""
    made = [(stored.name, Part.whole(stored))]
    for change in changes:
        after: list[tuple[str, Part]] = []
        for name, part in made:
            result = change(name, part, config)
            after += [(name, part)] if result is None else result
        made = after
    return made


def _stacked(changed: dict[str, list[Part]]) -> Iterator[tuple[str, list[Part], bool]]:
    """Experts that the checkpoint has one by one behind one another; everything else as it is.

    Raises:
        GGUFError: One is missing, or they are not alike.
    """
    experts: dict[str, dict[int, Part]] = {}
    for name, parts in changed.items():
        match = _EXPERT.fullmatch(name)
        if match is None:
            yield name, parts, False
        else:
            stack = f"{match[1]}.{match[3]}.weight{match[4] or ''}"
            members = experts.setdefault(stack, {})
            other = members.setdefault(int(match[2]), parts[0]).tensor.name
            if other != parts[0].tensor.name:
                raise GGUFError(f"tensor '{parts[0].tensor.name}': '{other}' is the same expert")
    for stack, members in experts.items():
        parts = [members[number] for number in sorted(members)]
        for number, part in enumerate(parts):
            if number not in members:
                raise GGUFError(f"tensor '{stack}': expert {number} of {max(members) + 1} is missing")
            if (part.shape, part.tensor.dtype) != (parts[0].shape, parts[0].tensor.dtype):
                raise GGUFError(f"tensor '{part.tensor.name}': another shape or type than '{parts[0].tensor.name}'")
        yield stack, parts, True


def _named(name: str, names: TensorNames) -> str | None:
    """GGUF's name of a tensor, or of the factors beside one."""
    for scale in SUFFIXES:
        if name.endswith(f".{scale}"):
            matrix = names(f"{name.removesuffix(scale)}weight")
            return None if matrix is None else f"{matrix.removesuffix('.weight')}.scale"
    if name.endswith(".input_scale"):
        matrix = names(f"{name.removesuffix('input_scale')}weight")
        return None if matrix is None else f"{matrix.removesuffix('.weight')}.input_scale"
    return names(name)


def _typed(tensor: ComposedTensor) -> ComposedTensor:
    """With the type that the converter writes: gains, biases and routers as float32, matrices as they are."""
    if tensor.dtype not in _NARROW:
        return tensor
    as_float32 = (
        len(tensor.shape) == 1
        or tensor.name.endswith("_norm.weight")
        or not tensor.name.endswith(".weight")
        or _ALWAYS_FLOAT32.fullmatch(tensor.name) is not None
        or any(part.plus for part in tensor.parts)
    )
    return replace(tensor, dtype="F32") if as_float32 else tensor


def _made(conversion: Conversion, config: Config) -> Iterator[ComposedTensor]:
    if conversion.made is None:
        return
    for name, numbers in conversion.made(config):
        contents = np.asarray(numbers, "<f4").tobytes()
        yield ComposedTensor(name, "F32", (), contents=contents, made_shape=(len(numbers),))


def _layer_of(tensor: ComposedTensor) -> int:
    match = _LAYER.match(tensor.name)
    return -1 if match is None else int(match[1])
