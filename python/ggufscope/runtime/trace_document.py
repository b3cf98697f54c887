"""The layout of a saved trace, schema `ggufscope.trace/2`: plain values, None where something is undefined.

These classes are the schema: TRACE_FORM checks a file against them, field by field. Which figures there are, and what
they mean, stands in the file itself (`figures`), from `measuring.figures`. Files of schema 1 have the same layout;
their sizes are over all tokens of a prompt, the first one too, and no figure is of a band of positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from ..errors import TraceError
from ..models.subject import Subject
from ..saving.form import SavedForm
from .expert_document import ExpertRecord, check_experts
from .standout_document import StandoutKind, misplaced

SCHEMA = "ggufscope.trace/2"
FIRST_SCHEMA = "ggufscope.trace/1"
DIGITS = 7  # significant digits of every number: activations are float32


@dataclass(frozen=True)
class TracedModel(Subject):
    """The model that was run.

    Attributes:
        n_layers: of the main stack.
        n_heads, n_kv_heads: of each layer.
        windows: keys a query sees at most, of each layer; None: all before it.
        width: of the residual stream.
        n_vocabulary: tokens.
        context_length: tokens at most; None where the file does not say.
    """

    file: str
    identity: str
    n_layers: int
    n_heads: list[int]
    n_kv_heads: list[int]
    windows: list[int | None]
    width: int
    n_vocabulary: int
    context_length: int | None


@dataclass(frozen=True)
class EngineRecord:
    """The engine that computed the activations, and in words what its numbers depend on.

    Attributes:
        name: of the engine.
        version: of the program that ran the model.
        settings: name → value, in words.
    """

    name: str
    version: str
    settings: dict[str, str]


@dataclass(frozen=True)
class ProbeRecord:
    """The sequences of a probe.

    Attributes:
        kind: `"own"`: the model wrote them; `"random"`: their tokens were drawn from the vocabulary.
        sequences: their number.
        length: tokens that were written or drawn for each.
        prompts: name of the prompt set that has this length and form; None where none has.
        before: ids in front of those, as they were written; empty where each sequence has another.
        dropped: of `before`, the first so many were written behind, and not read.
        behind: ids behind those.
    """

    kind: str
    sequences: int
    length: int
    prompts: str | None
    before: list[int]
    dropped: int
    behind: list[int]


@dataclass(frozen=True)
class TraceSettings:
    """Input and choices that the numbers depend on, beside model and engine.

    Attributes:
        source: `"prompts"`: a prompt set; `"text"`: a text; `"probe"`: the model's own words, or random tokens of its
            vocabulary; `"tokens"`: a file of token ids.
        prompt_set: name of the prompt set or base name of the file; None for a probe.
        template: the form prompts were put in, as `"chatml"`; `"none"`: as they are.
        template_reason: why this one.
        opening_tokens: ids in front of every text, what the vocabulary wants there.
        max_new_tokens: asked for, or what answers may grow to.
        stop_tokens: ids that end an answer.
        seed: of the probe's tokens; None without.
        kept: points of which raw activations were stored beside.
        probe: how the probe's sequences came about; None without, and in files of the first release.
    """

    source: str
    prompt_set: str | None
    template: str
    template_reason: str
    opening_tokens: list[int]
    max_new_tokens: int
    stop_tokens: list[int]
    seed: int | None
    kept: list[str]
    probe: ProbeRecord | None = None

    @property
    def probe_kind(self) -> str | None:
        """The kind of the probe; None without, and in files of the first release."""
        return None if self.probe is None else self.probe.kind


@dataclass(frozen=True)
class FigureRecord:
    """Meaning of a figure; `per_head`: it is a row of numbers for each layer, one per query head.

    Attributes:
        definition: in a sentence.
        per_head: whether it is a row of numbers for each layer, one per query head.
    """

    definition: str
    per_head: bool


@dataclass(frozen=True)
class Answer:
    """The text that the model wrote behind a prompt.

    Attributes:
        token_ids: generated, without the token that ended it.
        text: those decoded; None without a tokenizer.
        ended: `"stop"`, `"limit"`, `"context"` or `"not finite"`, as `engine.Ending` has it; `"blank line"` or
            `"repeats"`, as `answering` has it; `"interrupted"`.
    """

    token_ids: list[int]
    text: str | None
    ended: str


VERDICTS = ("correct", "wrong", "unscored")


@dataclass(frozen=True)
class Score:
    """Verdict on an answer beside the accepted ones.

    Attributes:
        verdict: `"correct"`, `"wrong"` or `"unscored"`.
        matched: the answer of the prompt file, right or wrong, that decided; None where none did.
        reason: one sentence.
        why: of one that is unscored, in few words, as `"not ended"` (see `scoring`); None for the others, and in files
            of the first release.
    """

    verdict: str
    matched: str | None
    reason: str
    why: str | None = None


@dataclass(frozen=True)
class PromptTrace:
    """One prompt, or the text, or one run of probe tokens.

    Attributes:
        id: unique within the trace.
        category: of the prompt set; None for texts and probes.
        difficulty: as the prompt set states it; None where it does not.
        prompt: as in the prompt set; None for a probe.
        wrapped: the whole text the model read, with what the template puts around it; None for random tokens.
        token_ids: that the model read.
        answer: None where nothing was to be generated.
        score: None where nothing is to be scored.
        layers: figure → one value per layer. Figures of points that a model lacks (no gate) are all None.
        heads: figure → one row per layer, one value per query head of that layer.
        experts: figure of experts → one row per layer, one value per expert of that layer; None without experts.
    """

    id: str
    category: str | None
    difficulty: str | None
    prompt: str | None
    wrapped: str | None
    token_ids: list[int]
    answer: Answer | None
    score: Score | None
    layers: dict[str, list[float | None]]
    heads: dict[str, list[list[float | None]]]
    experts: dict[str, list[list[float | None]]] | None = None

    @property
    def answer_text(self) -> str | None:
        """The answer, or the ids of its tokens where there was no tokenizer; None where nothing was answered."""
        if self.answer is None:
            return None
        if self.answer.text is not None:
            return self.answer.text
        return f"ids {' '.join(map(str, self.answer.token_ids))}"


@dataclass(frozen=True)
class TraceRun:
    """Time, threads and memory of a trace: the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
        prefill_seconds, generation_seconds: of the engine's work alone, on what is read and on answers.
        threads: that were used at most.
        peak_bytes: largest resident memory of the process beyond pages of mapped files; None where the system does not
            tell.
        writing_seconds: likewise, on what the model wrote to read it; None where it wrote nothing.
    """

    version: str
    started: str
    seconds: float
    prefill_seconds: float
    generation_seconds: float
    threads: int
    peak_bytes: int | None
    writing_seconds: float | None = None


@dataclass(frozen=True)
class TraceDocument:
    """The whole file.

    Attributes:
        schema: name and version of this layout.
        model: that was run.
        engine: that computed the activations.
        settings: that the numbers depend on.
        figures: name → meaning of each figure.
        prompts: what was read, in order.
        warnings: to read before the rest.
        run: None where it was left out.
        experts: None for a model without experts.
        standouts: what stands out in what was measured; None in files of earlier versions.
    """

    schema: str
    model: TracedModel
    engine: EngineRecord
    settings: TraceSettings
    figures: dict[str, FigureRecord]
    prompts: list[PromptTrace]
    warnings: list[str]
    run: TraceRun | None = None
    experts: ExpertRecord | None = None
    standouts: list[StandoutKind] | None = None

    @property
    def over_all_tokens(self) -> bool:
        """Whether sizes are over all tokens, the first among them, as in files of schema 1."""
        return self.schema == FIRST_SCHEMA


OVER_ALL_TOKENS = (
    "the trace is of schema 1: its sizes are root mean squares over all tokens, the first one too, and it has no bands"
    " of positions; a new trace has medians, with the first token apart"
)


def _check_shapes(document: TraceDocument) -> None:
    """Every table has the layers and heads of the model, every figure is explained, and findings are somewhere."""
    model = document.model
    for name, column in (("n_heads", model.n_heads), ("n_kv_heads", model.n_kv_heads), ("windows", model.windows)):
        if len(column) != model.n_layers:
            raise TraceError(f"malformed trace: model.{name}: {len(column)} entries for {model.n_layers} layers")
    if reason := misplaced(document.standouts):
        raise TraceError(f"malformed trace: {reason}")
    ids = [prompt.id for prompt in document.prompts]
    if len(set(ids)) != len(ids):
        raise TraceError("malformed trace: prompts: an id stands there twice")
    names = {
        per_head: {name for name, figure in document.figures.items() if figure.per_head == per_head}
        for per_head in (False, True)
    }
    check_experts(document.experts, [prompt.experts for prompt in document.prompts], model.n_layers)
    for position, prompt in enumerate(document.prompts):
        for table, there, per_head in (("layers", prompt.layers, False), ("heads", prompt.heads, True)):
            missing = sorted(names[per_head] - there.keys())
            if missing:
                raise TraceError(f"malformed trace: prompts.{position}.{table}: {missing[0]!r} is missing")
        for name, by_layer in prompt.layers.items():
            _check_figure(document, position, "layers", name, len(by_layer))
        for name, rows in prompt.heads.items():
            _check_figure(document, position, "heads", name, len(rows))
            if [len(row) for row in rows] != model.n_heads:
                raise TraceError(
                    f"malformed trace: prompts.{position}.heads.{name}: rows do not have the lengths of n_heads"
                )


def _check_figure(document: TraceDocument, position: int, table: str, name: str, n_layers: int) -> None:
    place = f"malformed trace: prompts.{position}.{table}.{name}"
    known = document.figures.get(name)
    if known is None or known.per_head != (table == "heads"):
        raise TraceError(f"{place}: not among the figures of this file")
    if n_layers != document.model.n_layers:
        raise TraceError(f"{place}: {n_layers} layers, not {document.model.n_layers}")


# Every figure of a prompt is one line of the file, and so is every layer of a figure of heads.
TRACE_FORM = SavedForm(
    kind="a saved trace",
    noun="trace",
    schema=SCHEMA,
    older=(FIRST_SCHEMA,),
    types=lambda: TraceDocument,
    error=TraceError,
    digits=DIGITS,
    check=_check_shapes,
    optional=(
        "model.file_hashes",
        "settings.probe",
        "experts",
        "standouts",
        "prompts.experts",
        "prompts.score.why",
        "run.writing_seconds",
    ),
)


def number(value: float) -> float | None:
    """A number for the file: None for NaN and infinity."""
    return float(value) if isfinite(value) else None
