"""Remarks on a file from its header: what is good to know of it before it is used, and easily passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Model
    from .role_types import RoleSummary

_TOKENS = "tokenizer.ggml.tokens"
_MOST_ROLES = 6
_MOST_FILES = 8


def remarks_of(model: Model, roles: list[RoleSummary]) -> list[str]:
    """The remarks, a sentence each; names from the file are not escaped.

    Args:
        model: open; no tensor of it is read.
        roles: its tensors by role, as `role_types.roles_of` gives them.
    """
    return [*_split(model), *_byte_order(model), *_mixed(roles), *_tied(model), *_vocabulary(model)]


def _split(model: Model) -> Iterator[str]:
    if len(model.files) < 2:
        return
    by_file = dict.fromkeys(model.files, 0)
    for tensor in model.tensors.values():
        by_file[tensor.file] += 1
    shares = f" with {', '.join(map(str, by_file.values()))} tensors" if len(by_file) <= _MOST_FILES else ""
    yield f"split into {counted(len(by_file), 'file')}{shares}"


def _byte_order(model: Model) -> Iterator[str]:
    if model.byte_order == "big":
        yield "big endian: llama.cpp reads it on machines of that byte order alone"


def _mixed(roles: list[RoleSummary]) -> Iterator[str]:
    """Roles whose type is not the same in all layers."""
    mixed = [
        role for role in roles if len(role.types) > 1 and any(None not in layers for layers in role.types.values())
    ]
    if mixed:
        shown = [f"{role.role or 'tensors without a role'} ({', '.join(role.types)})" for role in mixed[:_MOST_ROLES]]
        more = f" and {counted(len(mixed) - _MOST_ROLES, 'role')} more" if len(mixed) > _MOST_ROLES else ""
        yield f"more than one type in {', '.join(shown)}{more}"


def _tied(model: Model) -> Iterator[str]:
    names = model.tensors
    reads_both_ways = model.metadata.get(f"{model.architecture}.attention.causal") is False
    has_output = "output_norm.weight" in names and not reads_both_ways
    if has_output and "token_embd.weight" in names and "output.weight" not in names:
        yield "tied output: there is no output.weight, so token_embd.weight scores the next token, too"


def _vocabulary(model: Model) -> Iterator[str]:
    metadata = model.metadata
    if _TOKENS not in metadata:
        return
    if "tokenizer.ggml.eos_token_id" not in metadata:
        yield "the file names no end token (tokenizer.ggml.eos_token_id)"
    kind = metadata.get("tokenizer.ggml.model")
    if isinstance(kind, str) and kind == "gpt2" and "tokenizer.ggml.pre" not in metadata:
        yield "no tokenizer.ggml.pre: llama.cpp cuts text into words by its default, and warns of worse answers"
