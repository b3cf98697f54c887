"""Shapes that do not fit the metadata, or the architecture."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ...architecture.families import FAMILIES
from ...models.experts import is_role_of_experts
from ...models.heads import heads
from ...models.metadata import as_count, of_layer
from ...text.numbers import counted
from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...models.tensor import Tensor
    from ..facts import Facts
    from ..findings import Severity

_READ_BY_WIDTH = {"attn_q", "attn_k", "attn_v", "attn_qkv", "ffn_gate", "ffn_up", "token_embd", "output"}
_OF_TOKENS = {"token_embd", "output"}
_NEARLY_ALL = 0.99  # of the tokens
_TOKENS = "tokenizer.ggml.tokens"


class _Judged(NamedTuple):
    """A tensor beside the key that says how large it must be; `fault` is None where it is so."""

    tensor: Tensor
    key: str
    fault: str | None
    severity: Severity | None = None


@rule(
    "shapes",
    "error",
    "shapes that do not fit the metadata, or the architecture",
    reads="structure",
    why="A runtime computes the shape of every tensor from the metadata and refuses a file where one differs; a reader"
    " that does not, reads rows of one head as another's. Where most tensors disagree with a key, the key is wrong. In"
    " architectures that are not known here it is a note; a table of more rows than tokens, or a few"
    " less, is a warning.",
    remedy="Convert again; metadata that were edited by hand are the usual cause.",
)
def shapes(facts: Facts) -> Iterator[Fault]:
    if not facts.is_model:
        return
    usual: Severity | None = None if facts.model.architecture in FAMILIES else "note"
    by_key: dict[str, list[_Judged]] = defaultdict(list)
    for tensor in facts.model.tensors.values():
        if tensor.stack is None and tensor.kind == "matrix":
            for judge in _JUDGES:
                judged = judge(facts, tensor)
                if judged is not None:
                    by_key[judged.key].append(judged)
    told: set[str] = set()
    for key, tensors in by_key.items():
        wrong = [judged for judged in tensors if judged.fault is not None and judged.tensor.name not in told]
        told.update(judged.tensor.name for judged in wrong)
        if 1 < len(wrong) > len(tensors) / 2:
            sentence = f"{counted(len(wrong), 'tensor')} of {len(tensors)} do not fit {key}; {wrong[0].fault}"
            yield Fault(sentence, Place(key=key, count=len(wrong)), wrong[0].severity or usual)
        else:
            for judged in wrong:
                place = facts.at_tensor(judged.tensor)
                yield Fault(str(judged.fault), place, judged.severity or usual)
    if facts.parts is not None and not told:
        yield from _of_parts(facts)


def _of_parts(facts: Facts) -> Iterator[Fault]:
    """What the architecture says; where most layers have the same fault, it is one of the metadata."""
    by_role: dict[str | None, list[str]] = defaultdict(list)
    for name in facts.parts.misshapen if facts.parts is not None else ():
        by_role[facts.model.tensors[name].role].append(name)
    for names in by_role.values():
        more = f"; {len(names) - 1} other layers likewise" if len(names) > 1 else ""
        sentence = f"{facts.parts.misshapen[names[0]]}{more}" if facts.parts is not None else ""
        yield Fault(sentence, facts.at_tensor(facts.model.tensors[names[0]], count=len(names)))


def _number(facts: Facts, key: str, tensor: Tensor) -> int | None:
    value = facts.model.metadata.get(f"{facts.model.architecture}.{key}")
    return as_count(of_layer(value, tensor.layer))


def _width(facts: Facts, tensor: Tensor) -> _Judged | None:
    width = _number(facts, "embedding_length", tensor)
    if tensor.role not in _READ_BY_WIDTH or not width:
        return None
    if tensor.role in _OF_TOKENS and facts.model.metadata.get(f"{facts.model.architecture}.embedding_length_out"):
        return None
    fault = f"{tensor.name} has rows of {tensor.shape[-1]}, and embedding_length is {width}"
    key = f"{facts.model.architecture}.embedding_length"
    return _Judged(tensor, key, None if tensor.shape[-1] == width else fault)


def _heads(facts: Facts, tensor: Tensor) -> _Judged | None:
    """Rows of queries, keys and values that are no whole heads; where the metadata say how many."""
    if tensor.role not in {"attn_q", "attn_k", "attn_v"}:
        return None
    key = "attention.head_count" if tensor.role == "attn_q" else "attention.head_count_kv"
    count = _number(facts, key, tensor) or _number(facts, "attention.head_count", tensor)
    if not count:
        return None
    # Longer heads than the metadata say are the architecture's own.
    fits = heads(facts.model, tensor) is not None or tensor.shape[-2] % count == 0
    fault = f"{tensor.name} has {tensor.shape[-2]} rows, no multiple of {count} heads ({key})"
    return _Judged(tensor, f"{facts.model.architecture}.{key}", None if fits else fault)


def _vocabulary(facts: Facts, tensor: Tensor) -> _Judged | None:
    metadata = facts.model.metadata
    if tensor.role not in _OF_TOKENS or len(tensor.shape) != 2 or _TOKENS not in metadata:
        return None
    if not metadata.kind(_TOKENS).startswith("array") or facts.model.architecture not in FAMILIES:
        return None  # a draft model, say, has an output of its own vocabulary
    n_tokens = metadata.length(_TOKENS)
    fault = f"{tensor.name} has {tensor.shape[0]} rows for {n_tokens} tokens of the vocabulary"
    # Rows beyond the tokens are never looked up, and a few tokens without a row never asked for, as that of images in
    # Ollama's Gemma 3: llama.cpp refuses such a file, others read it.
    severity: Severity | None = "warning" if tensor.shape[0] >= _NEARLY_ALL * n_tokens else None
    return _Judged(tensor, _TOKENS, None if tensor.shape[0] == n_tokens else fault, severity)


def _experts(facts: Facts, tensor: Tensor) -> _Judged | None:
    if not is_role_of_experts(tensor.role) or tensor.expert is not None or len(tensor.shape) != 3:
        return None
    declared = _number(facts, "expert_count", tensor)
    if not declared:
        return None
    fault = f"{tensor.name} holds {tensor.shape[0]} experts, and expert_count is {declared}"
    key = f"{facts.model.architecture}.expert_count"
    return _Judged(tensor, key, None if tensor.shape[0] == declared else fault)


_JUDGES: tuple[Callable[[Facts, Tensor], _Judged | None], ...] = (_width, _heads, _vocabulary, _experts)
