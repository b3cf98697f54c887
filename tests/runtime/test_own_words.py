"""Probes in the model's own words, and of random tokens in their shape: what is written, read, saved and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats

import ggufscope as gs
from ggufscope.models.tokens import TokenType
from ggufscope.runtime import Plan, TraceInterrupted
from ggufscope.runtime.engines import streamed
from ggufscope.runtime.engines.choosing import Sampling
from ggufscope.runtime.reading.probe_shape import USUAL_LENGTH, probe_shape
from ggufscope.runtime.reading.probes import OWN, RANDOM, Probe, parse_probe
from ggufscope.runtime.reading.prompts import named_prompts
from ggufscope.runtime.reading.sequences import draft_own_words, writable
from ggufscope.terminal.trace import plan_text
from support.architectures import SPECIMENS
from support.needs import llama_cpp_needed
from support.tiny_models import sample
from support.vocabularies import byte_pairs

if TYPE_CHECKING:
    from ggufscope.runtime.trace_document import TraceDocument
    from support.command_line import RunCommand

G = "tokenizer.ggml."
PLACES = {"begin": "<|im_start|>", "end": "<|im_end|>"}
WriteGguf = Callable[..., Path]


@pytest.fixture(scope="module")
def own(stories260k: Path) -> TraceDocument:
    return gs.trace(stories260k, probe="own").document


def ids(document: TraceDocument) -> list[list[int]]:
    return [prompt.token_ids for prompt in document.prompts]


def chatting(write_gguf: WriteGguf, vocabulary: dict[str, Any], **metadata: Any) -> Path:
    """A small random model with a vocabulary."""
    file = sample("llama").file()
    tensors, chance = dict(file["tensors"]), np.random.default_rng(0)
    width = tensors["token_embd.weight"].shape[1]
    for name in ("token_embd.weight", "output.weight"):
        tensors[name] = chance.standard_normal((len(vocabulary[f"{G}tokens"]), width)).astype(np.float32)
    return write_gguf(tensors, file["metadata"] | vocabulary | metadata)


# Which probes there are


@pytest.mark.parametrize(
    ("asked", "probe", "setting"),
    [
        ("own", Probe(OWN, 8), "own"),
        ("own:8", Probe(OWN, 8), "own"),
        ("random:3", Probe(RANDOM, 3), "random:3"),
        ("12", Probe(RANDOM, 1, 12), 12),
        (12, Probe(RANDOM, 1, 12), 12),
        (Probe(OWN, 2), Probe(OWN, 2), "own:2"),
    ],
)
def test_what_is_a_probe(asked: Any, probe: Probe, setting: str | int) -> None:
    assert parse_probe(asked) == probe
    assert parse_probe(asked).setting == setting


@pytest.mark.parametrize("asked", [1, 0, -3, True, "1", "owm", "own:", "own:x", "own:0", "random:1001", "-4", "", 2.5])
def test_what_is_none(asked: Any) -> None:
    with pytest.raises(ValueError, match="a probe "):
        parse_probe(asked)


# What is written


def test_what_is_written_stands_in_the_trace(own: TraceDocument, stories260k: Path) -> None:
    settings = own.settings
    assert settings.probe is not None
    assert (settings.source, settings.seed, settings.probe_kind, settings.template) == ("probe", 0, OWN, "none")
    assert (settings.probe.sequences, settings.probe.before, settings.probe.dropped) == (8, [1], 0)
    assert settings.probe.prompts == "ggufscope"
    assert {len(tokens) for tokens in ids(own)} == {1 + settings.probe.length}
    assert len({tuple(tokens) for tokens in ids(own)}) == 8
    assert [prompt.id for prompt in own.prompts] == [f"probe {number}" for number in range(8)]
    assert own.prompts[1].wrapped is not None
    assert own.prompts[1].wrapped.startswith("<s>")
    with gs.open(stories260k) as model:
        types = np.asarray(model.metadata[f"{G}token_type"])
        lengths = [len(tokens) for tokens in ids(gs.trace(stories260k, max_new_tokens=0).document)]
    assert settings.probe.length == round(np.median(lengths) - 1)
    assert not np.isin(types[[token for tokens in ids(own) for token in tokens[1:]]], [2, 3, 5]).any()
    assert own.run is not None
    assert own.run.writing_seconds is not None
    assert all(prompt.answer is None for prompt in own.prompts)


def test_it_is_the_same_alone_and_among_others_with_any_threads(own: TraceDocument, stories260k: Path) -> None:
    assert ids(gs.trace(stories260k, probe="own:3", threads=1).document) == ids(own)[:3]
    assert ids(gs.trace(stories260k, probe="own:8", threads=2).document) == ids(own)
    assert ids(gs.trace(stories260k, probe="own", seed=1).document) != ids(own)


def test_it_is_the_same_in_any_order(stories260k: Path) -> None:
    with gs.open(stories260k) as model, streamed.open_engine(model, 2) as engine:
        draft = draft_own_words(model, probe_shape(model, named_prompts(None), "auto"), 5, 0)
        sampling = Sampling(0, draft.allowed)
        written = {}
        for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
            engine.prefill([draft.beginnings[place] for place in order], None, room=20, progress=None)

            def choose(prompt: int, step: int, scores: npt.NDArray[np.float32], order: list[int] = order) -> int:
                return sampling(order[prompt], step, scores)

            endings = engine.generate(20, frozenset(), progress=None, choose=choose)
            written[order[0]] = {place: ending.tokens for place, ending in zip(order, endings, strict=True)}
    assert written[0] == written[4]


@llama_cpp_needed
def test_both_engines_write_the_same(own: TraceDocument, stories260k: Path) -> None:
    assert ids(gs.trace(stories260k, probe="own", engine="llama.cpp").document) == ids(own)


def test_it_is_read_as_its_token_ids_are(own: TraceDocument, stories260k: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.json").write_text(json.dumps(ids(own)))
    read = gs.trace(stories260k, tokens=tmp_path / "ids.json").document
    assert [(prompt.layers, prompt.heads) for prompt in read.prompts] == [
        (prompt.layers, prompt.heads) for prompt in own.prompts
    ]


def test_a_saved_trace_has_it_all(own: TraceDocument, tmp_path: Path) -> None:
    gs.Trace(own).save(tmp_path / "trace.json")
    assert gs.Trace.load(tmp_path / "trace.json").document.settings == own.settings


def test_heads_rank_as_on_prompts(own: TraceDocument, stories260k: Path) -> None:
    prompts = gs.trace(stories260k, max_new_tokens=0)
    for figure, least in (("entropy_share", 0.91), ("first_token_share", 0.86)):
        by_probe, by_prompts = (
            trace.head_figure(figure).mean(axis=0).reshape(-1) for trace in (gs.Trace(own), prompts)
        )
        assert scipy.stats.spearmanr(by_probe, by_prompts).statistic >= least


# What stands around it


def test_a_template_stands_around_it(write_gguf: WriteGguf) -> None:
    vocabulary = byte_pairs()
    tokens = [*vocabulary[f"{G}tokens"], *PLACES.values()]
    types = [*vocabulary[f"{G}token_type"], *[int(TokenType.CONTROL)] * 2]
    path = chatting(
        write_gguf,
        vocabulary | {f"{G}tokens": tokens, f"{G}token_type": types, "tokenizer.chat_template": PLACES["begin"]},
    )
    document = gs.trace(path, probe="own:2").document
    record = document.settings.probe
    assert record is not None
    assert document.settings.template == "chatml"
    begin, end = len(tokens) - 2, len(tokens) - 1
    for prompt in document.prompts:
        assert prompt.token_ids == [*record.before, *prompt.token_ids[len(record.before) :]]
        assert prompt.token_ids[-len(record.behind) :] == record.behind
        assert len(prompt.token_ids) == len(record.before) + record.length + len(record.behind)
        assert not {begin, end} & set(prompt.token_ids[len(record.before) : -len(record.behind)])
    assert (begin in record.before, record.behind[0], end in record.before) == (True, end, False)
    plain = gs.trace(path, probe="random:2", template="none").document.settings
    assert plain.probe is not None
    assert (plain.template, plain.probe.behind) == ("none", [])


def test_behind_what_separates_texts_where_nothing_begins_one(write_gguf: WriteGguf) -> None:
    vocabulary = byte_pairs() | {f"{G}add_bos_token": False, f"{G}pre": "gpt-2"}
    path = chatting(write_gguf, vocabulary)
    document = gs.trace(path, probe="own:2").document
    record = document.settings.probe
    assert record is not None
    assert (record.before, record.dropped) == ([vocabulary[f"{G}eos_token_id"]], 1)
    assert {len(tokens) for tokens in ids(document)} == {record.length}
    assert not {tokens[0] for tokens in ids(document)} & set(record.before)


def test_without_a_vocabulary_a_random_token_begins(write_gguf: WriteGguf) -> None:
    path = write_gguf(**sample("qwen3").file())
    document = gs.trace(path, probe="own").document
    record = document.settings.probe
    assert record is not None
    assert (record.length, record.before, record.prompts) == (USUAL_LENGTH, [], None)
    assert {len(tokens) for tokens in ids(document)} == {USUAL_LENGTH + 1}
    assert len({tokens[0] for tokens in ids(document)}) > 4
    assert any("each sequence begins with a random token" in warning for warning in document.warnings)
    assert ids(gs.trace(path, probe="own:3").document) == ids(document)[:3]


def test_random_tokens_have_the_same_shape(own: TraceDocument, stories260k: Path) -> None:
    document = gs.trace(stories260k, probe="random", seed=2).document
    assert [len(tokens) for tokens in ids(document)] == [len(tokens) for tokens in ids(own)]
    assert {tokens[0] for tokens in ids(document)} == {1}
    assert document.settings.probe_kind == RANDOM
    assert ids(gs.trace(stories260k, probe="random", seed=2).document) == ids(document)


def test_prompts_give_the_length(stories260k: Path, questions: Path) -> None:
    lengths = [len(tokens) for tokens in ids(gs.trace(stories260k, prompts=questions, max_new_tokens=0).document)]
    for kind in (OWN, RANDOM):
        record = gs.trace(stories260k, prompts=questions, probe=f"{kind}:1").document.settings.probe
        assert record is not None
        assert record.length == max(2, round(np.median(lengths) - 1))
        assert record.prompts == questions.name


def test_special_tokens_are_not_written(write_gguf: WriteGguf) -> None:
    vocabulary = byte_pairs()
    with gs.open(chatting(write_gguf, vocabulary)) as model:
        shape = probe_shape(model, named_prompts(None), "auto")
    assert shape.vocabulary is not None
    may = writable(shape, len(shape.vocabulary.tokens) + 3)
    assert not may[-3:].any()
    assert not may[sorted(shape.vocabulary.ends)].any()
    assert not may[:-3][np.isin(shape.vocabulary.types, [TokenType.CONTROL, TokenType.UNKNOWN])].any()
    assert may[:-3][shape.vocabulary.types == TokenType.NORMAL].all()


# What cannot be written


def test_a_model_that_writes_nothing_reads_random_tokens(write_gguf: WriteGguf) -> None:
    document = gs.trace(write_gguf(**SPECIMENS["bert"].file()), probe="own:2").document
    assert document.settings.probe_kind == RANDOM
    assert any("random tokens are read in place of the model's own words" in note for note in document.warnings)


def test_scores_that_are_not_finite(write_gguf: WriteGguf) -> None:
    file = sample("llama").file()
    tensors = file["tensors"] | {"output_norm.weight": np.full_like(file["tensors"]["output_norm.weight"], 3e38)}
    with pytest.raises(gs.TraceError, match="scores of the next token are not finite: take --probe random"):
        gs.trace(write_gguf(**file | {"tensors": tensors}), probe="own:2")


def test_ctrl_c_while_it_writes(stories260k: Path) -> None:
    def stop(what: str, _share: float) -> None:
        if what.startswith("writing, token 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        gs.trace(stories260k, probe="own:2", progress=stop)
    assert not isinstance(caught.value, TraceInterrupted)


# What is told


def test_the_plan_is_told_before_and_progress_goes_on(stories260k: Path) -> None:
    told: list[Plan | float] = []
    gs.trace(stories260k, probe="own:2", announce=told.append, progress=lambda _, share: told.append(share))
    plan, *shares = told
    assert isinstance(plan, Plan)
    assert (plan.n_prompts, plan.written, plan.n_tokens) == (2, 58, 118)
    assert plan.seconds is not None
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert shares[-1] <= 1.0  # type: ignore[operator]


def test_a_plan_in_a_line() -> None:
    told = "8 sequences, 472 tokens, 58 of each written by the model itself, about 12 s"
    assert plan_text(Plan(8, 472, 0, 12.2, 58)) == told
    assert plan_text(Plan(8, 472, 0, 900.0, 58)).endswith("15 min; fewer sequences (own:2) or --probe random take less")
    assert plan_text(Plan(8, 472, 0, 900.0)).endswith("15 min")


def test_the_command_takes_kinds_and_none(run_command: RunCommand, stories260k: Path, tmp_path: Path) -> None:
    paths = {}
    for name, words in {"none": ["--probe"], "own": ["--probe", "own"], "two": ["--probe=own:2"]}.items():
        paths[name] = tmp_path / f"{name}.json"
        code, shown, complaints = run_command("trace", stories260k, *words, "-o", paths[name])
        assert code == 0, complaints
        assert "sequences of own words" in shown
    read = {name: ids(gs.Trace.load(path).document) for name, path in paths.items()}
    assert read["none"] == read["own"]
    assert read["two"] == read["own"][:2]


def test_the_command_finds_the_model_behind_the_option(run_command: RunCommand, stories260k: Path) -> None:
    code, shown, complaints = run_command("trace", "--probe", stories260k, "--seed", "3")
    assert code == 0, complaints
    assert "8 sequences of own words" in shown
    assert run_command("trace", stories260k, "--probe=owm")[0] == 2
