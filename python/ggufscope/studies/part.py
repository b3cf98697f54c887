"""The type of a part of a study, and the means that parts are made with."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..models.file_hashes import hash_files
from ..models.subject import Subject, same_model
from ..saving.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..checks.facts import TensorFacts
    from ..models.model import Model
    from ..report.charts.side_by_side import SideBySide
    from ..runtime import Plan
    from ..runtime.engines.engine import Progress
    from .choices import Choices, Setting


@dataclass
class Work:
    """Model, directory, choices and earlier results that parts are made with.

    Attributes:
        guard: of the files that are written.
        announce: called with part and plan before the model is run.
        progress: called with what is being done and its share.
        results: of parts that are true in this run: by name, as `load` gives them.
        digests: of the files that an earlier run left: by their names.
        uses: ends with the study.
        drawing: processes that began to draw for the report; None: there are none yet.
        gathered: facts for a check that were gathered while the profile was made; None where it was not.
    """

    model: Model
    directory: Path
    choices: Choices
    announce: Callable[[str, Plan], object] | None = None
    progress: Progress | None = None
    guard: Guard = field(default_factory=Guard)
    results: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    uses: ExitStack = field(default_factory=ExitStack)
    drawing: SideBySide | None = None
    gathered: list[TensorFacts] | None = None

    @property
    def subject(self) -> Subject:
        """The model; its files are hashed where that was asked for, and they are by now."""
        return Subject.of(self.model, self.model.file_hashes if self.choices.hashed else None)

    def is_of(self, subject: Subject) -> bool:
        """Whether a result is of the model; its files are hashed for that where it was asked for and can tell more."""
        if not same_model(subject, self.subject):
            return False
        if not self.choices.hashed or subject.file_hashes is None:
            return True
        progress = self.progress
        hash_files(self.model, None if progress is None else lambda: progress("hashing the files", 0.0))
        return same_model(subject, self.subject)

    def in_bytes(self, what: str) -> Callable[[int, int], object] | None:
        """Progress in bytes, as passes over a model have it."""
        progress = self.progress
        return None if progress is None else lambda done, total: progress(what, done / total if total else 1.0)

    def in_shares(self, part: str) -> Progress | None:
        """Progress in shares, with the name of the part in front."""
        progress = self.progress
        return None if progress is None else lambda what, share: progress(f"{part}: {what}", share)

    def announcing(self, part: str) -> Callable[[Plan], object] | None:
        """Callback for the plan of a run of the model, with the name of the part in front."""
        announce = self.announce
        return None if announce is None else lambda plan: announce(part, plan)


@dataclass(frozen=True)
class Made:
    """A part that was just made: as `load` would give it, and its files."""

    result: Any
    files: list[Path]


@dataclass(frozen=True)
class Part:
    """A part of a study.

    Attributes:
        files: names of those it writes; `*` stands for any name.
        make: makes it and writes its files.
        load: reads and checks it from the directory; None for what is only looked at.
        needs: parts that it is made from.
        uses: parts that go into it where they are there.
        beside: parts without which it would be of no use.
        settings: choices that it depends on; None where they say that there is to be none.
        runs_model: it is left out where the model is not to be run.
        hashes: it must know the hashes of the files where they are asked for.
        shown: those of its files that show what it says, a report among others: when it is not true any more, they
            must not stand there.
    """

    name: str
    files: tuple[str, ...]
    make: Callable[[Work], Made]
    load: Callable[[Path], Any] | None = None
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    settings: Callable[[Choices], dict[str, Setting] | None] = lambda _: {}
    runs_model: bool = False
    hashes: bool = False
    shown: tuple[str, ...] = ()

    def wanted(self, choices: Choices) -> bool:
        """Whether this run is to have it."""
        return (choices.traced or not self.runs_model) and self.settings(choices) is not None
