"""Tables of results as NumPy arrays, and as data frames of pandas and polars where those are installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..extras import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt
    import pandas as pd
    import polars as pl

    from .tables import DataColumn, Kind


def arrays_of(columns: Iterable[DataColumn]) -> dict[str, npt.NDArray[Any]]:
    """One NumPy array per column, by name.

    Integers are int64, numbers float64 with NaN for none, truth values bool; integers and truth values of which some
    are missing are objects, None for none; texts and sequences (as tuples) objects.
    """
    return {column.name: array_of(column.kind, column.values) for column in columns}


def array_of(kind: Kind, values: Sequence[Any]) -> npt.NDArray[Any]:
    """The array of a column."""
    if kind == "number":
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kind in {"integer", "flag"} and not any(value is None for value in values):
        return np.array(values, np.int64 if kind == "integer" else np.bool_)
    out = np.empty(len(values), object)
    out[:] = [tuple(value) if isinstance(value, list) else value for value in values]
    return out


def pandas_frame(columns: Iterable[DataColumn]) -> pd.DataFrame:
    """The columns as a frame of pandas: `Int64`, `float64`, `boolean` and `string`; sequences are objects.

    Raises:
        MissingExtraError: pandas is not installed; the line says how to install it.
    """
    need("pandas", "pandas")
    import pandas as pd  # noqa: PLC0415  an extra

    types: Mapping[Kind, str] = {"integer": "Int64", "number": "float64", "flag": "boolean", "text": "string"}
    made = {
        column.name: pd.Series(list(_frame_values(column)), dtype=types.get(column.kind, "object"))
        for column in columns
    }
    return pd.DataFrame(made)


def polars_frame(columns: Iterable[DataColumn]) -> pl.DataFrame:
    """The columns as a frame of polars: `Int64`, `Float64`, `Boolean`, `String`, and lists of integers or texts.

    Raises:
        MissingExtraError: polars is not installed; the line says how to install it.
    """
    need("polars", "polars")
    import polars as pl  # noqa: PLC0415  an extra

    types: Mapping[Kind, Any] = {
        "integer": pl.Int64,
        "number": pl.Float64,
        "flag": pl.Boolean,
        "text": pl.String,
        "integers": pl.List(pl.Int64),
        "texts": pl.List(pl.String),
    }
    return pl.DataFrame([pl.Series(column.name, _frame_values(column), types[column.kind]) for column in columns])


def plain_text(text: str | None) -> str | None:
    """A text for a file or a frame; a lone surrogate, which UTF-8 cannot hold, as an escape."""
    return text and text.encode("utf-8", "backslashreplace").decode()


def _frame_values(column: DataColumn) -> list[Any]:
    if column.kind == "text":
        return [plain_text(value) for value in column.values]
    if column.kind == "texts":
        return [value and [plain_text(each) for each in value] for value in column.values]
    return [tuple(value) if isinstance(value, list) else value for value in column.values]
