"""docs/runtime.md says what is so: its tables of tokenizers are made from the data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ggufscope.runtime.reading.tokenizer.kinds import KINDS
from ggufscope.runtime.reading.tokenizer.pre_tokenizers import PRE_TOKENIZERS, PreTokenizer
from support.real_files import VECTORS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "runtime.md").read_text(encoding="utf-8")


def cases(model: str, names: list[str] | None) -> str:
    """What the vectors of llama.cpp say about vocabularies of a model and of these pre-tokenizers."""
    counts = [
        f"{name} {n} of {n}"
        for name, (of_model, pre, n) in VECTORS.items()
        if of_model == model and (names is None or pre in names)
    ]
    return ", ".join(counts) or "–"


def kinds() -> Iterator[str]:
    yield "| `tokenizer.ggml.model` | kind | a text becomes | llama.cpp's vectors |"
    yield "|---|---|---|---|"
    for model, kind in KINDS.items():
        vectors = "below" if kind.pre == "named" and model == "gpt2" else cases(model, None)
        yield f"| `{model}` | {kind.name} | {kind.summary} | {vectors} |"


def pre_tokenizers() -> Iterator[str]:
    yield "| `tokenizer.ggml.pre` | expressions | besides | llama.cpp's vectors |"
    yield "|---|---|---|---|"
    rows = list(PRE_TOKENIZERS.items())
    for row, group in groupby(
        sorted(rows, key=lambda item: list(PRE_TOKENIZERS.values()).index(item[1])), lambda i: i[1]
    ):
        names = [name for name, _ in group]
        shown = ", ".join(f"`{name}`" for name in names)
        yield f"| {shown} | {len(row.expressions)} | {besides(row)} | {cases('gpt2', names)} |"


def besides(row: PreTokenizer) -> str:
    facts = [
        "digits in threes, counted from the end" if row.digits else "",
        "a word that is a token stays whole" if row.whole_words else "",
        "" if row.byte_level else "tokens are characters, not bytes",
        "spaces are `▁`" if row.marks_spaces else "",
        "newlines that are a token stay together" if row.whole_newlines else "",
        "" if row.needs_merges else "merges may be missing",
        {False: "", True: "begins with `bos`", "always": "begins with `bos`, whatever the file says"}[row.adds_bos],
    ]
    return "; ".join(fact for fact in facts if fact)


def test_kinds_are_those_of_the_table() -> None:
    assert "\n".join(kinds()) in DOCUMENT


def test_pre_tokenizers_are_those_of_the_table() -> None:
    assert "\n".join(pre_tokenizers()) in DOCUMENT


def test_counts_are_those_of_the_vectors() -> None:
    assert f"{sum(n for *_, n in VECTORS.values())} cases of {len(VECTORS)} vocabularies" in DOCUMENT
    assert f"All {len(PRE_TOKENIZERS)} names" in DOCUMENT
