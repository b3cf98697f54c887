"""docs/fleet.md says what is so: its columns are those of the tables, its queries and its Python run."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from ggufscope.report.tables.shelf_columns import shelf_columns
from support.documents import document, run_python
from support.shelves import write_shelf

PAGE = document("docs/fleet.md")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `models`, eight of them, two damaged beyond reading."""
    path = tmp_path_factory.mktemp("page")
    write_shelf(path / "models", 8)
    return path


@pytest.fixture
def names(directory: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The names that the Python of the page defines, in the directory where it was run."""
    monkeypatch.chdir(directory)
    return run_python("docs/fleet.md")


def test_python_and_queries_run(names: dict[str, object], directory: Path) -> None:
    outliers = names["outliers"]
    assert isinstance(outliers, pl.DataFrame)
    assert outliers.height == 6 * 3 - 1  # weights that are all one number have no outliers
    assert outliers["model"].n_unique() == 6
    verdicts, tails = (duckdb.sql(query).fetchall() for query in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL))
    assert {verdict: n for verdict, n, _ in verdicts} == {"sound": 5, "failed": 2, "errors": 1}
    assert len(tails) == 10
    assert [tail[3] for tail in tails] == sorted((tail[3] for tail in tails), reverse=True)
    assert all(source.startswith(str(directory / "models")) for source, *_ in tails)
    layout = PAGE.partition("## What is kept")[2].partition("NAME is")[0]
    (written,) = {frozenset(path.name for path in each.parent.iterdir()) for each in directory.rglob("profile.json")}
    assert set(re.findall(r"\w+\.(?:parquet|json)", layout)) == {"fleet.json", *written}


def test_columns_are_those_of_the_tables(names: dict[str, object], directory: Path) -> None:
    columns = {column.name: (column.kind, column.meaning) for column in shelf_columns([{}])}
    told = {
        name: (kind, meaning) for name, kind, meaning in re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", PAGE, re.M)
    }
    assert list(told) == list(columns)[: len(told)]
    assert told == {name: columns[name] for name in told}
    file = next(path for path in directory.rglob("model.parquet") if path.with_name("profile.json").exists())
    assert pq.read_schema(file).names == list(columns)
