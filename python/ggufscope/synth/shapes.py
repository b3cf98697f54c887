"""Model shapes as data: what a file of that model contains, tensor by tensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from .vocabulary import VocabularyPlan


@dataclass(frozen=True)
class Shape:
    """Hyperparameters of a decoder in the llama family of architectures."""

    name: str
    title: str
    size_label: str
    architecture: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    context: int
    rope_base: float
    norm_epsilon: float
    vocabulary: VocabularyPlan
    experts: int = 0
    experts_used: int = 0
    attention_bias: bool = False
    rope_factors: bool = False

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def queries_per_kv_head(self) -> int:
        return self.heads // self.kv_heads


@dataclass(frozen=True)
class PlannedTensor:
    """A tensor of a shape: its name, role and dimensions (NumPy order: experts, rows, columns)."""

    name: str
    role: str
    dimensions: tuple[int, ...]
    layer: int | None = None

    @property
    def n_elements(self) -> int:
        return prod(self.dimensions)


LLAMA_3_SPECIALS = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|reserved_special_token_2|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
    *(f"<|reserved_special_token_{i}|>" for i in range(3, 248)),
)
QWEN_2_SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

SHAPES = {
    shape.name: shape
    for shape in (
        Shape(
            name="llama-3.1-8b",
            title="Llama 3.1 8B",
            size_label="8B",
            architecture="llama",
            layers=32,
            width=4096,
            feed_forward=14336,
            heads=32,
            kv_heads=8,
            context=131072,
            rope_base=500000.0,
            norm_epsilon=1e-5,
            vocabulary=VocabularyPlan(
                "gpt2", 128256, LLAMA_3_SPECIALS, merges=280147, pre="llama-bpe", bos=128000, eos=128009
            ),
            rope_factors=True,
        ),
        Shape(
            name="qwen2.5-7b",
            title="Qwen2.5 7B",
            size_label="7B",
            architecture="qwen2",
            layers=28,
            width=3584,
            feed_forward=18944,
            heads=28,
            kv_heads=4,
            context=32768,
            rope_base=1000000.0,
            norm_epsilon=1e-6,
            vocabulary=VocabularyPlan(
                "gpt2",
                152064,
                QWEN_2_SPECIALS,
                merges=151387,
                pre="qwen2",
                bos=151643,
                eos=151645,
                first_special=151643,
            ),
            attention_bias=True,
        ),
        Shape(
            name="mixtral-8x7b",
            title="Mixtral 8x7B",
            size_label="8x7B",
            architecture="llama",
            layers=32,
            width=4096,
            feed_forward=14336,
            heads=32,
            kv_heads=8,
            context=32768,
            rope_base=1000000.0,
            norm_epsilon=1e-5,
            vocabulary=VocabularyPlan("llama", 32000, ("<unk>", "<s>", "</s>"), bos=1, eos=2),
            experts=8,
            experts_used=2,
        ),
        Shape(
            name="tiny",
            title="Tiny",
            size_label="6M",
            architecture="llama",
            layers=8,
            width=256,
            feed_forward=768,
            heads=8,
            kv_heads=2,
            context=2048,
            rope_base=10000.0,
            norm_epsilon=1e-5,
            vocabulary=VocabularyPlan("llama", 512, ("<unk>", "<s>", "</s>"), bos=1, eos=2),
        ),
    )
}


def planned_tensors(shape: Shape) -> list[PlannedTensor]:
    """All tensors of a shape in the order of llama.cpp's quantizer: the model's own, then layer by layer by name."""
    tensors = [
        PlannedTensor("output.weight", "output", (shape.vocabulary.size, shape.width)),
        PlannedTensor("output_norm.weight", "output_norm", (shape.width,)),
        PlannedTensor("token_embd.weight", "token_embd", (shape.vocabulary.size, shape.width)),
    ]
    if shape.rope_factors:
        tensors.insert(2, PlannedTensor("rope_freqs.weight", "rope_freqs", (shape.head_width // 2,)))
    for layer in range(shape.layers):
        tensors += sorted(_layer_tensors(shape, layer), key=lambda tensor: tensor.name)
    return tensors


def _layer_tensors(shape: Shape, layer: int) -> Iterator[PlannedTensor]:
    width, kv_width = shape.width, shape.kv_heads * shape.head_width
    for role, rows, columns in (
        ("attn_q", width, width),
        ("attn_k", kv_width, width),
        ("attn_v", kv_width, width),
        ("attn_output", width, width),
    ):
        yield PlannedTensor(f"blk.{layer}.{role}.weight", role, (rows, columns), layer)
        if shape.attention_bias and role != "attn_output":
            yield PlannedTensor(f"blk.{layer}.{role}.bias", f"{role}.bias", (rows,), layer)
    for role in ("attn_norm", "ffn_norm"):
        yield PlannedTensor(f"blk.{layer}.{role}.weight", role, (width,), layer)
    suffix, leading = ("_exps", (shape.experts,)) if shape.experts else ("", ())
    for role, rows, columns in (
        ("ffn_gate", shape.feed_forward, width),
        ("ffn_up", shape.feed_forward, width),
        ("ffn_down", width, shape.feed_forward),
    ):
        yield PlannedTensor(f"blk.{layer}.{role}{suffix}.weight", role, (*leading, rows, columns), layer)
    if shape.experts:
        yield PlannedTensor(f"blk.{layer}.ffn_gate_inp.weight", "ffn_gate_inp", (shape.experts, width), layer)
