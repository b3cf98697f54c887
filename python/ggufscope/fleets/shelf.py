"""The directory of a fleet read as a shelf, for reports."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any

from ..errors import FleetError
from ..profiles.profile_result import Profile
from ..report.content.shelf_data import RoleSpread, Shelf
from ..report.tables.parquet import require_parquet
from .directory import FLEET, FleetDirectory
from .rows import MODEL_TABLE, ROLE_TABLE
from .sources import PARTITION
from .task import PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

_OUTLIERS = "outlier_fraction_6"


def is_fleet(path: Path) -> bool:
    """Whether a path is the directory of a fleet, or its mark."""
    return (path.name == FLEET and path.is_file()) or (path / FLEET).is_file()


def read_shelf(path: str | PathLike[str]) -> Shelf:
    """The models of a fleet.

    Args:
        path: of its directory, or of the mark in it.

    Raises:
        FleetError: It is none, or a table in it is malformed.
        MissingExtraError: The extra `parquet` is not installed.
        OSError: A file cannot be read.
    """
    require_parquet()
    directory = Path(path).parent if Path(path).name == FLEET and Path(path).is_file() else Path(path)
    fleet = FleetDirectory.find(directory)
    models: list[dict[str, Any]] = []
    roles: list[dict[str, Any]] = []
    for each in fleet.models():
        models += _rows(each, MODEL_TABLE)
        if (each / ROLE_TABLE).exists():
            roles += _rows(each, ROLE_TABLE)
    models.sort(key=lambda row: (-(row["n_elements"] or -1), row["model"]))

    def profile_of(model: str) -> Profile:
        return Profile.load(fleet.path / f"{PARTITION}{model}" / PROFILE)

    return Shelf(fleet.path.resolve().name, models, roles, _spreads(roles), profile_of)


def _rows(directory: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table of one model, with the `model` that the name of its directory tells."""
    import pyarrow as pa  # noqa: PLC0415  an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    model = directory.name.removeprefix(PARTITION)
    try:
        with (directory / table).open("rb") as file:
            rows: list[dict[str, Any]] = pq.ParquetFile(file).read().to_pylist()
    except pa.ArrowException as error:
        raise FleetError(f"{directory / table}: malformed: {' '.join(str(error).splitlines())}") from None
    return [{"model": model, **row} for row in rows]


def _spreads(roles: Sequence[dict[str, Any]]) -> list[RoleSpread]:
    """Of each role the outliers over the models, the roles of the most bytes first."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    n_bytes: dict[str, int] = defaultdict(int)
    for row in roles:
        if row.get(_OUTLIERS) is not None:
            rows[row["role"]].append(row)
            n_bytes[row["role"]] += row["n_bytes"]
    return [_spread(role, rows[role]) for role in sorted(rows, key=lambda role: (-n_bytes[role], role))]


def _spread(role: str, rows: Sequence[dict[str, Any]]) -> RoleSpread:
    shares = [row[_OUTLIERS] for row in rows]
    most = max(rows, key=lambda row: row[_OUTLIERS])
    return RoleSpread(role, len(rows), min(shares), median_low(shares), most[_OUTLIERS], most["model"])
