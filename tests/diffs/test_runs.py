"""`diff --run` as a whole: the same model twice, models that do not go together, the saved form, and Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.readings import run
from ggufscope.diffs.readings.material import neutral_text
from ggufscope.diffs.run_choice import RunChoice
from ggufscope.errors import DiffError, TraceError
from ggufscope.runtime.reading.prompts import NamedPrompts, named_prompts
from support.damaged_models import damaged
from support.edited_models import float32_copy
from support.tiny_models import VOCABULARY, WIDTH, sample

WriteGguf = Callable[..., Path]
PIECES = [f"piece{number}" for number in range(VOCABULARY)]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(
        "Once upon a time there was a \x1b little girl. She liked to play outside in the sun.", encoding="utf-8"
    )
    return path


@pytest.fixture
def noisy(stories260k: Path, tmp_path: Path) -> Path:
    """The stories model with noise on one matrix."""

    def disturb(weights: Any) -> None:
        weights += 0.1 * weights.std() * np.random.default_rng(1).standard_normal(weights.shape).astype(np.float32)

    name = "blk.2.ffn_down.weight"
    return float32_copy(stories260k, tmp_path / "noisy.gguf", [name], {name: disturb})


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.txt"
    path.write_text("50 60 70 80 90\n51 61 71\n", encoding="utf-8")
    return path


def test_a_model_is_nothing_apart_from_itself(stories260k: Path, text: Path) -> None:
    for exact in (False, True):
        record = run(stories260k, stories260k, text=text, exact=exact)
        output = record.output
        assert (output.kl_mean, output.kl_max, output.kl_first, output.same_top) == (0, 0, 0, 1)
        assert output.reference_perplexity == output.model_perplexity
        assert all(
            (each.drift, each.drift_total, each.drift_first, each.attention) == (0, 0, 0, 0) for each in record.layers
        )
        assert all((each.error, each.error_first, set(each.heads) - {0}) == (0, 0, set()) for each in record.matrices)
        assert record.worst == []


def test_the_damage_shows_where_it_is(stories260k: Path, noisy: Path, text: Path) -> None:
    record = run(stories260k, noisy, text=text)
    erring = [matrix.name for matrix in record.matrices if matrix.error]
    assert erring == ["blk.2.ffn_down.weight"]
    assert [layer.drift > 0 for layer in record.layers] == [False, False, True, True, True]
    assert [layer.attention > 0 for layer in record.layers] == [False, False, False, True, True]
    assert record.output.kl_mean > 0
    assert all("\x1b" not in each.before for each in record.worst)


def test_prompts_are_read_one_by_one(stories260k: Path, noisy: Path) -> None:
    named = named_prompts(None)
    prompts = NamedPrompts(named.name, named.prompts.model_copy(update={"prompts": named.prompts.prompts[:3]}))
    record = run(stories260k, noisy, prompts=prompts)
    assert (record.source, record.n_sequences) == ("prompts", 3)
    assert {each.sequence for each in record.worst} <= {prompt.id for prompt in prompts.prompts.prompts}
    assert record.output.n_positions == record.n_tokens - 3


def test_a_diff_carries_its_runs_and_its_file_too(stories260k: Path, noisy: Path, text: Path) -> None:
    seen: list[float] = []
    diff = gs.diff(
        stories260k, noisy, stories260k, run=RunChoice(text=text), run_progress=lambda _, share: seen.append(share)
    )
    first, second = (model.run for model in diff.models)
    assert first.output.kl_mean > 0
    assert second.output.kl_mean == 0
    loaded = type(diff).from_json(diff.to_json())
    assert loaded.models[0].run.output.kl_mean == pytest.approx(first.output.kl_mean, rel=1e-11)
    assert loaded.models[0].run.layers[3].attention_heads == pytest.approx(first.layers[3].attention_heads)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert 0.9 < seen[-1] < 1
    without = gs.diff(stories260k, noisy)
    assert '"run": {"version"' in without.to_json()
    assert without.models[0].run is None


def test_the_neutral_text_is_long_enough_and_plain() -> None:
    assert len(neutral_text().split()) > 600
    assert neutral_text().replace("\n", "").isprintable()


def test_an_interruption_ends_it(stories260k: Path, noisy: Path, text: Path) -> None:
    def stop(what: str, _share: float) -> None:
        if what.startswith("layer 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stories260k, noisy, text=text, progress=stop)


def with_tokens(file: dict[str, Any], pieces: list[str]) -> dict[str, Any]:
    return file | {"metadata": file["metadata"] | {"tokenizer.ggml.tokens": pieces}}


def test_padding_of_a_vocabulary_is_left_out(write_gguf: WriteGguf, ids: Path) -> None:
    model = sample("llama")
    padded = {
        name: np.concatenate([value, np.full((8, WIDTH), 9, np.float32)]) if len(value) == VOCABULARY else value
        for name, value in model.tensors.items()
    }
    longer = replace(model, tensors=padded)
    short = write_gguf(**with_tokens(model.file(), PIECES), name="a.gguf")
    long = write_gguf(**with_tokens(longer.file(), [*PIECES, *(f"[PAD{n}]" for n in range(8))]), name="b.gguf")
    for paths, name in (((short, long), "model"), ((long, short), "reference")):
        record = run(*paths, tokens=ids)
        assert record.n_vocabulary == VOCABULARY
        assert record.output.kl_max == 0
        assert any(f"the {name} has 8 more tokens" in note for note in record.notes)


def test_tokens_that_one_file_alone_names_are_taken_for_the_same(write_gguf: WriteGguf, ids: Path) -> None:
    """Embeddings may have rows behind the last token of the list, as padding."""
    model = sample("llama")
    long = write_gguf(**with_tokens(model.file(), PIECES), name="a.gguf")
    short = write_gguf(**with_tokens(model.file(), PIECES[:-3]), name="b.gguf")
    for paths, name in (((long, short), "model"), ((short, long), "reference")):
        record = run(*paths, tokens=ids)
        assert (record.n_vocabulary, record.output.kl_max) == (VOCABULARY, 0)
        assert any(
            note.startswith(f"the {name} does not say what tokens from {VOCABULARY - 3} on") for note in record.notes
        )


def test_models_that_do_not_go_together_are_refused(write_gguf: WriteGguf, ids: Path) -> None:
    pair = damaged("qwen3")
    base = write_gguf(**with_tokens(pair.reference, PIECES), name="a.gguf")
    other_tokens = [*PIECES[:7], "\x1b[2J", *PIECES[8:]]
    cases = {
        "token 7 is 'piece7' and ": with_tokens(pair.model, other_tokens),
        "2 and 4 layers": sample("gemma2").file(),
    }
    for reason, file in cases.items():
        with pytest.raises(DiffError, match=reason):
            run(base, write_gguf(**file, name="b.gguf"), tokens=ids)


def test_parts_that_one_alone_has_are_named(write_gguf: WriteGguf, ids: Path) -> None:
    dense, gateless = sample("llama"), sample("llama")
    without = {name: value for name, value in gateless.tensors.items() if "ffn_gate" not in name}
    with pytest.raises(DiffError, match=r"blk\.0: feed_forward\.expert\.gate is in one of them alone"):
        run(
            write_gguf(**dense.file(), name="a.gguf"),
            write_gguf(**replace(gateless, tensors=without).file(), name="b.gguf"),
            tokens=ids,
        )


def test_what_cannot_be_run_is_refused_before_work_starts(write_gguf: WriteGguf, stories260k: Path, ids: Path) -> None:
    strange = write_gguf({"token_embd.weight": np.ones((8, 8), np.float32)}, architecture="never-heard-of")
    progress: list[Any] = []
    for paths in ((stories260k, strange), (strange, stories260k)):
        with pytest.raises(TraceError, match=r"model\.gguf: .*never-heard-of"):
            run(*paths, tokens=ids, progress=lambda *report: progress.append(report))
    assert not progress


def test_choices_that_exclude_each_other(stories260k: Path, text: Path, ids: Path) -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        run(stories260k, stories260k, text=text, tokens=ids)


def test_one_token_is_nothing_to_compare(stories260k: Path, tmp_path: Path) -> None:
    single = tmp_path / "single.txt"
    single.write_text("50\n60\n", encoding="utf-8")
    with pytest.raises(DiffError, match="nothing to compare"):
        run(stories260k, stories260k, tokens=single)


def test_a_weight_that_is_no_number_is_named(write_gguf: WriteGguf, ids: Path) -> None:
    model = sample("llama")
    broken = dict(model.tensors)
    broken["output.weight"] = broken["output.weight"].copy()
    broken["output.weight"][3, 5] = np.nan
    paths = (
        write_gguf(**model.file(), name="a.gguf"),
        write_gguf(**replace(model, tensors=broken).file(), name="b.gguf"),
    )
    with pytest.raises(
        TraceError, match=r"b\.gguf: output\.weight has a weight that is not finite, in row 3, column 5"
    ):
        run(*paths, tokens=ids)
    broken = dict(model.tensors) | {"blk.1.ffn_down.weight": model.tensors["blk.1.ffn_down.weight"] * np.nan}
    reference = write_gguf(**replace(model, tensors=broken).file(), name="c.gguf")
    with pytest.raises(TraceError, match=r"c\.gguf: blk\.1\.ffn_down\.weight has a weight that is not finite"):
        run(reference, paths[0], tokens=ids)


def test_a_diff_runs_the_files_that_it_was_made_of(noisy: Path, stories260k: Path, ids: Path, tmp_path: Path) -> None:
    at_once = gs.diff(stories260k, noisy, run=RunChoice(tokens=ids))
    later = gs.diff(stories260k, noisy).run(tokens=ids)
    assert later.models == at_once.models
    later.save(tmp_path / "diff.json")
    loaded = gs.Diff.load(tmp_path / "diff.json")
    assert loaded.run(stories260k, noisy, tokens=ids).models[0].run == at_once.models[0].run
    with pytest.raises(ValueError, match="the diff is of 2 files, not of 0"):
        loaded.run()
    with pytest.raises(DiffError, match=r"stories260K.gguf is not the noisy.gguf of the diff"):
        loaded.run(stories260k, stories260k)
