"""Tables against the results they come from: as columns, CSV and Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import re

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.arrays.fields import registry
from ggufscope.report.content.results import ReportData
from ggufscope.report.tables.csv_text import csv_text, harmless
from ggufscope.report.tables.registry import tables
from support.report_models import HOSTILE, MODELS, analysis_alone, decoder, profile_alone, results


def columns_of(data):
    return {table.name: {column.name: column.values for column in table.columns} for table in tables(data)}


@pytest.fixture(params=MODELS)
def data(request, write_gguf):
    return results(request.param, write_gguf)


def test_tables_have_even_columns_of_plain_values(data):
    kinds = {"text": str, "integer": int, "number": (int, float), "integers": (tuple, list)}
    for table in tables(data):
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        for column in table.columns:
            assert len(column.values) == table.n_rows > 0
            assert all(value is None or isinstance(value, kinds[column.kind]) for value in column.values)
            assert not any(isinstance(value, float) and not math.isfinite(value) for value in column.values)


def test_tensors_are_those_of_the_profile(write_gguf):
    data = results("usual", write_gguf)
    found = columns_of(data)["tensors"]
    assert found["name"] == list(data.profile.tensors)
    for name, row in data.profile.tensors.items():
        at = found["name"].index(name)
        assert found["kurtosis"][at] == row.kurtosis
        assert tuple(found["shape"][at]) == row.shape
        assert found["quantile_50"][at] == row["quantiles"][4]
        assert found["row_l2_median"][at] == row["row_l2_median"]


def test_columns_do_not_hang_on_the_model(write_gguf):
    usual, odd = (columns_of(results(name, write_gguf)) for name in ("usual", "one tensor"))
    assert list(usual["tensors"]) == list(odd["tensors"])
    fields = [field["name"] for field in registry() if field["kind"] not in {"histogram", "quantiles", "vector"}]
    assert set(fields) < set(odd["tensors"])
    assert set(odd) == {"tensors"}  # no layers, no heads


def test_layers_join_profile_and_analysis(write_gguf):
    data = results("usual", write_gguf)
    found = columns_of(data)["layers"]
    assert found["layer"] == list(range(8))
    assert found["rms"] == [row.matrices.rms for row in data.profile.layers.values()]
    assert found["vectors_rms"] == [row.vectors.rms for row in data.profile.layers.values()]
    assert found["n_tensors"] == [row.matrices.n_tensors for row in data.profile.layers.values()]
    assert found["heuristic_risk"] == pytest.approx(data.analysis.layers["risk"].tolist(), rel=1e-9)
    assert found["heuristic_rank_low"] == data.analysis.layers["rank_low"].tolist()
    assert found["propagation_risk"] == pytest.approx(data.analysis.presets["propagation"]["risk"].tolist(), rel=1e-9)
    assert found["type_attn_v"] == ["Q4_0", "Q8_0"] * 4


def test_an_analysis_alone_has_layers_and_query_heads(write_gguf):
    found = columns_of(analysis_alone("usual", write_gguf))
    assert set(found) == {"layers", "heads"}
    assert found["layers"]["layer"] == list(range(8))
    assert set(found["heads"]["role"]) == {"attn_q"}
    assert "rms" not in found["layers"]


def test_a_profile_alone_has_no_risk(write_gguf):
    found = columns_of(profile_alone("usual", write_gguf))
    assert not any("risk" in name for name in found["layers"])


def test_heads_are_those_of_profile_and_analysis(write_gguf):
    data = results("usual", write_gguf)
    found = columns_of(data)["heads"]
    places = list(zip(found["layer"], found["role"], found["head"], strict=True))
    assert places == sorted(set(places))
    at = places.index((3, "attn_q", 1))
    assert found["l2_norm"][at] == pytest.approx(data.profile.heads["attn_q"].l2_norm[3, 1], rel=1e-11)
    entropies = data.analysis.document.other_presets[0].per_head["head_entropy"]
    assert found["propagation_head_entropy"][at] == entropies[3][1]
    assert found["propagation_head_entropy"][places.index((3, "attn_k", 0))] is None


def test_a_second_stack_gets_no_index_of_the_first(write_gguf):
    model = decoder(6)
    model["tensors"] |= {f"enc.blk.{i}.attn_q.weight": np.ones((4, 32), np.float32) for i in range(2)}
    found = columns_of(ReportData.of(gs.analyze(write_gguf(**model))))["layers"]
    risks = dict(zip(zip(found["stack"], found["layer"], strict=True), found["heuristic_risk"], strict=True))
    assert risks["enc", 0] is None
    assert risks[None, 0] is not None


def read_csv(text):
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_csv_reads_back_to_the_same_numbers(data):
    for table in tables(data):
        rows = read_csv(csv_text(table.names, table.rows()))
        assert len(rows) == table.n_rows
        for column in table.columns:
            for row, value in zip(rows, column.values, strict=True):
                if column.kind in {"integer", "number"}:
                    assert row[column.name] == ("" if value is None else repr(value))


def test_csv_is_as_the_standard_says(data):
    for table in tables(data):
        text = csv_text(table.names, table.rows())
        assert text == csv_text(table.names, table.rows())
        lines = text.split("\r\n")
        assert lines[-1] == ""
        assert len(lines) == table.n_rows + 2  # no line break inside a cell: names have none left
        assert "\n" not in text.replace("\r\n", "")
        assert all(character.isprintable() for line in lines for character in line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", r"\t=1"),  # the tab is an escape, and text
        (" =1", " '=1"),
        ("\uff1d1", "'\uff1d1"),
        ('a;=cmd|"/c calc"!A1', 'a;\'=cmd|"/c calc"!A1'),
        ('",=1', "\",'=1"),
        ("blk.0.attn_q.weight", "blk.0.attn_q.weight"),
        ("a-b", "a-b"),
        ("\x1b[2J\u202e", r"\x1b[2J\u202e"),
    ],
)
def test_no_text_becomes_a_formula(text, expected):
    assert harmless(text) == expected


def test_negative_numbers_stay_numbers():
    assert csv_text(["x"], [(-1.5,), (-2,)]) == "x\r\n-1.5\r\n-2\r\n"


def test_formulas_of_a_file_are_text_in_its_table(write_gguf):
    weights = np.ones((4, 32), np.float32)
    path = write_gguf({'=HYPERLINK("http://x";1)': weights, "-1": weights, HOSTILE: weights})
    (table,) = tables(ReportData.of(gs.profile(path)))
    names = [row["name"] for row in read_csv(csv_text(table.names, table.rows()))]
    assert names[:2] == ['\'=HYPERLINK("http://x";1)', "'-1"]
    assert r"\x1b[2J\u202e" in names[2]
    assert all(not re.match(r"[=+\-@]", name) for name in names)


def test_parquet_keeps_types_nulls_and_what_it_is_about(data):
    pq = pytest.importorskip("pyarrow.parquet", reason="Parquet needs the extra parquet")
    from ggufscope.report.tables.parquet import parquet_bytes  # noqa: PLC0415

    types = {"text": "string", "integer": "int64", "number": "double", "integers": "list<element: int64>"}
    for table in tables(data):
        content = parquet_bytes(table, {"version": "1", "model": {"title": data.title}})
        found = pq.read_table(io.BytesIO(content))
        about = json.loads(found.schema.metadata[b"ggufscope"])
        assert about == {"table": table.name, "version": "1", "model": {"title": data.title}}
        for column in table.columns:
            field = found.schema.field(column.name)
            assert str(field.type).replace("item", "element") == types[column.kind]
            assert field.metadata[b"meaning"].decode() == column.meaning
            values = found[column.name].to_pylist()
            assert values == [list(v) if isinstance(v, tuple) else v for v in column.values]
