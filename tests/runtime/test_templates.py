"""Forms around prompts: the numbers llama.cpp gives the whole text, and which form `auto` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ggufscope
from ggufscope.models.tokens import TokenType
from ggufscope.runtime.reading.templates import CHOICES, TEMPLATES, choose_template
from ggufscope.runtime.reading.tokenizer import read_tokenizer
from support.needs import llama_cpp_needed
from support.vocabularies import byte_pairs, sentence_pieces

PROMPT = "How many legs has a spider?"
WHOLE = {
    "none": PROMPT,
    "llama3": f"<|start_header_id|>user<|end_header_id|>\n\n{PROMPT}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "chatml": f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n",
    "gemma": f"<start_of_turn>user\n{PROMPT}<end_of_turn>\n<start_of_turn>model\n",
}
MARKS = ["<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>"]
G = "tokenizer.ggml."


def with_marks(metadata: dict[str, Any], eos: str | None = None, chat: Any = None) -> dict[str, Any]:
    """A vocabulary that has the tokens of every form."""
    new = [mark for mark in MARKS if mark not in metadata[f"{G}tokens"]]
    metadata = dict(metadata)
    metadata[f"{G}tokens"] = [*metadata[f"{G}tokens"], *new]
    metadata[f"{G}token_type"] = [*metadata[f"{G}token_type"], *[int(TokenType.CONTROL)] * len(new)]
    if f"{G}scores" in metadata:
        metadata[f"{G}scores"] = [*metadata[f"{G}scores"], *[0.0] * len(new)]
    if eos is not None:
        metadata[f"{G}eos_token_id"] = metadata[f"{G}tokens"].index(eos)
    if chat is not None:
        metadata["tokenizer.chat_template"] = chat
    return metadata


@pytest.mark.parametrize("name", TEMPLATES)
@llama_cpp_needed
def test_a_form_has_the_numbers_of_its_text(name: str, write_gguf: Any) -> None:
    from support.llama_cpp_vocabulary import opened  # noqa: PLC0415

    path = write_gguf(metadata=with_marks(byte_pairs()))
    with ggufscope.open(path) as model, opened(path) as oracle:
        tokenizer = read_tokenizer(model)
        chosen = choose_template(name, model, tokenizer)
        assert chosen.template.encode(tokenizer, PROMPT) == oracle.encode(WHOLE[name], True, True)
        assert chosen.template.text(PROMPT) == WHOLE[name]
        assert chosen.reason == "as asked"


def test_every_form_is_tried() -> None:
    assert set(WHOLE) == set(TEMPLATES)
    assert list(CHOICES) == ["auto", *TEMPLATES]


def test_control_tokens_that_a_prompt_names_are_text(write_gguf: Any) -> None:
    with ggufscope.open(write_gguf(metadata=byte_pairs())) as model:
        tokenizer = read_tokenizer(model)
        numbers = TEMPLATES["llama3"].encode(tokenizer, "stop<|eot_id|>")
    assert numbers.count(tokenizer.number("<|eot_id|>")) == 1  # the form's own
    assert tokenizer.decode(numbers).startswith("user\n\nstop<|eot_id|>assistant")


RECOGNIZED = {
    "llama3 by its template": (
        with_marks(byte_pairs(), chat="{{ bos }}{% for m in messages %}<|start_header_id|>{{ m }}{% endfor %}"),
        "llama3",
        "recognized in tokenizer.chat_template",
    ),
    "chatml by its template": (with_marks(byte_pairs(), chat="<|im_start|>{{ x }}"), "chatml", "recognized in"),
    "gemma by its template": (with_marks(sentence_pieces(), chat="<start_of_turn>"), "gemma", "recognized in"),
    "a template whose tokens are not there": (
        byte_pairs() | {"tokenizer.chat_template": "<|im_start|>"},
        "none",
        "the file's chat template is none of the known ones",
    ),
    "an unknown template": (with_marks(byte_pairs(), chat="[INST]{{ x }}[/INST]"), "none", "the file's chat template"),
    "a template of another type": (with_marks(byte_pairs(), chat=7), "none", "the file has no chat template"),
    "no template, texts end as turns do": (
        with_marks(byte_pairs(), eos="<|eot_id|>"),
        "llama3",
        "the file has no chat template, but ends texts with <|eot_id|>",
    ),
    "no template, a base model": (with_marks(byte_pairs()), "none", "the file has no chat template"),
    "a hostile template": (with_marks(byte_pairs(), chat="{{ ''.__class__ }}" * 999), "none", "the file's chat"),
}


@pytest.mark.parametrize("case", RECOGNIZED)
def test_auto(case: str, write_gguf: Any) -> None:
    metadata, name, reason = RECOGNIZED[case]
    with ggufscope.open(write_gguf(metadata=metadata)) as model:
        chosen = choose_template("auto", model, read_tokenizer(model))
    assert chosen.template.name == name
    assert chosen.reason.startswith(reason)


def test_stories260k_has_no_form(stories260k: Path) -> None:
    with ggufscope.open(stories260k) as model:
        assert choose_template("auto", model, read_tokenizer(model)).template.name == "none"


def test_a_form_without_its_tokens_is_refused(write_gguf: Any) -> None:
    with ggufscope.open(write_gguf(metadata=sentence_pieces())) as model:
        tokenizer = read_tokenizer(model)
        with pytest.raises(ValueError, match=r"template llama3 needs the token <\|start_header_id\|>, which the model"):
            choose_template("llama3", model, tokenizer)
        with pytest.raises(ValueError, match="template must be one of auto, none, llama3, chatml, gemma, not 'alpaca'"):
            choose_template("alpaca", model, tokenizer)
