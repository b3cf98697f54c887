"""`trace`: run a model on prompts, a text, token ids or a probe, and write down what happens inside."""

from __future__ import annotations

import contextlib
import datetime
import time
from os import PathLike
from typing import TYPE_CHECKING

from ..architecture.limits import NotApplicableError
from ..arrays.arguments import thread_count
from ..errors import TraceError
from ..models.experts import crowd_fault
from ..models.file_hashes import FileHashing
from ..models.model import Model
from ..models.model import open as open_model
from ..models.stacks import depth_fault
from ..models.subject import Subject
from ..models.weight_place import WeightPlace
from ..saving.guard import Guard
from ..text.notebook_bar import with_notebook_bar
from .answering import Budget
from .engines.engine import ENGINES
from .measuring.kept import checked_points, keeping
from .reading.fitting import check_context
from .reading.given import input_files, prompts_of, text_of
from .reading.probe_shape import probe_shape
from .reading.probes import OWN, Probe, parse_probe
from .reading.readings import Reading, draw_tokens, read_prompt_set, read_tokens, text_reading
from .reading.repetitions import Repetition, draw_repetition, front_of
from .reading.sequences import Draft, draft_own_words, draw_sequences
from .records import TraceTiming, trace_document
from .standouts.seen import seen_while_reading
from .timed_run import Plan, TimedRun
from .trace_result import Trace, TraceInterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .engines.engine import Progress
    from .measuring.capture import Keep
    from .reading.given import AskedPrompts, AskedText
    from .reading.probes import AskedProbe
    from .reading.prompts import NamedPrompts
    from .shape import ModelShape


_NO_REPETITION = "no random tokens were read twice in a row, which has to be asked for (--induction)"


