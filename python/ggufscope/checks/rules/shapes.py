"""Shapes that do not fit the metadata, or each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.experts import is_role_of_experts
from ...models.heads import heads
from ...models.metadata import as_count, of_layer
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.tensor import Tensor
    from ..facts import Facts

_READ_BY_WIDTH = {"attn_q", "attn_k", "attn_v", "attn_qkv", "ffn_gate", "ffn_up", "token_embd", "output"}


@rule(
    "shapes",
    "error",
    "shapes that do not fit the metadata",
    reads="structure",
    why="A runtime computes the shape of every tensor from the metadata and refuses a file where one differs; a reader"
    " that does not, reads rows of one head as another's.",
    remedy="Convert again; metadata that were edited by hand are the usual cause.",
)
def shapes(facts: Facts) -> Iterator[Fault]:
    if not facts.is_model or facts.model.general_type not in {None, "model"}:
        return
    for tensor in facts.model.tensors.values():
        if tensor.stack is not None or tensor.kind != "matrix":
            continue
        for sentence in (
            _width(facts, tensor),
            _heads(facts, tensor),
            _vocabulary(facts, tensor),
            _experts(facts, tensor),
        ):
            if sentence is not None:
                yield Fault(sentence, facts.at_tensor(tensor))


def _number(facts: Facts, key: str, tensor: Tensor) -> int | None:
    value = facts.model.metadata.get(f"{facts.model.architecture}.{key}")
    return as_count(of_layer(value, tensor.layer))


def _width(facts: Facts, tensor: Tensor) -> str | None:
    width = _number(facts, "embedding_length", tensor)
    if tensor.role not in _READ_BY_WIDTH or not width or tensor.shape[-1] == width:
        return None
    if tensor.role in {"token_embd", "output"} and facts.model.metadata.get(
        _OWN_WIDTH.format(facts.model.architecture)
    ):
        return None
    return f"{tensor.name} has rows of {tensor.shape[-1]}, and embedding_length is {width}"


_OWN_WIDTH = "{}.embedding_length_out"


def _heads(facts: Facts, tensor: Tensor) -> str | None:
    """Rows of queries, keys and values that are no whole heads; where the metadata say how many."""
    if tensor.role not in {"attn_q", "attn_k", "attn_v"} or heads(facts.model, tensor) is not None:
        return None
    key = "attention.head_count" if tensor.role == "attn_q" else "attention.head_count_kv"
    count = _number(facts, key, tensor) or _number(facts, "attention.head_count", tensor)
    if not count or tensor.shape[-2] % count == 0:  # longer heads than the metadata say: the architecture's own
        return None
    return f"{tensor.name} has {tensor.shape[-2]} rows, no multiple of {count} heads ({key})"


def _vocabulary(facts: Facts, tensor: Tensor) -> str | None:
    if tensor.role not in {"token_embd", "output"} or len(tensor.shape) != 2:
        return None
    key = "tokenizer.ggml.tokens"
    if key not in facts.model.metadata or not facts.model.metadata.kind(key).startswith("array"):
        return None
    n_tokens = facts.model.metadata.length(key)
    if tensor.shape[0] >= n_tokens:
        return None
    return f"{tensor.name} has {tensor.shape[0]} rows for {n_tokens} tokens of the vocabulary"


def _experts(facts: Facts, tensor: Tensor) -> str | None:
    if not is_role_of_experts(tensor.role) or tensor.expert is not None or len(tensor.shape) != 3:
        return None
    declared = _number(facts, "expert_count", tensor)
    if not declared or tensor.shape[0] == declared:
        return None
    return f"{tensor.name} holds {tensor.shape[0]} experts, and expert_count is {declared}"
