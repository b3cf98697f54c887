"""`check`: a verdict on a model file."""

from __future__ import annotations

import datetime
import os
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

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
from .manifest import Manifest
from .named_digests import DIGEST, named_digest, wrong_name
from .registry import chosen_rules
from .rules import RULES
from .tensor_hashing import TensorHashing
from .unreadable import first_violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike

    from .findings import Finding
    from .registry import Rule

_MOST_OF_A_RULE = 100  # findings in a document
_ORDER = {severity: place for place, severity in enumerate(SEVERITIES)}


def check(
    model: str | PathLike[str] | Model,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    manifest: bool = False,
    against: str | PathLike[str] | Manifest | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Check:
    """Whether a model file is what it claims and sound, and if not, exactly where.

    Args:
        model: path of a GGUF file or of any file of a split model, or an open model, which stays open.
        select: only rules of these names; globs, as `"zero*"`.
        ignore: no rules of these names.
        manifest: take the digests of all files and tensors, too: `Check.manifest`.
        against: a manifest, or the path of one, that the model is held against by the rule `"manifest"`.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread; may raise to cancel.

    Returns:
        The verdict. A malformed file is no exception here but a verdict: its first violation is the finding.

    Raises:
        OSError: The file cannot be opened.
        CheckError: A `ValueError`: `against` is no manifest.
        ValueError: A pattern that matches no rule, a manifest to hold against without its rule, less than one thread,
            or the model is closed.

    Example:
        >>> import ggufscope as gs
        >>> verdict = gs.check("model.gguf")                                            # doctest: +SKIP
        >>> verdict.sound, [finding.sentence for finding in verdict.findings]           # doctest: +SKIP
    """
    rules = chosen_rules(RULES, select, ignore)
    n_threads = thread_count(threads)
    listed = against if against is None or isinstance(against, Manifest) else Manifest.load(against)
    if listed is not None and _MANIFEST not in {each.name for each in rules}:
        raise ValueError(f"to hold a model against a manifest takes the rule {_MANIFEST!r}")
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with ExitStack() as stack:
        try:
            opened = model if isinstance(model, Model) else stack.enter_context(open_model(model))
            judged, digests = _judged(opened, rules, _Wishes(manifest, listed), n_threads, progress)
        except GGUFError as error:
            path = model.path if isinstance(model, Model) else os.fspath(model)
            judged, digests = _unreadable(path, error, rules), None
    seconds = round(time.perf_counter() - clock, 6)
    document = CheckDocument(
        schema=SCHEMA,
        rules=[CheckedRule(each.name, each.severity, each.summary, each.why, each.remedy) for each in rules],
        run=CheckRun(__version__, started.isoformat(timespec="seconds"), seconds, n_threads),
        **judged,
    )
    return Check(document, digests if manifest else None)


_MANIFEST = "manifest"  # the rule


class _Wishes(NamedTuple):
    """Whether a manifest is asked for, and the one to hold the model against."""

    manifest: bool
    against: Manifest | None


def _judged(
    model: Model,
    rules: Sequence[Rule],
    wishes: _Wishes,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> tuple[dict[str, Any], Manifest | None]:
    """The verdict on a file that can be read, and its manifest."""
    reads = {each.reads for each in rules}
    digests = wishes.manifest or wishes.against is not None
    named = "files" in reads and any(named_digest(file) is not None for file in model.files)
    look = None if progress is None else lambda: progress(model.n_bytes, model.n_bytes)
    with FileHashing(model, wanted=digests or named) as files, TensorHashing(model, wanted=digests) as tensor_digests:
        tensors = gather(model, threads, progress) if "weights" in reads else []
        hashes = files.result(look)
        manifest = Manifest.of(model, hashes or [], tensor_digests.result(look)) if digests else None
    facts = Facts(model, threads, tensors, dict(enumerate(hashes or [])), manifest, wishes.against)
    seen = sum(each.statistics.n_elements for each in tensors)
    return {
        "files": [base_name(file) for file in model.files],
        "readable": True,
        "model": Subject.of(model, hashes),
        "coverage": seen / model.n_parameters if tensors and model.n_parameters else None,
        **_told(finding for each in rules for finding in each.findings(facts)),
    }, manifest


def _unreadable(path: str | bytes, error: GGUFError, rules: Sequence[Rule]) -> dict[str, Any]:
    """The verdict on a file that cannot: the first violation, and whether its name says another digest."""
    name = os.fsdecode(path)
    findings = [first_violation(name, error)]
    if DIGEST in {each.name for each in rules}:
        findings += wrong_name(name)
    return {"files": [base_name(name)], "readable": False, "model": None, "coverage": None, **_told(findings)}


def _told(findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings, the gravest first, at most so many of a rule; and the numbers of all."""
    counts, of_rule = Counter[str](), Counter[str]()
    listed = []
    for each in findings:
        counts[each.severity] += 1
        of_rule[each.rule] += 1
        if of_rule[each.rule] <= _MOST_OF_A_RULE:
            listed.append(each)
    return {
        "findings": sorted(listed, key=lambda each: _ORDER[each.severity]),
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "unlisted": {rule: n - _MOST_OF_A_RULE for rule, n in of_rule.items() if n > _MOST_OF_A_RULE},
    }
