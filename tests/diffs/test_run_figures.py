"""`diff --run` on tiny random models, every figure against two forward passes in float64 NumPy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ggufscope.diffs.readings import RunRecord, attention_drift, run, side_by_side
from support.damaged_models import DENSE, MIXTURES, Damaged, damaged
from support.tiny_models import HIDDEN
from support.two_networks import TwoReads, divergence, log_softmax

WriteGguf = Callable[..., Path]
SEQUENCES = [np.random.default_rng(5).integers(40, 200, length) for length in (37, 12)]


def ids(directory: Path, sequences: list[np.ndarray] | None = None) -> Path:
    path = directory / "ids.json"
    path.write_text(json.dumps([tokens.tolist() for tokens in sequences or SEQUENCES]), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Compared:
    """Two models, the record of their run, and the oracle."""

    pair: Damaged
    record: RunRecord
    oracle: TwoReads


def written(write_gguf: WriteGguf, pair: Damaged) -> tuple[Path, Path]:
    return write_gguf(**pair.reference, name="a.gguf"), write_gguf(**pair.model, name="b.gguf")


@pytest.fixture(params=[*DENSE, *MIXTURES])
def compared(request: pytest.FixtureRequest, write_gguf: WriteGguf, tmp_path: Path) -> Compared:
    pair = damaged(request.param)
    record = run(*written(write_gguf, pair), tokens=ids(tmp_path))
    return Compared(pair, record, TwoReads.of(*pair.networks, SEQUENCES))


def rows_of(pair: Damaged, part: str) -> slice:
    """The rows of a fused tensor that a part is."""
    q, kv = pair.heads * pair.key_length, pair.kv_heads * pair.key_length
    spans = {
        "mixer.q": slice(0, q),
        "mixer.k": slice(q, q + kv),
        "mixer.v": slice(q + kv, q + 2 * kv),
        "feed_forward.gate": slice(0, HIDDEN),
        "feed_forward.up": slice(HIDDEN, 2 * HIDDEN),
    }
    return spans.get(part, slice(None)) if pair.fused else slice(None)


def test_the_output_error_of_every_matrix(compared: Compared) -> None:
    pair, record, oracle = compared.pair, compared.record, compared.oracle
    seen = set()
    for matrix in record.matrices:
        role = "output" if matrix.part == "head.output" else matrix.name.split(".", 2)[2].removesuffix(".weight")
        if matrix.experts or role.endswith("_shexp"):
            continue
        seen.add((matrix.layer, matrix.part))
        rows = rows_of(pair, matrix.part)
        assert matrix.error == pytest.approx(oracle.error(matrix.layer, role, rows=rows), rel=3e-4), matrix.name
        first = oracle.error(matrix.layer, role, rows=rows, first=True)
        assert matrix.error_first == pytest.approx(first, rel=3e-4), matrix.name
        assert matrix.n_tokens == sum(map(len, SEQUENCES))
    parts = ["mixer.q", "mixer.k", "mixer.v", "mixer.output"]
    parts += ["feed_forward.router.weights"] if pair.experts else [f"feed_forward.{r}" for r in ("gate", "up", "down")]
    layers = range(len(record.layers))
    assert {(layer, part) for layer in layers for part in parts} | {(None, "head.output")} <= seen
    assert not record.unmeasured
    assert not record.grouped


def test_the_output_error_of_every_head(compared: Compared) -> None:
    pair, record, oracle = compared.pair, compared.record, compared.oracle
    for matrix in record.matrices:
        if not matrix.part.startswith("mixer."):
            assert matrix.heads == []
            continue
        by_columns = matrix.part == "mixer.output"
        n_heads = pair.heads if by_columns or matrix.part == "mixer.q" else pair.kv_heads
        starts = [(rows_of(pair, matrix.part).start or 0) + pair.key_length * head for head in range(n_heads)]
        spans = [slice(start, start + pair.key_length) for start in starts]
        role, axis = matrix.name.split(".")[2], "columns" if by_columns else "rows"
        expected = [oracle.error(matrix.layer, role, **{axis: span}) for span in spans]
        np.testing.assert_allclose(matrix.heads, expected, rtol=3e-4, err_msg=f"{matrix.name} {matrix.part}")


@pytest.mark.parametrize("compared", MIXTURES, indirect=True)
def test_the_output_error_of_every_expert_on_its_own_tokens(compared: Compared) -> None:
    record, oracle = compared.record, compared.oracle
    stacks = [matrix for matrix in record.matrices if matrix.experts]
    assert {(matrix.layer, matrix.part) for matrix in stacks} == {
        (layer, f"feed_forward.{role}") for layer in range(len(record.layers)) for role in ("gate", "up", "down")
    }
    for matrix in stacks:
        role = f"ffn_{matrix.part.split('.')[1]}_exps"
        for expert in matrix.experts:
            expected = oracle.error(matrix.layer, role, expert=expert.expert)
            assert expert.error == pytest.approx(expected, rel=3e-4)
            assert expert.n_tokens == oracle.n_sent(matrix.layer, expert.expert)
        assert matrix.n_tokens == sum(expert.n_tokens for expert in matrix.experts)


def test_the_drift_of_the_stream_and_of_attention(compared: Compared) -> None:
    record, oracle = compared.record, compared.oracle
    for layer in record.layers:
        pairs = oracle.streams(layer.layer)
        a, b = (np.concatenate([pair[side][1:] for pair in pairs]) for side in (0, 1))
        by_token = np.sum((b - a) ** 2, axis=1) / np.sum(a**2, axis=1)
        cosine = np.sum(a * b, axis=1) / np.sqrt(np.sum(a**2, axis=1) * np.sum(b**2, axis=1))
        first, other = (np.array([pair[side][0] for pair in pairs]) for side in (0, 1))
        assert layer.drift == pytest.approx(np.median(by_token), rel=1e-3)
        assert layer.drift_total == pytest.approx(np.sum((b - a) ** 2) / np.sum(a**2), rel=1e-3)
        assert layer.drift_first == pytest.approx(np.sum((other - first) ** 2) / np.sum(first**2), rel=1e-3)
        assert 1 - layer.cosine == pytest.approx(1 - np.median(cosine), rel=1e-3)
        np.testing.assert_allclose(layer.attention_heads, oracle.attention(layer.layer), rtol=1e-3)
        assert layer.attention == pytest.approx(np.mean(layer.attention_heads))
        if compared.pair.experts:
            assert layer.same_experts == oracle.same_experts(layer.layer)
        else:
            assert layer.same_experts is None


def test_the_divergence_of_the_next_token(compared: Compared) -> None:
    record, oracle = compared.record, compared.oracle
    by_sequence = oracle.divergences()
    expected = np.concatenate([values[1:] for values in by_sequence])
    output = record.output
    assert output.n_positions == len(expected)
    for value, figure in (
        (output.kl_mean, expected.mean()),
        (output.kl_median, np.median(expected)),
        (output.kl_99, np.quantile(expected, 0.99)),
        (output.kl_max, expected.max()),
        (output.kl_first, np.mean([values[0] for values in by_sequence])),
    ):
        assert value == pytest.approx(figure, rel=2e-3)
    pairs = list(zip(oracle.ours, oracle.theirs, strict=True))
    tops = np.concatenate([(a.scores.argmax(1) == b.scores.argmax(1))[1:] for a, b in pairs])
    assert output.same_top == pytest.approx(tops.mean())
    for reads, perplexity in ((oracle.ours, output.reference_perplexity), (oracle.theirs, output.model_perplexity)):
        surprise = [
            -log_softmax(read.scores)[np.arange(1, len(tokens) - 1), tokens[2:]]
            for read, tokens in zip(reads, SEQUENCES, strict=True)
        ]
        assert perplexity == pytest.approx(np.exp(np.concatenate(surprise).mean()), rel=1e-4)


def test_where_it_hurts_most(compared: Compared) -> None:
    record, oracle = compared.record, compared.oracle
    by_sequence = oracle.divergences()
    expected = sorted(
        (
            (value, sequence, place)
            for sequence, values in enumerate(by_sequence)
            for place, value in enumerate(values)
            if place > 0
        ),
        reverse=True,
    )
    worst = record.worst[0]
    value, sequence, place = expected[0]
    assert (worst.sequence, worst.position) == (f"sequence {sequence}", place)
    assert worst.kl == pytest.approx(value, rel=2e-3)
    tokens = SEQUENCES[sequence]
    assert worst.before == " ".join(map(str, tokens[max(0, place - 11) : place + 1]))
    assert worst.next == (str(tokens[place + 1]) if place + 1 < len(tokens) else None)
    for read, top, share in (
        (oracle.ours[sequence], worst.reference_top, worst.reference_share),
        (oracle.theirs[sequence], worst.model_top, worst.model_share),
    ):
        assert top == str(read.scores[place].argmax())
        assert share == pytest.approx(np.exp(log_softmax(read.scores)[place].max()), rel=1e-3)
    assert [each.kl for each in record.worst] == sorted((each.kl for each in record.worst), reverse=True)


def test_neither_parts_of_the_vocabulary_nor_threads_change_what_is_computed(
    write_gguf: WriteGguf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = written(write_gguf, damaged("qwen3"))
    whole = run(*paths, tokens=ids(tmp_path), threads=1)
    monkeypatch.setattr(side_by_side, "_MOST_SCORES", 7 * sum(map(len, SEQUENCES)))
    in_parts = run(*paths, tokens=ids(tmp_path), threads=3)
    assert in_parts.output.kl_mean == pytest.approx(whole.output.kl_mean, rel=1e-4)
    assert in_parts.output.same_top == whole.output.same_top
    assert in_parts.output.model_perplexity == pytest.approx(whole.output.model_perplexity, rel=1e-6)
    pairs = zip(in_parts.matrices, whole.matrices, strict=True)
    assert all(part.error == pytest.approx(all_.error, rel=1e-5) for part, all_ in pairs)
    assert [each.position for each in in_parts.worst[:3]] == [each.position for each in whole.worst[:3]]


def test_attention_of_some_queries_stands_for_all_where_it_would_take_too_much(
    write_gguf: WriteGguf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = damaged("qwen3")
    paths = written(write_gguf, pair)
    monkeypatch.setattr(
        attention_drift, "MOST_HELD", 4 * pair.heads * sum(len(tokens) ** 2 for tokens in SEQUENCES) // 3
    )
    record = run(*paths, tokens=ids(tmp_path))
    assert record.attention_step == 4
    oracle = TwoReads.of(*pair.networks, SEQUENCES)
    moved = [
        0.5 * np.abs(b.layers[1]["alpha"][0] - a.layers[1]["alpha"][0]).sum(axis=-1)[:, 1::4]
        for a, b in zip(oracle.ours, oracle.theirs, strict=True)
    ]
    np.testing.assert_allclose(record.layers[1].attention_heads, np.concatenate(moved, axis=1).mean(axis=1), rtol=1e-3)


def test_groups_of_tokens_give_the_errors_of_every_token(write_gguf: WriteGguf, tmp_path: Path) -> None:
    paths = written(write_gguf, damaged("qwen3"))
    sequences = [np.random.default_rng(7).integers(40, 200, 118) for _ in range(2)]
    tokens = ids(tmp_path, sequences)
    exact, grouped = run(*paths, tokens=tokens, exact=True), run(*paths, tokens=tokens)
    assert grouped.grouped
    assert not exact.grouped
    ratios = []
    for ours, theirs in zip(grouped.matrices, exact.matrices, strict=True):
        ratios.append(ours.error / theirs.error)
        assert ours.error_first == pytest.approx(theirs.error_first, rel=1e-5)
        if ours.part == "mixer.output":
            np.testing.assert_allclose(ours.heads, theirs.heads, rtol=1e-6)  # exact in any case
    # A few tokens that are drawn again and again, and a few rows: more is left of their products than in a text.
    np.testing.assert_allclose(ratios, 1, rtol=0.2)
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)
    assert grouped.output == exact.output


def test_the_oracle_of_divergence() -> None:
    scores = np.array([[0.0, np.log(3.0)]]), np.array([[0.0, 0.0]])
    assert divergence(*scores)[0] == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5))
