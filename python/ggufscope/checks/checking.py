"""`check`: a verdict on a model file."""

from __future__ import annotations

import datetime
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .._core import GGUFError
from .._version import __version__
from ..arrays.arguments import thread_count
from ..inputs.naming import file_name, is_remote, locate
from ..models.file_hashes import FileHashing
from ..models.importance import is_dat
from ..models.magic import is_gguf
from ..models.model import Model
from ..models.model import open as open_model
from ..models.subject import Subject
from ..text.names import base_name
from ..text.notebook_bar import with_notebook_bar
from .check_document import SCHEMA, CheckDocument, CheckedRule, CheckRun
from .check_result import Check
from .facts import Facts
from .gathering import gather
from .importance import NAME as IMPORTANCE
from .importance import judged_dat
from .manifest import Manifest
from .named_digests import DIGEST, named_digest, wrong_name
from .registry import chosen_rules
from .rules import RULES
from .tally import Tally
from .tensor_hashing import TensorHashing
from .unreadable import first_violation
from .wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from ..inputs.located import Located
    from .facts import TensorFacts
    from .gathering import Observed
    from .registry import Rule


@with_notebook_bar("check")
def check(
    model: str | PathLike[str] | Model,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    manifest: bool = False,
    against: str | PathLike[str] | Manifest | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    observed: Observed | None = None,
    gathered: list[TensorFacts] | None = None,
) -> Check:
    """Whether a model file is what it claims and sound, and if not, exactly where.

    Args:
        model: path of a GGUF file or of any file of a split model, or an open model, which stays open.
        select: only rules of these names; globs, as `"zero*"`.
        ignore: no rules of these names.
        manifest: take the digests of all files and tensors, too: `Check.manifest`.
        against: a manifest, or the path of one, that the model is held against by the rule `"manifest"`; of an
            importance matrix also the path of the model that it is meant for, for the rule `"importance"`.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread; may raise to cancel. By default
            there is a bar in notebooks, and none elsewhere.
        observed: called with every tensor and its parts, in file order, as the pass over the weights comes to them, so
            that a profile may be collected of the same pass. Statistics are of blocks as stored.
        gathered: what a pass over the weights of an open model found, in place of a pass; see `checks.gathering`.

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
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    local = None if isinstance(model, Model) else locate(model).path
    with ExitStack() as stack:
        wishes = _wishes(stack, rules, manifest, against)
        try:
            if local is not None and is_dat(local):
                judged, rules, digests = *judged_dat(local, rules, wishes), None
            else:
                opened = model if isinstance(model, Model) else stack.enter_context(open_model(model))
                judged, digests = _judged(
                    opened, rules, wishes, n_threads, progress, observed=observed, gathered=gathered
                )
        except GGUFError as error:
            located = locate(model.address if isinstance(model, Model) else model)
            path = model.path if isinstance(model, Model) else located.name
            judged, digests = _unreadable(path, located, error, rules), None
    seconds = round(time.perf_counter() - clock, 6)
    document = CheckDocument(
        schema=SCHEMA,
        rules=[CheckedRule(each.name, each.severity, each.summary, each.why, each.remedy) for each in rules],
        run=CheckRun(__version__, started.isoformat(timespec="seconds"), seconds, n_threads),
        **judged,
    )
    return Check(document, digests if manifest else None)


_MANIFEST = "manifest"  # the rule


def _wishes(
    stack: ExitStack, rules: Sequence[Rule], manifest: bool, against: str | PathLike[str] | Manifest | None
) -> Wishes:
    """What is asked for beside a verdict; a model to hold an importance matrix against stays open as long as `stack`.

    Raises:
        CheckError: `against` is neither a manifest nor a model.
        GGUFError: It is a malformed model.
        ValueError: It takes a rule that was not chosen.
    """
    names = {each.name for each in rules}
    if against is None or isinstance(against, Manifest):
        wishes = Wishes(manifest, against)
    elif is_remote(against) or is_gguf(against):
        wishes = Wishes(manifest, covers=stack.enter_context(open_model(against)))
    else:
        wishes = Wishes(manifest, Manifest.load(against))
    if wishes.against is not None and _MANIFEST not in names:
        raise ValueError(f"to hold a model against a manifest takes the rule {_MANIFEST!r}")
    if wishes.covers is not None and IMPORTANCE not in names:
        raise ValueError(f"to hold an importance matrix against its model takes the rule {IMPORTANCE!r}")
    return wishes


def _judged(
    model: Model,
    rules: Sequence[Rule],
    wishes: Wishes,
    threads: int,
    progress: Callable[[int, int], object] | None,
    *,
    observed: Observed | None,
    gathered: list[TensorFacts] | None,
) -> tuple[dict[str, Any], Manifest | None]:
    """The verdict on a file that can be read, and its manifest."""
    reads = {each.reads for each in rules}
    digests = wishes.manifest or wishes.against is not None
    named = "files" in reads and any(named_digest(file) is not None for file in model.files)
    look = None if progress is None else lambda: progress(model.n_bytes, model.n_bytes)
    tally, first = Tally(rules), Facts(model, threads, covers=wishes.covers)
    if wishes.covers is not None and first.contents != "imatrix":
        raise ValueError(f"{model.path}: only an importance matrix is held against a model; this is none")
    hashed = (digests or named) and model.file_hashes is None
    passes = "weights" in reads and gathered is None
    times = 2 * passes + hashed + digests  # for statistics and for runs of zeros
    # These come first: what they read, as lists of tokens, is gone when the statistics take its room.
    at_once = [each for each in rules if each.reads in _WITHOUT_WEIGHTS]
    if model.is_remote:  # nothing is fetched for hashes before statistics are taken of it, too
        _judge(first, at_once, tally)
    with (
        model.reading(model.tensors.values() if times else (), times=times, whole=hashed),
        FileHashing(model, wanted=digests or named) as files,
        TensorHashing(model, wanted=digests) as tensor_digests,
    ):
        if not model.is_remote:
            _judge(first, at_once, tally)
        tensors = gather(model, threads, progress, observed=observed) if passes else gathered or []
        hashes = files.result(look)
        manifest = Manifest.of(model, hashes or [], tensor_digests.result(look)) if digests else None
    facts = Facts(model, threads, tensors, dict(enumerate(hashes or [])), manifest, wishes.against)
    _judge(facts, [each for each in rules if each.reads not in _WITHOUT_WEIGHTS], tally)
    seen = sum(each.statistics.n_elements for each in tensors)
    return {
        "files": [file_name(file) for file in model.files],
        "readable": True,
        "model": Subject.of(model, hashes),
        "coverage": seen / model.n_parameters if tensors and model.n_parameters else None,
        **tally.told(),
    }, manifest


_WITHOUT_WEIGHTS = {"structure", "metadata"}


def _judge(facts: Facts, rules: Sequence[Rule], tally: Tally) -> None:
    for each in rules:
        tally.add(each.findings(facts))


def _unreadable(name: str, located: Located, error: GGUFError, rules: Sequence[Rule]) -> dict[str, Any]:
    """The verdict on a file that cannot: the first violation, and whether its name says another digest."""
    tally = Tally(rules)
    tally.add([first_violation(name, error)])
    if DIGEST in {each.name for each in rules}:
        tally.add(wrong_name(located))
    return {"files": [base_name(name)], "readable": False, "model": None, "coverage": None, **tally.told()}
