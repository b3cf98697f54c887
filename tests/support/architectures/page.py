"""docs/architectures.md from the data: what each architecture is made of, and what was measured."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ggufscope as gs
from ggufscope.analysis.presets.propagation import propagate
from ggufscope.architecture.families import FAMILIES
from ggufscope.architecture.mixers.attention import AttentionWeights
from ggufscope.architecture.mixers.kinds import name_of
from ggufscope.architecture.parts import DenseFeedForward, Mixture
from ggufscope.runtime.engines.streamed.network import Network
from support.architectures import SPECIMENS
from support.model_files import write_model

GATED = {"silu": "SwiGLU", "gelu": "GeGLU", "swiglu_oai": "clamped SwiGLU"}
UNGATED = {"silu": "SiLU", "gelu": "GELU", "relu": "ReLU", "relu2": "ReLU²", "xielu": "xIELU"}
PAIRS = {"norm": "RoPE of neighbours", "neox": "RoPE of halves"}
PLACES = {"before": "in front", "behind": "behind", "total": "of the stream"}
HEAD = (
    "| architecture | made of | tiny models | logits | entropy | propagation |",
    "|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Measured:
    """The largest differences from llama.cpp, of all tiny models of an architecture."""

    logits: float
    entropy: float


def names_of(architecture: str) -> list[str]:
    """The tiny models of an architecture."""
    return [name for name, specimen in SPECIMENS.items() if specimen.architecture == architecture]


def row(architecture: str, measured: tuple[str, str]) -> str:
    """One line of the table, its measured numbers as they are shown."""
    parts: list[list[str]] = []
    reasons: list[list[str]] = []
    with tempfile.TemporaryDirectory() as directory:
        for number, name in enumerate(names_of(architecture)):
            path = write_model(Path(directory) / f"{number}.gguf", **SPECIMENS[name].file())
            with gs.open(path) as model:
                parts.append(list(dict.fromkeys(made_of(Network(model)))))
                reasons.append(list(_reasons(model)) or ["yes"])
    models = ", ".join(names_of(architecture))
    return " | ".join([f"| `{architecture}`", _joined(parts), models, *measured, f"{_joined(reasons)} |"])


def _joined(phrases: list[list[str]]) -> str:
    """Phrases about the first model, and what else there is about the others."""
    others = dict.fromkeys(phrase for one in phrases[1:] for phrase in one if phrase not in phrases[0])
    return "; ".join(phrases[0]) + (f"; in some files {'; '.join(others)}" if others else "")


def _reasons(model: gs.Model) -> Iterator[str]:
    """Why propagation has no formulas for a model; nothing where it has."""
    predicted = propagate(model, queries=1, keys=2)
    if predicted.ffn_attention_ratio is None or None in list(predicted.ffn_attention_ratio):
        yield from dict.fromkeys(limit.reason for limit in predicted.applicability)


def made_of(network: Network) -> Iterator[str]:
    """Phrases for the parts of a model."""
    yield _positions(network)
    yield _norms(network)
    if any(layer.arrangement != "sequential" for layer in network.layers):
        yield "attention and FFN side by side"
    yield from _mixers(network)
    yield from _feed_forwards(network)
    yield from _factors(network)
    if network.head.output is None:
        yield "hidden states, no output"


def _attentions(network: Network) -> list[Any]:
    """Mixers with heads, and their shapes."""
    return [layer.mixer for layer in network.layers if layer.mixer is not None and layer.mixer.shape is not None]


def _positions(network: Network) -> str:
    shapes = [mixer.shape for mixer in _attentions(network)]
    turned = [shape.rotation for shape in shapes if shape.rotation is not None]
    if network.embedding.positions is not None:
        return "learned positions"
    if any(shape.alibi for shape in shapes):
        return "ALiBi"
    if not turned:
        return "no positions"
    phrase = PAIRS[turned[0].pairs]
    if any(shape.rotation is not None and shape.rotation.n_dims < shape.key_length for shape in shapes):
        phrase += ", of a part of a head"
    return phrase + (", not in all layers" if len(turned) < len(shapes) else "")


def _norms(network: Network) -> str:
    places: dict[str, None] = {}
    centred = gains = False
    for layer in network.layers:
        for norms in (layer.mixer_norms, layer.feed_forward_norms):
            for place, text in PLACES.items():
                norm = getattr(norms, place)
                if norm is not None:
                    places[text] = None
                    centred, gains = norm.centred, gains or norm.name != ""
    kind = "LayerNorm" if centred else "RMSNorm"
    return f"{kind} {' and '.join(places)}" + ("" if gains else ", without weights")


def _mixers(network: Network) -> Iterator[str]:
    names = dict.fromkeys("no mixer" if layer.mixer is None else name_of(layer.mixer) for layer in network.layers)
    yield from (name for name in names if name != "attention")
    shapes = [mixer.shape for mixer in _attentions(network)]
    if any(not shape.causal for shape in shapes):
        yield "attention both ways"
    if any(shape.window is not None for shape in shapes):
        yield "windows" if all(shape.window is not None for shape in shapes) else "windows in some layers"
    if any(shape.soft_cap for shape in shapes):
        yield "soft caps"
    if any(shape.clamp for shape in shapes):
        yield "clamped q/k/v"
    if any(shape.temperature for shape in shapes):
        yield "a temperature that grows with position"
    plain = [mixer for mixer in _attentions(network) if isinstance(mixer, AttentionWeights)]
    if any(mixer.q_norm is not None for mixer in plain):
        over = "over all heads" if network.family.head_norms == "all heads" else "of heads"
        yield f"q/k norms {over}" + (" behind RoPE" if network.family.head_norms_behind_rope else "")
    if any(mixer.q.bias is not None for mixer in plain):
        yield "q/k/v biases"
    if any(mixer.output_norm is not None for mixer in plain):
        yield "a norm in front of each output projection"
    if any(mixer.sinks is not None for mixer in plain):
        yield "sinks"
    if any(mixer.gated for mixer in plain):
        yield "gated heads"


def _feed_forwards(network: Network) -> Iterator[str]:
    for layer in network.layers:
        parts = layer.feed_forward
        if isinstance(parts, DenseFeedForward):
            expert = parts.expert
        elif isinstance(parts, Mixture):
            expert = parts.experts[0]
            yield "experts"
            if parts.shared is not None:
                yield "a shared expert" if parts.shared.gate is None else "a gated shared expert"
            yield f"routed by {parts.router.scoring}"
        else:
            continue
        yield (UNGATED if expert.gate is None else GATED)[parts.activation]
        if expert.up.bias is not None:
            yield "FFN biases"


def _factors(network: Network) -> Iterator[str]:
    if network.embedding.scale != 1.0:
        yield "a factor of embeddings"
    if any(layer.residual_scale != 1.0 for layer in network.layers):
        yield "a factor of branches"
    if network.head.output is not None and network.head.scale != 1.0:
        yield "a factor of scores"
    if network.head.output is not None and network.head.soft_cap:
        yield "scores capped"
    if any(layer.own_input is not None for layer in network.layers):
        yield "inputs of each layer's own"
    if any(layer.streams is not None for layer in network.layers):
        yield "several streams (AltUp)"
    if any(layer.laurel is not None for layer in network.layers):
        yield "LAuReL beside attention"


def shown(measured: Measured) -> tuple[str, str]:
    """Numbers of a row."""
    return f"{measured.logits:.0e}", f"{measured.entropy:.0e}"


def document(rows: list[str], refused: list[str], release: str) -> str:
    """The whole page."""
    names = textwrap.fill(", ".join(f"`{name}`" for name in refused), 120)
    return TEMPLATE.format(release=release, table="\n".join([*HEAD, *rows]), refused=names, count=len(FAMILIES))


TEMPLATE = """# Architectures

