"""Damage to the metadata, and files that are not what their name says."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ggufscope.checks.findings import Place
from support.gguf_writer import STRING, UINT32, Array, Key, Tensor
from support.planted.damage import Expected, at_tensor, error, note, plants, warning
from support.planted.healthy import VOCABULARY, Healthy

_TEMPLATE = "tokenizer.chat_template"


@plants()
def an_escape_sequence_in_a_name(model: Healthy) -> Sequence[Expected]:
    model.key("general.name").value = "model\x1b[2J"
    return warning("control-characters", Place(key="general.name"))


@plants()
def a_mark_of_direction_in_a_key(model: Healthy) -> Sequence[Expected]:
    key = "general.\u202elicence"
    model.file.keys.append(Key(key, UINT32, 1))
    return warning("control-characters", Place(key=key))


@plants()
def an_escape_sequence_in_the_name_of_a_tensor(model: Healthy) -> Sequence[Expected]:
    name = "my\x1b[2Jown"
    model.file.tensors.append(Tensor(name, (4,), 0, bytes(range(16))))
    return [
        *warning("control-characters", at_tensor(model, name)),
        *note("unknown-tensors", at_tensor(model, name, count=1)),
    ]


@plants()
def a_text_of_megabytes(model: Healthy) -> Sequence[Expected]:
    size = (1 << 20) + 5
    model.file.keys.append(Key("general.description", STRING, "x" * size))
    return warning("large-text", Place(key="general.description", count=size))


@plants()
def a_token_of_megabytes(model: Healthy) -> Sequence[Expected]:
    tokens = model.key("tokenizer.ggml.tokens").value
    assert isinstance(tokens, Array)
    tokens.values[270] = "x" * ((1 << 16) + 1)
    return warning("large-text", Place(key="tokenizer.ggml.tokens", count=1))


@plants()
def a_template_of_megabytes(model: Healthy) -> Sequence[Expected]:
    size = (1 << 20) + 5
    model.key(_TEMPLATE).value = "x" * size
    return warning("large-text", Place(key=_TEMPLATE, count=size))


@plants()
def a_template_without_its_end(model: Healthy) -> Sequence[Expected]:
    model.key(_TEMPLATE).value = "{% for m in messages %}{% if m %}{{ m }}{% endfor %}"
    return warning("chat-template", Place(key=_TEMPLATE))


@plants()
def a_template_with_an_open_tag(model: Healthy) -> Sequence[Expected]:
    model.key(_TEMPLATE).value = "{% for m in messages %}{{ m['a }}{% endfor %}"
    return warning("chat-template", Place(key=_TEMPLATE))


@plants()
def a_template_that_reaches_out(model: Healthy) -> Sequence[Expected]:
    model.key(_TEMPLATE).value = "{{ ''.__class__.__mro__[1] }}"
    return error("chat-template", Place(key=_TEMPLATE))


@plants()
def a_template_that_reaches_out_by_a_filter(model: Healthy) -> Sequence[Expected]:
    model.file.keys.append(Key(f"{_TEMPLATE}.tool_use", STRING, "{{ messages | attr('__globals__') }}"))
    return error("chat-template", Place(key=f"{_TEMPLATE}.tool_use"))


@plants()
def templates_of_megabytes_together(model: Healthy) -> Sequence[Expected]:
    half = "x" * ((1 << 19) + 5)
    model.file.keys += [Key(f"{_TEMPLATE}.{name}", STRING, half) for name in ("first", "second")]
    return warning("chat-template", Place(key=f"{_TEMPLATE}.second"))


@plants()
def fewer_scores_than_tokens(model: Healthy) -> Sequence[Expected]:
    scores = model.key("tokenizer.ggml.scores").value
    assert isinstance(scores, Array)
    scores.values.pop()
    return error("tokenizer-lists", Place(key="tokenizer.ggml.scores"))


@plants()
def more_kinds_than_tokens(model: Healthy) -> Sequence[Expected]:
    kinds = model.key("tokenizer.ggml.token_type").value
    assert isinstance(kinds, Array)
    kinds.values.append(1)
    return error("tokenizer-lists", Place(key="tokenizer.ggml.token_type"))


@plants()
def an_end_of_texts_that_is_no_token(model: Healthy) -> Sequence[Expected]:
    model.key("tokenizer.ggml.eos_token_id").value = VOCABULARY
    return error("tokenizer-lists", Place(key="tokenizer.ggml.eos_token_id"))


@plants()
def a_padding_that_is_no_token(model: Healthy) -> Sequence[Expected]:
    model.file.keys.append(Key("tokenizer.ggml.padding_token_id", UINT32, VOCABULARY + 7))
    return warning("tokenizer-lists", Place(key="tokenizer.ggml.padding_token_id"))


@plants()
def a_merge_of_what_is_no_token(model: Healthy) -> Sequence[Expected]:
    merges = model.key("tokenizer.ggml.merges").value
    assert isinstance(merges, Array)
    merges.values.append("a zz")
    return error("merges", Place(key="tokenizer.ggml.merges", count=1))


@plants()
def a_merge_into_what_is_no_token(model: Healthy) -> Sequence[Expected]:
    merges = model.key("tokenizer.ggml.merges").value
    assert isinstance(merges, Array)
    merges.values.append("b a")
    return error("merges", Place(key="tokenizer.ggml.merges", count=1))


@plants("Q4_0")
def content_that_is_not_what_its_name_says(model: Healthy) -> Sequence[Expected]:
    model.name = f"sha256-{sha256(model.file.build()).hexdigest()}"
    model.key("general.name").value = "a wealthy model"
    return error("digest", Place(file=model.name))


@plants()
def a_file_cut_off_whose_name_says_its_digest(model: Healthy) -> Sequence[Expected]:
    content = model.file.build()
    model.name, model.cut = sha256(content).hexdigest(), len(content) // 2
    outside = next(
        str(tensor.name)
        for tensor in model.file.tensors
        if model.begin(str(tensor.name)) + len(tensor.data) > len(content) // 2
    )
    place = Place(tensor=outside, file=model.name, offset=model.begin(outside))
    return [*error("readable", place), *error("digest", Place(file=model.name))]