@with_notebook_bar("trace")
def trace(
    source: str | PathLike[str] | Model,
    *,
    prompts: AskedPrompts = None,
    text: AskedText | None = None,
    probe: AskedProbe | None = None,
    tokens: str | PathLike[str] | None = None,
    template: str = "auto",
    engine: str = "streamed",
    ablate: Sequence[str] = (),
    max_new_tokens: int | None = None,
    keep: Sequence[str] = (),
    keep_path: str | PathLike[str] | None = None,
    force: bool = False,
    threads: int | None = None,
    seed: int = 0,
    induction: bool = False,
    hash: bool = False,  # noqa: A002
    announce: Callable[[Plan], object] | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Watch a model read, and answer.

    Args:
        source: path of a GGUF model (any file of a split one), or an open model.
        prompts: prompts themselves, a list of texts or of mappings with the keys of a file (`prompt`, `accepted`, …);
            or a file of prompts, or a set that was read already. By default the twenty that ship with ggufscope.
        text: a file to read in place of prompts; or the text itself, read as one sequence (a list of one text is never
            taken for the name of a file).
        probe: read in place of prompts what nobody has to write: `"own"`, eight sequences that the model writes itself,
            or `"random"`, eight of random tokens, both in the form and the median length of the prompts, which are not
            read themselves; `"own:4"`, `"random:4"`: so many sequences; a number: so many random tokens in one piece.
        tokens: a file of token ids to read in place of prompts; see `token_files`.
        template: form to put prompts in: `"auto"`, `"none"` or one of `templates.TEMPLATES`.
        engine: a name in `engine.ENGINES`.
        ablate: weights that count as zero, as `"blk.11.ffn_down.weight[507,1229]"`: tensor, row and column, in front of
            them the expert where a tensor holds several. The engine `"streamed"` alone can do that.
        max_new_tokens: to generate behind each prompt, greedily, as far as the context goes; 0: none. By default an
            answer to a prompt has 64, and up to 256 where it is not over then, see `answering`; behind anything else
            there is none. A model that does not continue a text, as one whose attention goes both ways, has no answers:
            a warning says so.
        keep: points of which to store raw activations; see `capture.POINTS`.
        keep_path: where to store them, an .npz file.
        force: replace a file, too, that ggufscope did not write.
        threads: at most so many; by default the cores this process may use.
        seed: of the draws of the probe's tokens, and of those that `induction` reads.
        induction: read random tokens twice in a row as well, three sequences and a control, and see which heads look
            for what followed before.
        hash: hash the whole files, too (SHA-256, as `sha256sum`), in a thread of its own.
        announce: called with the plan before the work starts.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel. By default there is a
            bar in notebooks, and none elsewhere.

    Returns:
        The trace.

    Raises:
        ValueError: Choices that are none, or that exclude each other; `keep_path` is the model, or what it reads.
        TraceError: The model, or a prompt in it, cannot be traced.
        PromptsError: The prompts are malformed.
        GGUFError: The model is malformed, or has no tokenizer for prompts and texts.
        MissingExtraError: A package is missing; the message says which extra brings it.
        OSError: A file cannot be read or written.
        TraceInterrupted: Ctrl-C while answers were generated; it carries what there is.

    Example:
        >>> import ggufscope as gs
        >>> trace = gs.trace("model.gguf")                                          # doctest: +SKIP
        >>> trace.head_figure("entropy_share").mean(axis=0)                         # doctest: +SKIP
    """
    asked = None if probe is None else parse_probe(probe)
    in_their_shape = asked is not None and asked.length is None
    readings = (None if in_their_shape else prompts, text, asked, tokens)
    zeroed = [WeightPlace.parse(place) for place in dict.fromkeys(ablate)]
    _check_choices(sum(choice is not None for choice in readings), engine, ablates=bool(zeroed))
    budget = _budget(max_new_tokens, text is None and probe is None and tokens is None)
    points = checked_points(keep)
    if points and keep_path is None:
        raise ValueError("to keep raw activations, say where")
    n_threads = thread_count(threads)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with contextlib.ExitStack() as stack:
        model = source if isinstance(source, Model) else stack.enter_context(open_model(source))
        read_files = [tokens, *input_files(prompts, text)]
        guard = Guard([*model.files, *read_files], force=force)
        if keep_path is not None:
            guard.check(keep_path)
        fault = depth_fault(model.layers) or crowd_fault(tensor.shape for tensor in model.tensors.values())
        if fault is not None:
            raise TraceError(f"{model.path}: {fault}")
        opened = stack.enter_context(ENGINES[engine].open(model, n_threads, zeroed))
        if opened.shape.no_answers is not None:
            budget = Budget.of(0)
        material = _read(model, opened.shape, budget.most, prompts, text, asked, tokens, template, seed)
        check_context(material.outline() if isinstance(material, Draft) else material, opened.shape)
        repetition = _repetition(model, opened.shape, prompts, template, seed) if induction else _NO_REPETITION
        hashing = stack.enter_context(FileHashing(model, wanted=hash))
        keeper = stack.enter_context(_keeper(keep_path, points, opened.shape, guard))
        run = TimedRun(opened, material, budget, progress, repetition)
        run.announce(announce)
        interrupted = run.work(keeper)
        timing = TraceTiming(
            started.isoformat(timespec="seconds"),
            time.perf_counter() - clock,
            run.seconds,
            n_threads,
            run.memory.peak,
            run.writing_seconds,
        )
        subject = Subject.of(model, hashing.result_so_far() if interrupted else hashing.result())
        document = trace_document(
            subject,
            opened,
            run.reading,
            run.recorder,
            run.endings,
            new_tokens=budget.most,
            kept=points,
            timing=timing,
            seen=seen_while_reading(model, opened.shape, run.reading, run.recorder, run.induction),
        )
    if interrupted:
        raise TraceInterrupted(Trace(document))
    return Trace(document)


def _check_choices(n_readings: int, engine: str, *, ablates: bool) -> None:
    if n_readings > 1:
        raise ValueError("prompts, a text, a probe and token ids exclude each other: choose one")
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    if ablates:
        ENGINES[engine].require_ablation()
    ENGINES[engine].require()


def _budget(asked: int | None, answers: bool) -> Budget:
    if asked is not None and (isinstance(asked, bool) or not isinstance(asked, int) or asked < 0):
        raise ValueError(f"max_new_tokens must be 0 or more, not {asked!r}")
    return Budget.of(asked if asked is not None or answers else 0)


def _read(  # noqa: PLR0917
    model: Model,
    shape: ModelShape,
    new_tokens: int,
    prompts: AskedPrompts,
    text: AskedText | None,
    probe: Probe | None,
    tokens: str | PathLike[str] | None,
    template: str,
    seed: int,
) -> Reading | Draft:
    if probe is not None:
        return _probe(model, shape, probe, prompts_of(prompts), template, seed)
    if tokens is not None:
        return read_tokens(model, tokens, answered=new_tokens > 0)
    if text is not None:
        named = text_of(text)
        return text_reading(model, named.text, named.name, closed=not (shape.causal and new_tokens))
    known = prompts_of(prompts)
    # A prompt of a causal model stays open, answered or not: its figures do not depend on what is to follow.
    return read_prompt_set(model, known.prompts, known.name, template, closed=not shape.causal)


def _probe(  # noqa: PLR0917
    model: Model, shape: ModelShape, probe: Probe, prompts: NamedPrompts, template: str, seed: int
) -> Reading | Draft:
    if probe.length is not None:
        return draw_tokens(model, probe.length, seed)
    of_prompts = probe_shape(model, prompts, template, closed=not shape.causal)
    if probe.kind == OWN and shape.no_answers is None:
        return draft_own_words(model, of_prompts, probe.sequences, seed)
    reading = draw_sequences(model, of_prompts, probe.sequences, seed)
    if probe.kind == OWN:
        reading.warnings.append(f"random tokens are read in place of the model's own words: {shape.no_answers}")
    return reading


def _repetition(model: Model, shape: ModelShape, prompts: AskedPrompts, template: str, seed: int) -> Repetition | str:
    """Random tokens twice in a row, behind what stands in front of a prompt; the reason where they show nothing."""
    try:
        return draw_repetition(model, shape, front_of(probe_shape(model, prompts_of(prompts), template)), seed)
    except NotApplicableError as reason:
        return str(reason)


@contextlib.contextmanager
def _keeper(
    path: str | PathLike[str] | None, points: list[str], shape: ModelShape, guard: Guard
) -> Iterator[Keep | None]:
    if not points or path is None:
        yield None
        return
    with keeping(path, points, shape, guard) as keep:
        yield keep
