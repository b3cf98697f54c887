"""The metadata of a synthetic file: the keys of a converted model, and the mark that this one is synthetic."""

import gguf

from ..models.magic import SYNTHETIC_KEY
from .plan import ModelPlan
from .shapes import Shape
from .vocabulary import build_vocabulary

_DESCRIPTION = (
    "Synthetic: tensors, shapes and types of {title}, filled with random blocks. Not a trained model; it computes"
    " nothing useful. Made by ggufscope synth."
)


def add_metadata(writer: gguf.GGUFWriter, plan: ModelPlan) -> None:
    """Add every key to a writer of the shape's architecture."""
    shape, mix = plan.shape, plan.mix
    writer.add_type("model")
    writer.add_name(f"{shape.title} (synthetic)")
    writer.add_description(_DESCRIPTION.format(title=shape.title))
    writer.add_size_label(shape.size_label)
    writer.add_bool(SYNTHETIC_KEY, True)
    writer.add_string(f"{SYNTHETIC_KEY}.shape", shape.name)
    writer.add_string(f"{SYNTHETIC_KEY}.type", mix.name)
    writer.add_uint64(f"{SYNTHETIC_KEY}.seed", plan.seed)
    if plan.hard:
        writer.add_bool(f"{SYNTHETIC_KEY}.hard", True)
    if mix.file_type is not None:
        writer.add_file_type(mix.file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_hyperparameters(writer, shape)
    _add_tokenizer(writer, shape)


def _add_hyperparameters(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary.size)
    if shape.architecture == "llama":
        writer.add_rope_dimension_count(shape.head_width)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.experts_used)


def _add_tokenizer(writer: gguf.GGUFWriter, shape: Shape) -> None:
    plan = shape.vocabulary
    vocabulary = build_vocabulary(plan)
    writer.add_tokenizer_model(plan.model)
    if plan.pre:
        writer.add_tokenizer_pre(plan.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
    if vocabulary.merges:
        writer.add_token_merges(vocabulary.merges)
    writer.add_bos_token_id(plan.bos)
    writer.add_eos_token_id(plan.eos)
    if plan.model == "llama":
        writer.add_unk_token_id(0)
