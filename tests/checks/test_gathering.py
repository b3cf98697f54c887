"""What a check keeps of the pass: what rules ask for, in as little room as it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import ggufscope as gs
from ggufscope.checks.gathering import gather
from support.planted import healthy


def test_of_the_norms_is_kept_what_rules_ask_for(tmp_path: Path) -> None:
    model = healthy("Q4_0")
    model.put("blk.2.attn_q.weight", _with_zero_rows(model.blocks("blk.2.attn_q.weight"), [0, 9, 255]))
    path = model.write(tmp_path)
    profile = gs.profile(path)
    with gs.open(path) as opened:
        for each in gather(opened, 1):
            row = profile.tensors[each.tensor.name]
            vectors = {"row_l2": row["row_l2"], "column_l2": row["column_l2"]}
            assert {"histogram", "quantiles", *vectors} & set(each.statistics) == set()
            assert each.norms.n_rows == len(vectors["row_l2"])
            assert each.norms.zero_rows.tolist() == np.flatnonzero(vectors["row_l2"] == 0).tolist()
            for largest, norms in zip((each.norms.row, each.norms.column), vectors.values(), strict=True):
                if len(norms) < 8:
                    assert largest is None
                    continue
                deviation = np.median(np.abs(norms - np.median(norms)))
                assert largest == (norms.argmax(), norms.max(), np.median(norms), deviation)
            kept = each.norms.rows
            assert (kept is not None) == (each.tensor.name == "token_embd.weight")
            if kept is not None:
                np.testing.assert_array_equal(kept, vectors["row_l2"])


def _with_zero_rows(blocks: Any, rows: list[int]) -> Any:
    by_row = blocks.reshape(256, -1)
    by_row[rows] = 0
    return by_row
