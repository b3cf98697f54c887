"""Tables as Parquet: typed columns, nulls, and what they are about in the metadata.

Needs pyarrow, the extra `parquet`.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from ...extras import need

if TYPE_CHECKING:
    import pyarrow as pa

    from .columns import DataColumn, DataTable

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

    fields = [_field(column) for column in table.columns]
    metadata = {METADATA_KEY: json.dumps({"table": table.name, **about}).encode()}
    arrays = [pa.array(_values(c), field.type) for c, field in zip(table.columns, fields, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata))


def _field(column: DataColumn) -> pa.Field:
    import pyarrow as pa  # noqa: PLC0415

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "integers": pa.list_(pa.int64())}
    return pa.field(column.name, types[column.kind], metadata={b"meaning": column.meaning.encode()})


def _values(column: DataColumn) -> list[Any]:
    """The values; a lone surrogate, which UTF-8 cannot hold, as an escape."""
    if column.kind != "text":
        return list(column.values)
    return [value and value.encode("utf-8", "backslashreplace").decode() for value in column.values]
