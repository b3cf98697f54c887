"""A tiny random model with the structure of another: its metadata and the tensors of its layers, but for sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....models.metadata import as_count
from .tiny_shapes import CONTEXT, EXPERTS, HEADS, LENGTH, NEURONS, USED_EXPERTS, VOCABULARY, WIDTH, draw, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ....architecture.heads import HeadShape
    from ....models.model import Model
    from ...shape import Array
    from ..streamed.network import Network

Structure = tuple[str | None, frozenset[tuple[int | None, str]]]  # the architecture, roles of tensors by layer

_WINDOW = 8
_MOST_LAYERS = 8
# Architectures whose graph llama.cpp chooses by the number of layers.
_BY_DEPTH = frozenset({"baichuan", "command-r", "exaone4"})
_SCALES = ("scale", "input_scale")
# Metadata that are not taken over: arrays of a larger model, and the stretching of positions, which moves no node.
_LEFT_OUT = (
    "nextn_predict_layers",
    "expert_group_count",
    "expert_group_used_count",
    "attention.key_length_swa",
    "attention.value_length_swa",
    "rope.dimension_count_swa",
)
_CURVES = "xielu."  # activations by layer, behind no architecture's name
_SCALING, _KEPT_SCALING = "rope.scaling.", ("rope.scaling.finetuned",)


class TinyModel:
    """A tiny model like `model`.

    Attributes:
        structure: of both, as far as it is in the layers that the tiny one has.

    Raises:
        TraceError: A tensor has a role that no tiny model has.
    """

    def __init__(self, model: Model, network: Network) -> None:
        self._model = model
        self._network = network
        self._n_layers = self._depth()
        self._kv_heads = self._key_heads()
        self._key_length = next((shape.key_length for shape in self._shapes()), LENGTH)
        tensors = [tensor for tensor in model.tensors.values() if tensor.stack is None and tensor.role is not None]
        self._tensors = [tensor for tensor in tensors if tensor.layer is None or tensor.layer < self._n_layers]
        self.structure: Structure = (
            model.architecture,
            frozenset((tensor.layer, tensor.role or "") for tensor in self._tensors),
        )

    def write(self, path: Path) -> None:
        """Write it, with random float32 weights."""
        import gguf  # noqa: PLC0415  only writing needs it

        writer = gguf.GGUFWriter(path, self._model.architecture or "")
        for name, value in self._metadata().items():
            if isinstance(value, bool):
                writer.add_bool(name, value)
            elif isinstance(value, int):
                writer.add_uint32(name, value)
            elif isinstance(value, float):
                writer.add_float32(name, value)
            elif isinstance(value, str):
                writer.add_string(name, value)
            else:
                writer.add_array(name, value)
        for name, values in self._weights():
            writer.add_tensor(name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def _value(self, key: str) -> Any:
        return self._model.metadata.get(f"{self._model.architecture}.{key}")

    def _depth(self) -> int:
        """Layers that show every kind of layer that the model has."""
        n_layers = len(self._network.layers)
        if self._model.architecture in _BY_DEPTH:
            return n_layers
        family = self._network.family
        period = as_count(self._value("attention.sliding_window_pattern")) or family.local_period
        dense = as_count(self._value("leading_dense_block_count")) or 0
        return min(n_layers, _MOST_LAYERS, max(2, period, family.unrotated_period, dense + 1))

    def _shapes(self) -> Iterator[HeadShape]:
        mixers = (layer.mixer for layer in self._network.layers)
        yield from (mixer.shape for mixer in mixers if mixer is not None and mixer.shape is not None)

    def _key_heads(self) -> int:
        """As many as query heads, one, or in between, as the model has."""
        shape = next(self._shapes(), None)
        if shape is None or shape.n_kv_heads == shape.n_heads:
            return HEADS
        return 1 if shape.n_kv_heads == 1 else HEADS // 2

    def _metadata(self) -> dict[str, Any]:
        own = f"{self._model.architecture}."
        copied: dict[str, Any] = {}
        for key in self._model.metadata:
            name = key.removeprefix(own)
            if key.startswith(own) and name not in _LEFT_OUT and self._is_taken_over(name):
                copied[key] = self._scalar(key)
        sizes = self._sizes()
        named = {own + name: value for name, value in {**sizes, **self._by_layer(sizes)}.items()}
        kept = {key: value for key, value in (copied | named | self._unnamed()).items() if value is not None}
        return {"tokenizer.ggml.model": "none", **kept}

    def _by_layer(self, sizes: dict[str, int]) -> dict[str, list[int]]:
        """Heads of layers of which some have none, and sections of RoPE."""
        arrays: dict[str, list[int]] = {}
        headless = [layer.mixer is None for layer in self._network.layers[: self._n_layers]]
        if any(headless):
            for name in ("attention.head_count", "attention.head_count_kv"):
                arrays[name] = [0 if without else sizes[name] for without in headless]
        if self._value("rope.dimension_sections") is not None:
            pairs = sizes["rope.dimension_count"] // 2
            arrays["rope.dimension_sections"] = [(pairs + 2) // 3, (pairs + 1) // 3, pairs // 3, 0]
        return arrays

    def _unnamed(self) -> dict[str, Any]:
        """Metadata behind no architecture's name that a graph depends on."""
        metadata = self._model.metadata
        types = "tokenizer.ggml.token_type_count"
        unnamed: dict[str, Any] = {types: metadata[types]} if types in metadata else {}
        for key in metadata:
            if key.startswith(_CURVES):
                unnamed[key] = [float(each) for each in np.atleast_1d(metadata[key])[: self._n_layers]]
        return unnamed

    @staticmethod
    def _is_taken_over(name: str) -> bool:
        return not name.startswith(_SCALING) or name in _KEPT_SCALING

    def _scalar(self, key: str) -> bool | int | float | str | list[bool] | None:
        """A value of the metadata, of windows by layer the first ones; None for what no tiny model can have."""
        value = self._model.metadata[key]
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        if isinstance(value, (int, np.integer)):
            return int(value) if 0 <= value < 1 << 32 else None
        if isinstance(value, (float, np.floating)):
            return float(value)
        if isinstance(value, str):
            return value
        if key.endswith("sliding_window_pattern"):
            return [bool(each) for each in value[: self._n_layers]]
        return None

    def _sizes(self) -> dict[str, int]:
        shape = next(self._shapes(), None)
        sizes = {
            "block_count": self._n_layers,
            "context_length": CONTEXT,
            "embedding_length": WIDTH,
            "feed_forward_length": NEURONS * self._times_feed_forward(),
            "vocab_size": VOCABULARY,
            "attention.head_count": HEADS,
            "attention.head_count_kv": self._kv_heads,
            "attention.key_length": LENGTH,
            "attention.value_length": LENGTH,
        }
        if shape is not None and shape.rotation is not None:
            share = shape.rotation.n_dims / shape.key_length
            sizes["rope.dimension_count"] = max(2, 2 * round(share * LENGTH / 2))
        if self._value("attention.sliding_window") is not None:
            sizes["attention.sliding_window"] = _WINDOW
        experts = {"expert_count": EXPERTS, "expert_used_count": USED_EXPERTS}
        lengths = ("expert_feed_forward_length", "expert_shared_feed_forward_length")
        of_experts = {**experts, **dict.fromkeys(lengths, NEURONS)}
        return sizes | {key: size for key, size in of_experts.items() if self._value(key) is not None}

    def _times_feed_forward(self) -> int:
        """How often the neurons of a layer are in the length that metadata give them: twice for Qwen 1."""
        length = as_count(self._value("feed_forward_length"))
        down = self._model.tensors.get("blk.0.ffn_down.weight")
        return 2 if down is not None and length == 2 * down.shape[-1] else 1

    def _weights(self) -> Iterator[tuple[str, Array]]:
        chance = np.random.default_rng(6)
        written: set[str] = set()
        for tensor in sorted(
            self._tensors, key=lambda each: (each.layer is not None, each.layer or 0, each.role or "")
        ):
            base, _, kind = (tensor.role or "").partition(".")
            if kind in _SCALES or base.startswith(("rope_", "attn_rot_embd", "cls", "dense_")):
                continue
            shape = shape_of(
                tensor,
                base,
                kv_heads=self._kv_heads,
                key_length=self._key_length,
                gate_in_up=self._gate_in_up(tensor.layer),
            )
            block = "" if tensor.layer is None else f"blk.{tensor.layer}."
            name = f"{block}{base}.{kind or 'weight'}"
            if name in written:
                continue  # one of the experts of a file that has each in a tensor of its own
            written.add(name)
            yield name, draw(chance, base, shape[:-1] if kind == "bias" and len(shape) > 1 else shape)

    def _gate_in_up(self, layer: int | None) -> bool:
        """Whether the up projection of a layer holds the gate's as well."""
        names = self._model.tensors
        up, down = (f"blk.{layer}.ffn_{role}.weight" for role in ("up", "down"))
        return up in names and down in names and names[up].n_rows == 2 * names[down].shape[-1]
