"""The layout of a saved check, schema `ggufscope.check/1`."""

from dataclasses import dataclass

from ..errors import CheckError
from ..models.subject import Subject
from ..saving.form import SavedForm
from .findings import Finding

SCHEMA = "ggufscope.check/1"


@dataclass(frozen=True)
class CheckedRule:
    """A rule that was run, as the registry has it.

    Attributes:
        name: of the rule.
        severity: of its findings: `"error"`, `"warning"` or `"note"`.
        summary: what it finds.
        why: why that matters.
        remedy: what to do.
    """

    name: str
    severity: str
    summary: str
    why: str
    remedy: str


@dataclass(frozen=True)
class CheckRun:
    """When and how long; the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
        threads: that were used at most.
    """

    version: str
    started: str
    seconds: float
    threads: int


@dataclass(frozen=True)
class CheckDocument:
    """The verdict on one file.

    Attributes:
        schema: name and version of this layout.
        files: base names of the files that were read.
        readable: whether the file could be read at all; where not, `findings` holds what is wrong with it alone.
        model: None where it is not readable.
        rules: that were run.
        findings: the gravest first, then in the order of the rules; so many of a rule that a document stays short.
        counts: of all findings, by severity.
        unlisted: rule → how many of its findings are not listed, for there are too many.
        coverage: elements looked at / elements in the file; None where no rule reads weights.
        run: None where it was left out.
    """

    schema: str
    files: list[str]
    readable: bool
    model: Subject | None
    rules: list[CheckedRule]
    findings: list[Finding]
    counts: dict[str, int]
    unlisted: dict[str, int]
    coverage: float | None
    run: CheckRun | None = None


CHECK_FORM: SavedForm[CheckDocument] = SavedForm(
    kind="a saved check",
    noun="check",
    schema=SCHEMA,
    types=lambda: CheckDocument,
    error=CheckError,
    digits=7,
    optional=("run", "findings.place.source"),
)
