"""Fields of a profile, and of a pair of tensors."""

from __future__ import annotations

from typing import Any

from ggufscope import _core
from ggufscope.arrays.fields import QUANTILE_PERCENTS, VECTOR_SUMMARIES

from .markdown import code, page, paragraph, table

KINDS = {
    "count": "an integer from 0 on",
    "index": "a list of integers: a place in the tensor",
    "number": "a number; `null` where it is undefined",
    "share": "a number from 0 to 1",
    "quantiles": f"a list of numbers, of {', '.join(QUANTILE_PERCENTS)} %",
    "histogram": "text that holds bins and counts; `TensorStatistics` gives them as arrays",
    "vector": f"an array in Python; saved as `…_{'`, `…_'.join(VECTOR_SUMMARIES)}`",
}


def render() -> str:
    return page(
        "Fields of a profile",
        paragraph(
            "Every statistic of a tensor, as `ggufscope profile --json`, saved profiles,"
            " `Tensor.statistics()` and `gs.summarize` name it. [What every number is](../metrics.md) says"
            " how accurate each is. In the columns: `fast` tells which are there with `--fast`, `heads`"
            " which attention heads have by themselves, `roll-ups` which layers, roles and the whole model"
            " have."
        ),
        table(
            ("field", "kind", "definition", "fast", "heads", "roll-ups"),
            ((*_cells(field), _yes(field["fast"]), _yes(field["per_head"]), _yes(field["roll_up"]))
             for field in _core.fields()),
        ),
        "## Kinds",
        table(("kind", "what it is"), ((kind, KINDS[kind]) for kind in _kinds())),
        "## Fields of a pair",
        "What a diff measures of a weight a of the reference and a weight b of the model.",
        table(
            ("field", "kind", "definition", "roll-ups"),
            ((*_cells(field), _yes(field["roll_up"])) for field in _core.pair_fields()),
        ),
    )  # fmt: skip


def _cells(field: Any) -> tuple[str, str, str]:
    return code(field["name"]), field["kind"], field["meaning"]


def _kinds() -> list[str]:
    return list(dict.fromkeys(field["kind"] for field in (*_core.fields(), *_core.pair_fields())))


def _yes(holds: bool) -> str:
    return "yes" if holds else ""
