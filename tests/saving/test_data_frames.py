"""Tables of results: the same cells as in saved CSV files, in arrays and in frames of pandas and polars."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ggufscope as gs
from ggufscope.errors import MissingExtraError
from ggufscope.report.tables.csv_text import csv_text
from ggufscope.report.tables.registry import tables
from ggufscope.report.views import report_data
from ggufscope.saving.frames import arrays_of, pandas_frame, polars_frame
from ggufscope.saving.tables import DataColumn
from support import small_models

if TYPE_CHECKING:
    from conftest import WriteGguf
    from ggufscope.saving.results import Tables

SAVED = Path(__file__).parent / "saved"
COLUMNS = [
    DataColumn("name", "text", "", ["a", None, "lone \udc80"]),
    DataColumn("layer", "integer", "", [0, None, 2]),
    DataColumn("count", "integer", "", [2**53 + 1, 0, 1]),
    DataColumn("mean", "number", "", [1.5, None, math.nan]),
    DataColumn("shape", "integers", "", [[2, 3], None, (4,)]),
    DataColumn("kept", "flag", "", [True, None, False]),
    DataColumn("views", "texts", "", [["x"], [], None]),
]


def test_arrays() -> None:
    arrays = arrays_of(COLUMNS)
    assert arrays["layer"].tolist() == [0, None, 2]
    assert arrays["count"].dtype == np.int64
    np.testing.assert_array_equal(arrays["mean"], [1.5, np.nan, np.nan])
    assert arrays["shape"].tolist() == [(2, 3), None, (4,)]
    assert arrays["kept"].tolist() == [True, None, False]
    assert arrays["views"].tolist() == [("x",), (), None]


def test_a_frame_of_pandas() -> None:
    frame = pandas_frame(COLUMNS)
    kinds = {"layer": "Int64", "count": "Int64", "mean": "float64", "kept": "boolean", "shape": "object"}
    assert {name: str(frame[name].dtype) for name in kinds} == kinds
    assert isinstance(frame["name"].dtype, pd.StringDtype)
    assert frame["name"].tolist() == ["a", pd.NA, "lone \\udc80"]
    assert frame["count"].tolist() == [2**53 + 1, 0, 1]
    assert frame["layer"].isna().tolist() == [False, True, False]
    assert frame["shape"][0] == (2, 3)


def test_a_frame_of_polars() -> None:
    frame = polars_frame(COLUMNS)
    assert frame.schema == {
        "name": pl.String, "layer": pl.Int64, "count": pl.Int64, "mean": pl.Float64, "shape": pl.List(pl.Int64),
        "kept": pl.Boolean, "views": pl.List(pl.String),
    }  # fmt: skip
    assert frame["name"].to_list() == ["a", None, "lone \\udc80"]
    assert frame["shape"].to_list() == [[2, 3], None, [4]]
    assert frame["views"].to_list() == [["x"], [], None]


@pytest.fixture
def results(write_gguf: WriteGguf, stories260k: Path) -> list[Tables]:
    reference = write_gguf(**small_models.llama())
    profile = gs.profile(reference)
    return [
        profile,
        gs.analyze(profile),
        gs.diff(reference, reference),
        gs.Validation.load(SAVED / "validation.json"),
        gs.Trace.load(SAVED / "trace.json"),
    ]


def test_every_saved_table_can_be_had_by_its_name(results: list[Tables]) -> None:
    seen = set()
    for result in results:
        for table in tables(report_data(result)):
            seen.add(table.name)
            assert table.name in result.table_names
            if isinstance(result, gs.Profile) and table.name == "layers":
                continue  # over matrices and vectors; that of the file is over matrices
            with_cells_of(
                csv_text(table.names, table.rows()), result.to_pandas(table.name), result.to_polars(table.name)
            )
    assert {"tensors", "layers", "heads", "errors", "models", "validation", "traced_layers"} <= seen


def with_cells_of(text: str, pandas: pd.DataFrame, polars: pl.DataFrame) -> None:
    """Columns of a saved file that the frames have of the same rows hold the same numbers."""
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == len(pandas) == len(polars)
    numbers = [name for name in lines[0] if name in pandas and polars[name].dtype == pl.Float64]
    for name in numbers[:4]:
        cells = [float(line[name]) if line[name] else math.nan for line in lines]
        np.testing.assert_allclose(pandas[name].to_numpy(float), cells, rtol=1e-6)
        np.testing.assert_array_equal(polars[name].fill_null(math.nan).to_numpy(), pandas[name].to_numpy(float))


def test_what_there_is_is_told(results: list[Tables]) -> None:
    for result in results:
        for ask in (result.to_columns, result.to_pandas, result.to_polars):
            with pytest.raises(ValueError, match="no table 'x'; there are ") as caught:
                ask("x")
            assert str(caught.value).endswith(", ".join(result.table_names))
        assert result.to_columns().keys() == result.to_columns(result.table_names[0]).keys()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_package_that_is_missing(package: str, results: list[Tables], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ggufscope.extras.find_spec", lambda name: None)
    ask: Any = getattr(results[0], f"to_{package}")
    with pytest.raises(MissingExtraError, match=rf"needs the package {package}: "):
        ask()
