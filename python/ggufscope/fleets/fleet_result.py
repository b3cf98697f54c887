"""A fleet that was measured: what the run came to, and where the results are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ExitCode
from ..report.content.results import ReportData
from ..report.notebook.html import line_html, table_html
from ..report.tables.registry import TABLES
from ..saving.results import SavedResult, Tables
from ..text.numbers import counted
from .fleet_document import FLEET_FORM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..saving.tables import DataColumn
    from .fleet_document import FleetDocument, FleetModel


class Fleet(Tables, SavedResult):
    """The models of a run, with the directory that holds their results; made by `ggufscope.fleet`.

    Its tables, `"shelf"` and `"roles"`, are of all models in the directory, those of other runs too, and need the extra
    `parquet`.

    Attributes:
        document: counts, and every model in a line.
    """

    _form = FLEET_FORM
    document: FleetDocument

    def __init__(self, document: FleetDocument) -> None:
        self.document = document

    @property
    def title(self) -> str:
        """The name of the directory."""
        return self.directory.name

    @property
    def directory(self) -> Path:
        """Where the results are."""
        return Path(self.document.directory)

    @property
    def models(self) -> list[FleetModel]:
        """All models of the run, in the order of the inputs."""
        return self.document.models

    @property
    def failures(self) -> dict[str, str]:
        """Name of each model that could not be measured → the line that says why."""
        facts = (each.facts for each in self.models)
        return {each.source: each.failure for each in facts if each.failure is not None}

    @property
    def exit_code(self) -> ExitCode:
        """Of the command: 3 where a model failed, else 1 where one has errors, else 0."""
        verdicts = self.document.verdicts
        if verdicts["failed"]:
            return ExitCode.INPUT
        return ExitCode.NEGATIVE if verdicts["errors"] else ExitCode.FINE

    def _own_tables(self) -> Mapping[str, Callable[[], list[DataColumn]]]:
        return {name: lambda name=name: self._saved_table(name) for name in ("shelf", "roles")}  # type: ignore[misc]

    def _saved_table(self, name: str) -> list[DataColumn]:
        """A table of what lies in the directory, as a report on it has it."""
        from .shelf import read_shelf  # noqa: PLC0415  needs an extra

        return TABLES[name].columns(ReportData.of_shelf(read_shelf(self.directory)))

    def _repr_html_(self) -> str:
        """The models of the run, each with its verdict."""
        rows = [
            (each.facts.source, each.outcome, each.facts.verdict, each.facts.failure or each.facts.finding or "")
            for each in self.models
        ]
        told = [f"{count} {verdict}" for verdict, count in self.document.verdicts.items() if count]
        line = line_html(self.title, counted(self.document.n_models, "model"), *told)
        return line + table_html(("model", "", "verdict", "why"), rows)

    def _summary(self) -> str:
        told = [f"{n} {verdict}" for verdict, n in self.document.verdicts.items() if n]
        return ", ".join([counted(self.document.n_models, "model"), *told])
