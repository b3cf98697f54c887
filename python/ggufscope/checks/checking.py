"""`check`: a verdict on a model file."""

from __future__ import annotations

import datetime
import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .._core import GGUFError
from .._version import __version__
from ..arrays.arguments import thread_count
from ..models.file_hashes import FileHashing
from ..models.model import Model
from ..models.model import open as open_model
from ..models.subject import Subject
from ..text.names import base_name
from .check_document import SCHEMA, CheckDocument, CheckedRule, CheckRun
from .check_result import Check
from .facts import Facts
from .findings import SEVERITIES
from .gathering import gather
from .named_digests import named_digest
from .registry import chosen_rules
from .rules import RULES
from .unreadable import first_violation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from .findings import Finding
    from .registry import Rule

_ORDER = {severity: place for place, severity in enumerate(SEVERITIES)}


def check(
    model: str | PathLike[str] | Model,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Check:
    """Whether a model file is what it claims and sound, and if not, exactly where.

    Args:
        model: path of a GGUF file or of any file of a split model, or an open model, which stays open.
        select: only rules of these names; globs, as `"zero*"`.
        ignore: no rules of these names.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread; may raise to cancel.

    Returns:
        The verdict. A malformed file is no exception here but a verdict: its first violation is the finding.

    Raises:
        OSError: The file cannot be opened.
        ValueError: A pattern that matches no rule, less than one thread, or the model is closed.

    Example:
        >>> import ggufscope as gs
        >>> verdict = gs.check("model.gguf")                                            # doctest: +SKIP
        >>> verdict.sound, [finding.sentence for finding in verdict.findings]           # doctest: +SKIP
    """
    rules = chosen_rules(RULES, select, ignore)
    n_threads = thread_count(threads)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with ExitStack() as stack:
        try:
            opened = model if isinstance(model, Model) else stack.enter_context(open_model(model))
            judged = _judged(opened, rules, n_threads, progress)
        except GGUFError as error:
            path = model.path if isinstance(model, Model) else os.fspath(model)
            judged = _unreadable(path, error)
    seconds = round(time.perf_counter() - clock, 6)
    run = CheckRun(__version__, started.isoformat(timespec="seconds"), seconds, n_threads)
    return Check(
        CheckDocument(
            schema=SCHEMA,
            rules=[CheckedRule(each.name, each.severity, each.summary, each.why, each.remedy) for each in rules],
            run=run,
            **judged,
        )
    )


def _judged(
    model: Model, rules: Sequence[Rule], threads: int, progress: Callable[[int, int], object] | None
) -> dict[str, Any]:
    """The verdict on a file that can be read."""
    reads = {each.reads for each in rules}
    wanted = "files" in reads and any(named_digest(file) is not None for file in model.files)
    with FileHashing(model, wanted=wanted) as hashing:
        tensors = gather(model, threads, progress) if "weights" in reads else []
        hashes = hashing.result(None if progress is None else lambda: progress(model.n_bytes, model.n_bytes))
    facts = Facts(model, threads, tensors, dict(enumerate(hashes or [])))
    findings = [finding for each in rules for finding in each.findings(facts)]
    seen = sum(each.statistics.n_elements for each in tensors)
    return {
        "files": [base_name(file) for file in model.files],
        "readable": True,
        "model": Subject.of(model, hashes),
        "coverage": seen / model.n_parameters if tensors and model.n_parameters else None,
        **_sorted(findings),
    }


def _unreadable(path: str | bytes, error: GGUFError) -> dict[str, Any]:
    """The verdict on a file that cannot: the first violation, and whether its name says another digest."""
    name = os.fsdecode(path)
    findings = [first_violation(name, error)]
    return {"files": [base_name(name)], "readable": False, "model": None, "coverage": None, **_sorted(findings)}


def _sorted(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings, the gravest first, and their numbers."""
    counts = {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES}
    return {"findings": sorted(findings, key=lambda each: _ORDER[each.severity]), "counts": counts}
