"""Tables as Parquet: typed columns, nulls, and what they are about in the metadata.

Needs pyarrow, the extra `parquet`.
"""

from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from ...extras import need
from ...saving.frames import plain_text

if TYPE_CHECKING:
    import pyarrow as pa

    from ...saving.tables import DataColumn, DataTable, Kind

METADATA_KEY = b"ggufscope"


def require_parquet() -> None:
    """Make sure that the extra `parquet` is installed.

    Raises:
        MissingExtraError: It is not; the line says how to install it.
    """
    need("pyarrow", "parquet")


def parquet_bytes(table: DataTable, about: dict[str, Any]) -> bytes:
    """The file of a table.

    Args:
        table: the table.
        about: plain values, as JSON under the key `ggufscope` of the schema's metadata. The `meaning` of a column is in
            the metadata of its field.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  an extra

    out = io.BytesIO()
    pq.write_table(_arrow_table(table, about), out, compression="zstd")
    return out.getvalue()


def short_parquet_bytes(table: DataTable) -> bytes:
    """The file of a table of few rows, of which there are many.

    The schema of arrow, with the meanings of the columns, and dictionaries of numbers would be three quarters of it and
    of the time that it takes.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  an extra

    texts = [column.name for column in table.columns if column.kind == "text"]
    data, out = _arrow_table(table, {}), io.BytesIO()
    with pq.ParquetWriter(out, data.schema, compression="snappy", use_dictionary=texts, store_schema=False) as writer:
        writer.write_table(data)
        writer.add_key_value_metadata(data.schema.metadata)
    return out.getvalue()


def _arrow_table(table: DataTable, about: dict[str, Any]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    fields = _fields(tuple((column.name, column.kind, column.meaning) for column in table.columns))
    metadata = {METADATA_KEY: json.dumps({"table": table.name, **about}).encode()}
    arrays = [pa.array(_values(column), field.type) for column, field in zip(table.columns, fields, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata))


@cache
def _fields(columns: tuple[tuple[str, Kind, str], ...]) -> list[pa.Field]:
    """Of name, kind and meaning of each column; they are the same for all tables of a kind."""
    import pyarrow as pa  # noqa: PLC0415

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "integers": pa.list_(pa.int64())}
    return [pa.field(name, types[kind], metadata={b"meaning": meaning.encode()}) for name, kind, meaning in columns]


def _values(column: DataColumn) -> list[Any]:
    return [plain_text(value) for value in column.values] if column.kind == "text" else list(column.values)