An architecture, `general.architecture` of a file, is a row of data in `python/ggufscope/architecture/known/`: what the
file does not state. The rest is read from metadata and tensors, and what they say wins. Propagation and the
streamed engine read the same parts; a tensor that no part is made of is refused by its name.

Each of these {count} is run by the streamed engine, and compared with llama.cpp (llama-cpp-python {release}) on tiny
random models in float32, of width 64: prompts of 1 to 40 tokens, and four tokens of answer, which are the same.

* **logits**: the norm of the difference, relative to that of the logits, or of the last hidden states of a model that
  embeds; the largest of prompts and tiny models.
* **entropy**: of attention, of a head and prompt, relative to it; likewise the largest.
* **propagation**: whether the preset has formulas for all layers of the tiny models, or why not.

All other figures agree to 1e-4, too. llama.cpp looks GELU up in a table of float16, and so does the streamed engine in
this comparison; where two sums round to different halves, logits differ by up to some 1e-5. Without the table they
would by up to 2e-3.

{table}

`python tools/make_reference.py --measure` measures it all and writes this page; the tests in `tests/docs` hold it to
the data, those in `tests/runtime/test_architectures_against_llama_cpp.py` measure again.

## An architecture more

A row in `known/`, with what `Family` in `family.py` has a field for; a tiny model in `tests/support/architectures`,
as names and shapes of tensors and metadata. The tests compare it with llama.cpp from then on. What passes between
tokens in a way that is not there yet is a module in `architecture/mixers/` and one in
`runtime/engines/streamed/mixers/`.

## Refused by name

Known to llama.cpp, and not to ggufscope: a trace says so, propagation is not applicable, and statistics, profiles and
everything else that reads weights alone work all the same.

{refused}
"""
