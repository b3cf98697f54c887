"""A profile: what every parameter of a model adds up to, in columns, to keep and to load again.

The module is not called `profile` because that is the package's function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..arrays.statistics import non_finite
from ..models.stacks import layers_by_stack
from ..models.subject import Subject, title_of
from ..models.summary import ModelSummary
from ..saving.frames import arrays_of
from ..saving.plain import plain_of
from ..saving.results import SavedResult, Tables
from .head_table import HeadTable
from .magnitudes import MagnitudeSketch
from .profile_records import ProfileRun, ProfileSettings
from .rollup import third_name
from .rows import PARTS, Row, columns
from .saved import PROFILE_FORM, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    import numpy.typing as npt

    from ..saving.form import SavedForm
    from ..saving.guard import Guard
    from ..saving.tables import DataColumn

_TABLES = ("tensors", "layers", "roles", "experts", "layer_roles", "halves", "thirds", "stack_totals")
_SAVED_TABLES = ("thirds", "stack_totals", "layers", "roles", "experts", "layer_roles", "halves", "tensors", "heads")
_OFTEN_EMPTY = {"stack_totals", "halves"}  # left out then


@dataclass(frozen=True, eq=False, repr=False)
class Profile(Tables, SavedResult):
    """Statistics of a model; made by `ggufscope.profile`, or loaded.

    Rows carry the names of docs/metrics.md as attributes (`row.kurtosis`). A loaded profile is like a fresh one, but
    for the vectors `row_l2` and `column_l2`, of which only min, max, median and MAD are saved (`row_l2_median`, …), and
    for the statistics of heads, which are saved with 12 digits; the two are equal.

    Attributes:
        model: what the model is: name, architecture, types, sizes, identity.
        coverage: elements scanned / elements in the file; 1.0 for a healthy file.
        settings: what the numbers depend on beside the file.
        tensors: by name, in file order.
        layers: by number; layers of a second stack by `"enc.0"`. Rows of layers, thirds and the whole model are over
            matrices and vectors; their `matrices` and `vectors` are the rows of each.
        roles: by role, in order of first appearance. Tensors of unknown names have none.
        experts: by (role, expert), over all layers.
        layer_roles: by (layer, role), where several tensors share both, as experts with a tensor each do.
        halves: by (layer, role), gate and up where one tensor holds both (`ffn_gate_up_exps`, Phi 3's `ffn_up`), with
            the statistics that heads have.
        thirds: by `"early"`, `"middle"`, `"late"`; of a second stack by `"v.early"`, ….
        stack_totals: by `"main"`, `"v"`, `"enc"`, …, each with all that belongs to the stack, layers and others; empty
            where the model is but one stack.
        heads: by role, tables of layers × heads.
        total: over all weights: tables of integers and factors beside matrices are in no roll-up.
        magnitudes: how large the weights are, of the whole model and of each role; empty in a fast profile.
        run: when and how fast; None if it was left out.
    """

    model: ModelSummary
    coverage: float
    settings: ProfileSettings
    tensors: dict[str, Row]
    layers: dict[int | str, Row]
    roles: dict[str, Row]
    experts: dict[tuple[str, int], Row]
    layer_roles: dict[tuple[int | str, str], Row]
    halves: dict[tuple[int | str, str], Row]
    thirds: dict[str, Row]
    stack_totals: dict[str, Row]
    heads: dict[str, HeadTable]
    total: Row
    magnitudes: list[MagnitudeSketch]
    run: ProfileRun | None = None

    _form: ClassVar[SavedForm[Any]] = PROFILE_FORM

    def to_columns(
        self, table: str | None = None, of: Literal["all", "matrices", "vectors"] = "all"
    ) -> dict[str, npt.NDArray[Any]]:
        """One NumPy array per field over the rows of a table, ready for a data frame.

        Counts are int64; numbers float64, NaN where undefined or not applicable; each quantile is a column
        (`quantile_50`); layers are int64, or objects with None where a row is of no layer; texts and shapes objects.
        Histograms and vectors are left out.

        Args:
            table: which rows, one of `table_names`: `"tensors"`, by default, `"layers"`, `"roles"`, `"heads"`, ….
            of: which tensors of layers, thirds and stacks; rows without any are left out. The saved table
                `layers`, which an analysis gives, is of matrices.

        Raises:
            ValueError: There is no such table, or its rows are not told apart into matrices and vectors.

        Example:
            >>> columns = profile.to_columns()                                          # doctest: +SKIP
            >>> columns["name"][columns["kurtosis"].argmax()]                           # doctest: +SKIP
        """
        if of == "all":
            return super().to_columns(table)
        if of not in PARTS or table not in {"layers", "thirds", "stack_totals"}:
            raise ValueError(f"no {of!r} of the table {table!r}; layers, thirds and stacks have {' and '.join(PARTS)}")
        rows = getattr(self, table).values()
        return arrays_of(columns(part for row in rows if (part := getattr(row, of)) is not None))

    def _own_tables(self) -> Mapping[str, Callable[[], list[DataColumn]]]:
        return {table: lambda table=table: columns(getattr(self, table).values()) for table in _TABLES}  # type: ignore[misc]

    def roles_of(self, kind: Literal["matrix", "vector"]) -> list[Row]:
        """The rows of the roles whose tensors are of a kind, those of the most bytes first.

        A role that has both is one of matrices: its row is over all its tensors.

        Args:
            kind: `"matrix"` or `"vector"`.

        Example:
            >>> [row.role for row in profile.roles_of("vector")]                        # doctest: +SKIP
            ['attn_norm', 'ffn_norm', 'output_norm']
        """
        roles = {row.role for row in self.tensors.values() if row.kind == kind}
        if kind == "vector":
            roles -= {row.role for row in self.tensors.values() if row.kind == "matrix"}
        rows = [row for role, row in self.roles.items() if role in roles]
        return sorted(rows, key=lambda row: -row.n_bytes)

    def _saved_document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "model": plain_of(self.model),
            "coverage": self.coverage,
            "settings": self.settings.to_json(),
            "total": self.total.to_json(),
        }
        for table in _SAVED_TABLES:
            rows = [row.to_json() for row in getattr(self, table).values()]
            if rows or table not in _OFTEN_EMPTY:
                document[table] = rows
        if self.total.matrices is None and self.total.vectors is None:  # a profile from before kinds: saved as it was
            for row in document["tensors"]:
                row.pop("kind", None)
        document["magnitudes"] = [sketch.to_json() for sketch in self.magnitudes]
        if self.run is not None:
            document["run"] = self.run.to_json()
        return document

    def to_json(self, reproducible: bool = False) -> str:
        """The text of the saved file: strict JSON, one row per line.

        Args:
            reproducible: leave out `run`; the text then depends on the content of the model's files alone.
        """
        shown = replace(self, run=None) if reproducible else self
        return super(Profile, shown).to_json()

    def save(
        self,
        path: str | PathLike[str],
        *,
        reproducible: bool = False,
        force: bool = False,
        guard: Guard | None = None,
    ) -> list[Path]:
        """Write the profile as JSON; an earlier one is replaced once the new one is complete.

        Args:
            path: the file.
            reproducible: leave out `run`.
            force: replace files, too, that ggufscope did not write.
            guard: decides in place of `force`; that of a command knows its inputs.

        Returns:
            The file written.

        Raises:
            OutputError: An `OSError`: the file cannot be written, or one stands there that is not from ggufscope.
        """
        shown = replace(self, run=None) if reproducible else self
        return super(Profile, shown).save(path, force=force, guard=guard)

    def as_saved(self) -> Profile:
        """The profile with the digits of its file; vectors stay, where they were kept."""
        return replace(self, heads={role: HeadTable.from_json(table.to_json()) for role, table in self.heads.items()})

    @classmethod
    def _of_document(cls, document: Any) -> Profile:
        return cls.from_document(document.model_dump(exclude_unset=True))

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Profile:
        """The profile of a plain document that `schema` has checked, and in which it has decoded the histograms."""
        rows = {table: [Row.from_json(row) for row in document.get(table, [])] for table in _TABLES}
        tables = [HeadTable.from_json(table) for table in document["heads"]]
        return cls(
            model=ModelSummary(**document["model"]),
            coverage=document["coverage"],
            settings=ProfileSettings(**document["settings"]),
            tensors={row.name: row for row in rows["tensors"] if row.name is not None},
            layers={_layer_key(row): row for row in rows["layers"]},
            roles={row.role: row for row in rows["roles"]},
            experts={(row.role, row.expert): row for row in rows["experts"]},
            layer_roles={(_layer_key(row), row.role): row for row in rows["layer_roles"]},
            halves={(_layer_key(row), row.role): row for row in rows["halves"]},
            thirds={third_name(row.stack, row.third): row for row in rows["thirds"]},
            stack_totals={row.stack: row for row in rows["stack_totals"]},
            heads={table.role: table for table in tables},
            total=Row.from_json(document["total"]),
            magnitudes=[MagnitudeSketch(**sketch) for sketch in document.get("magnitudes", [])],
            run=ProfileRun(**document["run"]) if document.get("run") else None,
        )

    @property
    def stacks(self) -> dict[str | None, tuple[int, ...]]:
        """The numbers of the layers of each stack, ascending; the main one is None, and first."""
        return layers_by_stack(self.layers.values())

    @property
    def subject(self) -> Subject:
        """The model as other results name it; without `run` the name of its file is not known."""
        model, files = self.model, self.run.files if self.run else []
        file = next(iter(files), None)
        return Subject(
            title=title_of(model.name, file, model.architecture),
            file=file,
            name=model.name,
            architecture=model.architecture,
            file_type=model.file_type,
            synthetic=model.synthetic,
            identity=model.identity,
            file_hashes=model.file_hashes,
        )

    @property
    def non_finite(self) -> dict[str, int]:
        """How many weights are NaN, Inf or beyond float32, by these words; without those of which there are none."""
        return non_finite(self.total)

    def _summary(self) -> str:
        odd = "".join(f", {count} {what}" for what, count in self.non_finite.items())
        return f"{len(self.tensors)} tensors, {self.model.n_elements} elements{odd}"


def _layer_key(row: Row) -> int | str:
    return row.layer if row.stack is None else f"{row.stack}.{row.layer}"
