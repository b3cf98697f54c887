"""Healthy small models, as bytes that a test may damage: of every type, with norms, experts and a vocabulary."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ggufscope.arrays.arguments import describe_type
from ggufscope.synth.blocks import quantize
from support.gguf_writer import ARRAY, FLOAT32, INT32, STRING, UINT32, Array, Gguf, Key, Tensor

Bytes = npt.NDArray[np.uint8]

WIDTH, NEURONS, EXPERTS, VOCABULARY = 256, 256, 3, 300
HEADS, KV_HEADS = 4, 2
TYPES = ("Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K", "IQ4_XS", "MXFP4", "NVFP4", "F16", "BF16", "F32")
_FACTORED = "NVFP4"


@dataclass
class Healthy:
    """A model file: its table and metadata as `Gguf`, to be changed and written."""

    file: Gguf
    name: str = "m.gguf"
    cut: int | None = None  # bytes of the file to write, if not all of them
    appended: bytes = b""
    against: str | None = None  # text of a manifest to hold the file against

    def copy(self) -> Healthy:
        """Another one with tensors and keys of its own."""
        return copy.deepcopy(self)

    def write(self, directory: Path) -> Path:
        path = directory / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((self.file.build() + self.appended)[: self.cut])
        return path

    def tensor(self, name: str) -> Tensor:
        return next(tensor for tensor in self.file.tensors if tensor.name == name)

    def begin(self, name: str) -> int:
        """Position of a tensor's first byte in the file."""
        start = self.file.pad(len(self.file.header()))
        return start + self.file.offsets()[self.file.tensors.index(self.tensor(name))]

    def blocks(self, name: str) -> Bytes:
        """A copy of the data of a tensor, (blocks, bytes of a block)."""
        return np.frombuffer(self.tensor(name).data, np.uint8).reshape(-1, self.block_bytes(name)).copy()

    def block_bytes(self, name: str) -> int:
        return int(describe_type(self.tensor(name).kind)["bytes_per_block"])

    def block_elements(self, name: str) -> int:
        return int(describe_type(self.tensor(name).kind)["elements_per_block"])

    def floats(self, name: str) -> npt.NDArray[np.float32]:
        """A copy of the values of an F32 tensor, in its shape."""
        tensor = self.tensor(name)
        return np.frombuffer(tensor.data, np.float32).reshape(tensor.shape).copy()

    def put(self, name: str, data: npt.NDArray[np.generic]) -> None:
        self.tensor(name).data = data.tobytes()

    def key(self, name: str) -> Key:
        return next(key for key in self.file.keys if key.name == name)

    def remove(self, *names: str) -> None:
        self.file.tensors = [tensor for tensor in self.file.tensors if tensor.name not in names]


def healthy(type_name: str = "F32", layers: int = 4) -> Healthy:
    """A mixture of experts of the llama architecture whose matrices have a type."""
    return _made(type_name, layers).copy()


@cache
def _made(type_name: str, layers: int) -> Healthy:
    chance = np.random.default_rng(7)
    shapes = {"token_embd": (VOCABULARY, WIDTH), "output": (VOCABULARY, WIDTH)}
    norms = ["output_norm"]
    for layer in range(layers):
        shapes |= {f"blk.{layer}.{role}": shape for role, shape in _LAYER.items()}
        norms += [f"blk.{layer}.attn_norm", f"blk.{layer}.ffn_norm"]
    tensors = [_matrix(chance, f"{name}.weight", shape, _type_of(name, type_name)) for name, shape in shapes.items()]
    tensors += [_vector(f"{name}.weight", 1 + 0.1 * chance.standard_normal(WIDTH)) for name in norms]
    if type_name == _FACTORED:
        factored = [tensor for tensor in tensors if tensor.kind == describe_type(_FACTORED)["id"]]
        tensors += [
            _vector(str(tensor.name).replace(".weight", ".scale"), np.full(_factors(tensor), 0.5))
            for tensor in factored
        ]
    return Healthy(Gguf(keys=_keys(layers), tensors=tensors))


_LAYER: dict[str, tuple[int, ...]] = {
    "attn_q": (WIDTH, WIDTH),
    "attn_k": (WIDTH // 2, WIDTH),
    "attn_v": (WIDTH // 2, WIDTH),
    "attn_output": (WIDTH, WIDTH),
    "ffn_gate_inp": (EXPERTS, WIDTH),
    "ffn_gate_exps": (EXPERTS, NEURONS, WIDTH),
    "ffn_up_exps": (EXPERTS, NEURONS, WIDTH),
    "ffn_down_exps": (EXPERTS, WIDTH, NEURONS),
}


def _type_of(name: str, type_name: str) -> str:
    """Routers stay F32, and what has no factor beside it in an NVFP4 file."""
    plain = name.endswith("ffn_gate_inp") or (type_name == _FACTORED and name in {"token_embd", "output"})
    return "F32" if plain else type_name


def _factors(matrix: Tensor) -> int:
    return matrix.shape[0] if len(matrix.shape) == 3 else 1


def _matrix(chance: np.random.Generator, name: str, shape: tuple[int, ...], type_name: str) -> Tensor:
    weights = (chance.standard_normal(shape) / 16).astype(np.float32)
    return Tensor(name, shape, int(describe_type(type_name)["id"]), quantize(weights.reshape(-1), type_name).tobytes())


def _vector(name: str, values: npt.NDArray[np.float64]) -> Tensor:
    return Tensor(name, values.shape, 0, values.astype(np.float32).tobytes())


def _keys(layers: int) -> list[Key]:
    own = {
        "block_count": layers,
        "context_length": 256,
        "embedding_length": WIDTH,
        "feed_forward_length": NEURONS,
        "vocab_size": VOCABULARY,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KV_HEADS,
        "expert_count": EXPERTS,
        "expert_used_count": 2,
    }
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "a", "b", "ab"]
    pieces += [f"t{number}" for number in range(VOCABULARY - len(pieces))]
    return [
        Key("general.architecture", STRING, "llama"),
        Key("general.name", STRING, "a healthy model"),
        *(Key(f"llama.{key}", UINT32, value) for key, value in own.items()),
        Key("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        Key("tokenizer.ggml.model", STRING, "gpt2"),
        Key("tokenizer.ggml.tokens", ARRAY, Array(STRING, list(pieces))),
        Key("tokenizer.ggml.scores", ARRAY, Array(FLOAT32, [-float(number) for number in range(VOCABULARY)])),
        Key("tokenizer.ggml.token_type", ARRAY, Array(INT32, [2, 3, 3, *[6] * 256, *[1] * (VOCABULARY - 259)])),
        Key("tokenizer.ggml.merges", ARRAY, Array(STRING, ["a b"])),
        Key("tokenizer.ggml.bos_token_id", UINT32, 1),
        Key("tokenizer.ggml.eos_token_id", UINT32, 2),
        Key("tokenizer.chat_template", STRING, "{% for m in messages %}{{ m['content'] }}{% endfor %}"),
    ]
