"""`study`: all parts of a model in one directory."""

from __future__ import annotations

import contextlib
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.settings import USUAL_OPENING
from ..models.model import Model
from ..models.model import open as open_model
from ..runtime.reading.given import input_files
from ..runtime.reading.probes import OWN
from ..saving.directories import usable_directory
from ..saving.guard import Guard
from ..text.notebook_bar import with_notebook_bar
from .choices import make_choices
from .keeping import files_of, read_earlier, remove
from .making import Making
from .part import Work
from .parts import PARTS
from .study_document import STUDY_JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..runtime import Plan
    from ..runtime.engines.engine import Progress
    from ..runtime.reading.given import AskedPrompts
    from ..runtime.reading.probes import AskedProbe
    from .choices import Choices
    from .study_document import Step
    from .study_result import Study


@with_notebook_bar("study")
def study(
    source: str | PathLike[str] | Model,
    directory: str | PathLike[str],
    *,
    trace: bool = True,
    prompts: AskedPrompts = None,
    template: str = "auto",
    engine: str = "streamed",
    max_new_tokens: int | None = None,
    probe: AskedProbe = OWN,
    opening: int = USUAL_OPENING,
    spectra: str | None = None,
    weights: Mapping[str, float] | str | PathLike[str] | None = None,
    norm: str = "mean",
    scale: str = "minmax",
    seed: int = 0,
    threads: int | None = None,
    fresh: bool = False,
    force: bool = False,
    hash: bool = False,  # noqa: A002
    announce: Callable[[str, Plan], object] | None = None,
    progress: Progress | None = None,
    finished: Callable[[Step], object] | None = None,
) -> Study:
    """Profile, analyze, trace, validate and report on a model, in one directory.

    Parts that are there already are kept if they were made from the same model, with the same settings, from the same
    other parts and by the same version; all others are made.

    Args:
        source: path of a GGUF model (any file of a split one), or an open model.
        directory: where everything is written; made if it is not there.
        trace: run the model; without, there are profile, analysis and report.
        prompts: a file of prompts, or prompts themselves, as for `ggufscope.trace`; by default the twenty that ship
            with ggufscope. Only answers to prompts that say which are accepted are scored.
        template: form to put prompts in, as for `ggufscope.trace`.
        engine: as for `ggufscope.trace`.
        max_new_tokens: to answer each prompt with; by default 64, and up to 256 for answers that are not over then.
        probe: to read beside the prompts, as for `ggufscope.trace`, in their form and length; 0: none.
        opening: of propagation, as for `ggufscope.analyze`.
        spectra: singular values, too: of the `"layers"` or of `"all"` matrices, as for `ggufscope.spectra`.
        weights: of the index, as for `ggufscope.analyze`; so are `norm` and `scale`.
        norm: scale of a gain vector.
        scale: of a component over the layers.
        seed: of all draws.
        threads: at most so many; by default the cores this process may use.
        hash: hash the whole files (SHA-256, as `sha256sum`), and keep no result of files with other hashes.
        fresh: remove what an earlier study left in the directory, also that of another model.
        force: replace files, too, that ggufscope did not write.
        announce: called with part and plan before the model is run.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel. By default there is a
            bar in notebooks, and none elsewhere.
        finished: called with each step when it is over.

    Returns:
        The study. What could not be made for the model's own sake stands in its `failures`.

    Raises:
        ValueError: A choice that is none; a file that would be written is the model, the prompts or the weights.
        MissingExtraError: A package is missing; the message says which extra brings it.
        PromptsError: The file of prompts is malformed.
        GGUFError: The model is malformed.
        StudyError: The directory holds results of another model, or the state of a study that is malformed.
        OSError: A file cannot be read or written.
        StudyInterrupted: Ctrl-C; what was finished is kept.

    Example:
        >>> import ggufscope as gs
        >>> found = gs.study("model.gguf", "results")                                   # doctest: +SKIP
        >>> found.analysis.layers["risk"], found.validation.document.findings           # doctest: +SKIP
    """
    choices = make_choices(
        prompts=prompts,
        template=template,
        engine=engine,
        max_new_tokens=max_new_tokens,
        probe=probe,
        opening=opening,
        weights=weights,
        norm=norm,
        scale=scale,
        seed=seed,
        threads=threads,
        traced=trace,
        spectra=spectra,
        hashed=hash,
    )
    with contextlib.ExitStack() as stack:
        model = source if isinstance(source, Model) else stack.enter_context(open_model(source))
        choices.check_on(model)
        files = [*model.files, *input_files(prompts, None), weights if isinstance(weights, (str, PathLike)) else None]
        guard = Guard(files, force=force)
        target = _directory(directory, choices, guard)
        if fresh:
            _clear(target, guard)
        work = Work(model, target, choices, announce, progress, guard)
        stack.enter_context(work.uses)
        earlier = None if fresh else read_earlier(work)
        work.digests = (
            {name: digest for part in earlier.finished for name, digest in part.files.items()} if earlier else {}
        )
        return Making(work, earlier, finished).all()


def _directory(directory: str | PathLike[str], choices: Choices, guard: Guard) -> Path:
    parts = [part for part in PARTS.values() if part.wanted(choices)]
    return usable_directory(directory, [STUDY_JSON, *(name for part in parts for name in part.files)], guard)


def _clear(directory: Path, guard: Guard) -> None:
    """Remove what an earlier study left, but for fitted weights that this one is made with."""
    names = [STUDY_JSON, *(name for part in PARTS.values() for name in files_of(part, directory))]
    remove(directory / name for name in names if not guard.is_input(directory / name))
