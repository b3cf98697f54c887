"""Damage to the structure: layers, tensors and shapes that do not fit, and where tensors lie in the file."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ggufscope.checks.findings import Place
from support.gguf_writer import STRING, UINT32, Key, Tensor
from support.planted.damage import Expected, at_tensor, error, note, plants, warning
from support.planted.healthy import EXPERTS, VOCABULARY, WIDTH, Healthy


def _rename(model: Healthy, name: str, other: str) -> None:
    model.tensor(name).name = other


def _reshape(model: Healthy, name: str, shape: tuple[int, ...]) -> None:
    """Another shape; of the data as much as it needs."""
    tensor = model.tensor(name)
    size = len(tensor.data)
    n_old, n_new = 1, 1
    for extent in tensor.shape:
        n_old *= extent
    for extent in shape:
        n_new *= extent
    tensor.shape, tensor.data = shape, (tensor.data * 2)[: size * n_new // n_old]


@plants()
def a_layer_too_many_declared(model: Healthy) -> Sequence[Expected]:
    model.key("llama.block_count").value = 5
    return error("layers", Place(key="llama.block_count", count=1))


@plants()
def a_layer_that_is_not_there(model: Healthy) -> Sequence[Expected]:
    model.remove(*(str(tensor.name) for tensor in model.file.tensors if str(tensor.name).startswith("blk.1.")))
    return error("layers", Place(key="llama.block_count", count=1))


@plants()
def layers_behind_those_declared(model: Healthy) -> Sequence[Expected]:
    model.key("llama.block_count").value = 2
    return warning("layers", Place(key="llama.block_count", count=2))


@plants("Q4_0")
def a_tensor_that_is_missing(model: Healthy) -> Sequence[Expected]:
    name = "blk.2.attn_output.weight"
    model.remove(name)
    return error("missing-tensors", Place(tensor=name, count=1))


@plants()
def a_gain_that_is_missing_in_two_layers(model: Healthy) -> Sequence[Expected]:
    model.remove("blk.1.ffn_norm.weight", "blk.3.ffn_norm.weight")
    return error("missing-tensors", Place(tensor="blk.1.ffn_norm.weight", count=2))


@plants()
def a_tensor_that_is_misspelt(model: Healthy) -> Sequence[Expected]:
    name = "blk.2.attn_output.weight"
    _rename(model, name, "blk.2.attn_ouptut.weight")
    return error("missing-tensors", Place(tensor=name, count=1))


@plants()
def no_embedding_of_tokens(model: Healthy) -> Sequence[Expected]:
    model.remove("token_embd.weight")
    return error("missing-tensors", Place(tensor="token_embd.weight", count=1))


@plants("F32", layers=9)
def a_tensor_that_one_layer_lacks(model: Healthy) -> Sequence[Expected]:
    model.key("general.architecture").value = "never-heard-of"
    name = "blk.4.attn_output.weight"
    model.remove(name)
    return warning("missing-tensors", Place(tensor=name, count=1))


@plants()
def a_tensor_of_no_name(model: Healthy) -> Sequence[Expected]:
    model.file.tensors.append(Tensor("my.own", (4,), 0, bytes(range(16))))
    return note("unknown-tensors", at_tensor(model, "my.own", count=1))


@plants()
def a_tensor_without_use(model: Healthy) -> Sequence[Expected]:
    model.file.tensors.append(Tensor("blk.0.ssm_d", (4,), 0, bytes(range(16))))
    return note("unknown-tensors", at_tensor(model, "blk.0.ssm_d", count=1))


@plants()
def queries_that_are_no_whole_heads(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.attn_k.weight"
    _reshape(model, name, (WIDTH // 2 + 1, WIDTH))
    return error("shapes", at_tensor(model, name))


@plants()
def a_matrix_of_another_width(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.attn_q.weight"
    _reshape(model, name, (WIDTH, WIDTH // 2))
    return error("shapes", at_tensor(model, name))


@plants()
def a_matrix_that_the_architecture_has_otherwise(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.attn_output.weight"
    _reshape(model, name, (WIDTH // 2, WIDTH))
    return error("shapes", at_tensor(model, name, count=1))


@plants()
def a_width_that_no_tensor_has(model: Healthy) -> Sequence[Expected]:
    model.key("llama.embedding_length").value = 2 * WIDTH
    return error("shapes", Place(key="llama.embedding_length", count=4 * 3 + 2))


@plants()
def heads_that_no_layer_has(model: Healthy) -> Sequence[Expected]:
    model.key("llama.attention.head_count").value = 5
    return error("shapes", Place(key="llama.attention.head_count", count=4))


@plants("Q8_0")
def a_vocabulary_larger_than_its_table(model: Healthy) -> Sequence[Expected]:
    _reshape(model, "token_embd.weight", (VOCABULARY - 30, WIDTH))
    return error("shapes", at_tensor(model, "token_embd.weight"))


@plants("Q8_0")
def a_token_without_its_row(model: Healthy) -> Sequence[Expected]:
    _reshape(model, "token_embd.weight", (VOCABULARY - 1, WIDTH))
    return warning("shapes", at_tensor(model, "token_embd.weight"))


@plants("Q8_0")
def a_table_larger_than_its_vocabulary(model: Healthy) -> Sequence[Expected]:
    _reshape(model, "output.weight", (VOCABULARY + 3, WIDTH))
    return warning("shapes", at_tensor(model, "output.weight"))


@plants()
def experts_that_are_not_there(model: Healthy) -> Sequence[Expected]:
    model.key("llama.expert_count").value = EXPERTS + 1
    return error("shapes", Place(key="llama.expert_count", count=4 * 3))


@plants()
def a_layer_with_fewer_experts(model: Healthy) -> Sequence[Expected]:
    name = "blk.3.ffn_up_exps.weight"
    _reshape(model, name, (EXPERTS - 1, WIDTH, WIDTH))
    return error("shapes", at_tensor(model, name))


@plants("NVFP4")
def factor_without_its_matrix(model: Healthy) -> Sequence[Expected]:
    name = "blk.2.attn_out.scale"
    model.file.tensors.append(Tensor(name, (1,), 0, b"\x00\x00\x80\x3f"))
    return warning("factors", at_tensor(model, name))


@plants("NVFP4")
def factors_of_another_number(model: Healthy) -> Sequence[Expected]:
    name = "blk.2.ffn_up_exps.scale"
    tensor = model.tensor(name)
    tensor.shape, tensor.data = (2,), tensor.data[:8]
    return warning("factors", at_tensor(model, name))


@plants()
def a_gap_between_tensors(model: Healthy) -> Sequence[Expected]:
    offsets = model.file.offsets()
    for tensor, offset in zip(model.file.tensors[3:], offsets[3:], strict=True):
        tensor.offset = offset + 64
    before = model.file.tensors[2]
    end = model.begin(str(before.name)) + model.file.pad(len(before.data))
    return warning("gaps", Place(tensor=str(before.name), file=model.name, offset=end, count=64))


@plants()
def a_gap_in_front_of_the_first_tensor(model: Healthy) -> Sequence[Expected]:
    begin = model.begin("token_embd.weight")
    for tensor, offset in zip(model.file.tensors, model.file.offsets(), strict=True):
        tensor.offset = offset + 4096
    return warning("gaps", Place(tensor="token_embd.weight", file=model.name, offset=begin, count=4096))


@plants()
def tensors_in_another_order_than_their_table(model: Healthy) -> Sequence[Expected]:
    offsets = model.file.offsets()
    first, second = model.tensor("blk.0.attn_q.weight"), model.tensor("blk.1.attn_q.weight")
    at = [offsets[model.file.tensors.index(tensor)] for tensor in (first, second)]
    for tensor, offset in zip(model.file.tensors, offsets, strict=True):
        tensor.offset = offset
    first.offset, second.offset = at[1], at[0]
    follower = model.file.tensors[model.file.tensors.index(first) + 1]
    return warning("order", at_tensor(model, str(follower.name)))


@plants()
def padding_that_is_missing(model: Healthy) -> Sequence[Expected]:
    model.file.tensors.append(Tensor("rope_freqs.weight", (32,), 0, b"\x00\x00\x80\x3f" * 32))
    model.tensor("rope_freqs.weight").shape = (33,)
    model.tensor("rope_freqs.weight").data += b"\x00\x00\x80\x3f"
    size = len(model.file.build())
    model.cut = size - 28
    place = Place(tensor="rope_freqs.weight", file=model.name, offset=size - 28, count=28)
    return note("padding", place)


@plants("Q4_K")
def bytes_behind_the_last_tensor(model: Healthy) -> Sequence[Expected]:
    model.appended = bytes(100)
    last = str(model.file.tensors[-1].name)
    place = Place(tensor=last, file=model.name, offset=len(model.file.build()), count=100)
    return warning("trailing-bytes", place)


@plants()
def a_name_of_64_bytes(model: Healthy) -> Sequence[Expected]:
    name = "n" * 64
    model.file.tensors.append(Tensor(name, (8,), 0, bytes(range(32))))
    place = at_tensor(model, name, count=1)
    return [*warning("portability", place), *note("unknown-tensors", place)]


@plants()
def a_tensor_of_five_dimensions(model: Healthy) -> Sequence[Expected]:
    name = "v.patch_embd.weight"
    model.file.tensors.append(Tensor(name, (1, 1, 2, 2, 2), 0, struct.pack("<8f", *range(8))))
    return warning("portability", at_tensor(model, name, count=1))


@plants("Q8_0")
def a_label_of_another_type(model: Healthy) -> Sequence[Expected]:
    model.file.keys.append(Key("general.file_type", UINT32, 15))  # Q4_K_M
    return note("file-type", Place(key="general.file_type"))


def _unreadable(model: Healthy, **place: object) -> Sequence[Expected]:
    return error("readable", replace(Place(file=model.name), **place))  # type: ignore[arg-type]


@plants("Q4_0")
def a_file_that_is_cut_off(model: Healthy) -> Sequence[Expected]:
    last = model.file.tensors[-1]
    model.cut = model.begin(str(last.name)) - 10_000
    outside = next(
        str(tensor.name)
        for tensor in model.file.tensors
        if model.begin(str(tensor.name)) + len(tensor.data) > model.cut
    )
    return _unreadable(model, tensor=outside, offset=model.begin(outside))


@plants()
def a_file_of_another_kind(model: Healthy) -> Sequence[Expected]:
    model.file.magic = b"GGJT"
    return _unreadable(model, offset=0)


@plants()
def a_name_that_stands_there_twice(model: Healthy) -> Sequence[Expected]:
    begin = model.begin("blk.1.attn_q.weight")
    _rename(model, "blk.1.attn_q.weight", "blk.0.attn_q.weight")
    return _unreadable(model, tensor="blk.0.attn_q.weight", offset=begin)


@plants()
def tensors_that_overlap(model: Healthy) -> Sequence[Expected]:
    name = "blk.0.attn_q.weight"
    tensors = model.file.tensors
    at = tensors.index(model.tensor(name))
    tensors[at + 1].offset = model.file.offsets()[at] + 32
    return _unreadable(model, tensor=name, offset=model.begin(name))


@plants()
def an_importance_matrix_without_data(model: Healthy) -> Sequence[Expected]:
    """Sums of three experts, one of which saw no token, and of a matrix that saw none."""
    name, lost = "blk.0.ffn_up_exps.weight", "blk.1.attn_q.weight"
    sums = np.random.default_rng(3).random((3, 64)).astype(np.float32)
    sums[1] = 0
    model.file.keys = [Key("general.type", STRING, "imatrix")]
    model.file.tensors = [
        Tensor(f"{name}.in_sum2", (3, 64), 0, sums.tobytes()),
        Tensor(f"{name}.counts", (3, 1), 0, np.array([5, 0, 7], np.float32).tobytes()),
        Tensor(f"{lost}.in_sum2", (1, 64), 0, bytes(256)),
        Tensor(f"{lost}.counts", (1, 1), 0, bytes(4)),
    ]
    return [
        *warning("importance", at_tensor(model, f"{lost}.counts")),
        *note("importance", at_tensor(model, f"{name}.counts", experts=[1])),
    ]
