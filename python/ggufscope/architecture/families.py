"""Architectures that ggufscope can compute: the facts about them that a file does not state.

Names are those of `general.architecture`. Sources: llama.cpp's `llama-model.cpp`, `llama_model_rope_type` for the pairs
of RoPE, and the graph of each architecture for norms, activation and residual structure. Whether there is a gate,
q/k norms, biases or experts is read from the tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .limits import NotApplicableError

if TYPE_CHECKING:
    from ..models.model import Model

Activation = Literal["silu", "gelu", "relu"]


@dataclass(frozen=True)
class Family:
    """One architecture.

    Attributes:
        pairs: which components of a head RoPE turns together: `"norm"` 2i and 2i + 1, `"neox"` i and i + n/2; None
            without RoPE.
        activation: φ of the FFN; GELU is the tanh form, as in ggml.
        layer_norm: LayerNorm instead of RMSNorm.
        embedding_root: embeddings are multiplied with √width.
        shared_norm: attention and FFN read one normed stream side by side, and there is no norm in front of the FFN.
        post_norms: outputs of attention and FFN are normed before they are added.
        local_period: the last of every so many layers sees everything, the others a sliding window, where the metadata
            do not say how many; 0: no windows.
        local_window: keys that windowed layers see, where the metadata do not say it; None: then there are no windows.
        local_base: RoPE base of the windowed layers where the metadata do not say it; None: that of all layers.
        soft_cap: of attention scores, where the metadata do not say it.
        logit_soft_cap: of the scores of the next token, where the metadata do not say it.
        wide_scale_layers: with this many layers, scores are scaled by √(heads / width), not by the head's size.
        traced: whether the streamed engine runs it: its graph is tested against llama.cpp; propagation knows more.
    """

    pairs: Literal["norm", "neox"] | None
    activation: Activation = "silu"
    layer_norm: bool = False
    embedding_root: bool = False
    shared_norm: bool = False
    post_norms: bool = False
    local_period: int = 0
    local_window: int | None = None
    local_base: float | None = None
    soft_cap: float | None = None
    logit_soft_cap: float | None = None
    wide_scale_layers: int | None = None
    traced: bool = False


FAMILIES = {
    "llama": Family("norm", traced=True),  # Mistral and Mixtral too
    "internlm2": Family("norm"),
    "granite": Family("norm"),
    "command-r": Family("norm", layer_norm=True, shared_norm=True),
    "qwen2": Family("neox", traced=True),
    "qwen3": Family("neox", traced=True),
    "qwen3moe": Family("neox"),
    "gemma": Family("neox", "gelu", embedding_root=True, traced=True),
    "gemma2": Family(
        "neox",
        "gelu",
        embedding_root=True,
        post_norms=True,
        local_period=2,
        local_window=4096,
        soft_cap=50.0,
        logit_soft_cap=30.0,
        wide_scale_layers=46,
        traced=True,
    ),
    "gemma3": Family(
        "neox",
        "gelu",
        embedding_root=True,
        post_norms=True,
        local_period=6,
        local_base=1e4,
        wide_scale_layers=62,
        traced=True,
    ),
    "phi2": Family("neox", "gelu", layer_norm=True, shared_norm=True),
    "phi3": Family("neox", traced=True),
    "gpt2": Family(None, "gelu", layer_norm=True),
    "gptneox": Family("neox", "gelu", layer_norm=True),
    "starcoder2": Family("neox", "gelu", layer_norm=True),
}

# Role (its beginning) → the structure that there are no formulas for.
_BEYOND = {
    "attn_kv_a": "multi-head latent attention (MLA): keys and values come out of a low-rank bottleneck",
    "ssm_": "a state-space model (SSM), or linear attention in its form: what passes between tokens is no softmax",
    "time_mix_": "linear attention (RWKV): what passes between tokens is no softmax",
    "shortconv": "short convolutions between tokens in place of attention",
    "attn_sinks": "attention sinks: learned scores without a key",
    "cross_attn": "cross-attention to another stack",
    "ffn_gate_inp_shexp": "a gated shared expert",
}


def family_of(model: Model) -> Family:
    """The family of a language model.

    Raises:
        NotApplicableError: It is none, has structures without formulas here, or an architecture that is not known.
    """
    kind = model.metadata.get("general.type", "model")
    if kind != "model":
        raise NotApplicableError(f"the file is no language model: its general.type is {kind!r}")
    for tensor in model.tensors.values():
        role = tensor.role or ""
        reason = next((reason for start, reason in _BEYOND.items() if role.startswith(start)), None)
        if reason is not None:
            raise NotApplicableError(f"{tensor.name} belongs to {reason}")
    if model.architecture is None:
        raise NotApplicableError("the file names no architecture")
    family = FAMILIES.get(model.architecture)
    if family is None:
        known = ", ".join(FAMILIES)
        raise NotApplicableError(
            f"ggufscope does not know the architecture {model.architecture!r}, only {known}: its activation, norms"
            " and RoPE pairs are not in the file"
        )
    return family
