"""Layer and role of a tensor, from its name.

The names are those of the gguf package's tables, `blk.{bid}.attn_q` and the like. A name outside the tables that still
has their form (a newer architecture) gets layer and role from the form; any other name gets none.

    blk.7.attn_q.weight             layer 7, role attn_q
    blk.7.attn_q.bias               layer 7, role attn_q.bias
    blk.7.ffn_gate_exps.weight      layer 7, role ffn_gate_exps, all experts in one tensor
    blk.7.ffn_gate.3.weight         layer 7, role ffn_gate_exps, expert 3 (files of 2023)
    enc.blk.7.attn_q.weight         layer 7, role enc.attn_q, stack enc
    token_embd.weight               role token_embd
    v.patch_embd.weight             role v.patch_embd, stack v
    v.patch_embedding.weight        stack v (as Ollama writes it into a file of text and vision)
"""

import importlib
import importlib.util
import os
import re
import sys
from functools import cache
from types import ModuleType
from typing import NamedTuple


class Place(NamedTuple):
    """The place of a tensor in the architecture."""

    layer: int | None = None
    role: str | None = None
    stack: str | None = None  # "enc", "dec", "v", … for what belongs to a second stack, None for the main one
    expert: int | None = None  # of a tensor that holds a single expert


# prefix "blk", number, rest; the prefix of a second stack stands before: "enc.blk", "v.sam.blk", "a.proj_blk".
_IN_LAYER = re.compile(r"(?:([a-z0-9_.]{1,20})\.)?([a-z]*_?blk|convnext|posnet)\.([0-9]{1,6})\.([^\s].*)", re.DOTALL)
_ONE_EXPERT = re.compile(r"(ffn_(?:gate|up|down))\.([0-9]{1,6})")
LARGEST_LAYER = 99_999
# Stacks that have tensors outside their layers, too: encoder, decoder, vision, audio, and what joins these to the text.
_OUTSIDE_LAYERS = frozenset({"enc", "dec", "v", "a", "mm", "resampler"})
NEXT_TOKENS = "nextn"  # the stack of blocks that predict tokens behind the next one


@cache
def gguf_constants() -> ModuleType:
    """`gguf.constants`, without the rest of its package where that is not loaded yet.

    Importing the whole package (readers, writers, yaml, requests) takes 40–60 ms, the tables alone 10.
    """
    package = importlib.util.find_spec("gguf")
    if "gguf.constants" not in sys.modules and package is not None and package.origin is not None:
        path = os.path.join(os.path.dirname(package.origin), "constants.py")  # pathlib is not loaded yet
        spec = importlib.util.spec_from_file_location("_ggufscope_gguf_constants", path)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            try:
                spec.loader.exec_module(module)
            except ImportError:  # a version whose tables need the package around them
                return importlib.import_module("gguf.constants")
            return module
    return importlib.import_module("gguf.constants")


@cache
def known_names() -> frozenset[str]:
    """The tensor names of all architectures, layer numbers as `{bid}`."""
    return frozenset(gguf_constants().TENSOR_NAMES.values())


def place(name: str) -> Place:
    """Layer, role, stack and expert of the tensor `name`; a name that says nothing gives an empty Place."""
    stem, kind = _split_kind(name)
    match = _IN_LAYER.fullmatch(stem)
    if match is not None:
        return _place_in_layer(match, kind)
    pattern = _as_pattern(stem)
    head, dot, rest = stem.partition(".")
    stack = head if head in _OUTSIDE_LAYERS and dot and rest else None
    known = "blk.{bid}" not in pattern and pattern in known_names()
    return Place(role=stem + kind if known else None, stack=stack)


def predicts_next_tokens(name: str) -> bool:
    """Whether a tensor stands in a layer, and joins a block of next-token prediction to the trunk.

    >>> predicts_next_tokens("blk.46.nextn.eh_proj.weight")
    True
    """
    at = place(name)
    return at.layer is not None and at.stack is None and (at.role or "").startswith(f"{NEXT_TOKENS}.")


def behind_the_trunk(at: Place) -> Place:
    """The place of a tensor of a block that predicts next tokens: numbered as the layers are, it is none of them."""
    role = f"{NEXT_TOKENS}.{(at.role or '').removeprefix(f'{NEXT_TOKENS}.')}"
    return at._replace(role=role, stack=NEXT_TOKENS)


def _split_kind(name: str) -> tuple[str, str]:
    """("blk.0.attn_q", ".bias") of "blk.0.attn_q.bias"; weights, the usual case, have no kind."""
    stem, suffix, rest = name.partition(".weight")
    if suffix and rest[:1] in {"", "."}:
        return stem, rest
    kind = next((kind for kind in (".bias", ".scale", ".input_scale") if name.endswith(kind)), "")
    return name.removesuffix(kind), kind


def _place_in_layer(match: re.Match[str], kind: str) -> Place:
    stack, block, number, rest = match.groups()
    layer = int(number)
    if layer > LARGEST_LAYER:
        return Place()
    if block != "blk":
        stack = f"{stack}.{block}" if stack else block
    expert = None
    single = _ONE_EXPERT.fullmatch(rest)
    if single is not None:
        rest, expert = f"{single[1]}_exps", int(single[2])
    prefix = f"{stack}." if stack else ""
    return Place(layer, prefix + rest + kind, stack, expert)


def _as_pattern(stem: str) -> str:
    return ".".join("{bid}" if part.isascii() and part.isdigit() else part for part in stem.split("."))
