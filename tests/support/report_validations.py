"""Validations that reports have to cope with, beside the analysis of a small synthetic model; made once and kept.

    validation("fitted")  → Validation        data("fitted")  → ReportData, with the analysis and its profile

Their traces are made up (runtime/comparisons.py): seeds choose the numbers.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import ggufscope as gs
from ggufscope.analysis.presets.probe import ANALOGUES
from ggufscope.report.content.results import ReportData
from ggufscope.synth import make_plan, write_plan
from support.comparisons import N_HEADS, N_LAYERS, make_analysis, make_trace

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J\u202e'\"];x\\|`=cmd()"
KINDS = ("fitted", "without answers", "three prompts", "odd", "hostile")


@cache
def analysis():
    """Of the synthetic shape `tiny`, claiming to be of the model that the traces are of."""
    with TemporaryDirectory() as directory:
        write_plan(make_plan("tiny"), Path(directory) / "tiny.gguf")
        return make_analysis(gs.analyze(Path(directory) / "tiny.gguf", threads=2))


def answered(n=60, seed=0):
    """A trace of n prompts in four categories; a high ratio of FFN to attention makes wrong answers likely."""
    rng = np.random.default_rng(seed)
    table = rng.uniform(0.2, 0.8, (n, len(ANALOGUES)))
    wrong = rng.random(n) < 1 / (1 + np.exp(-12 * (table[:, 1] - 0.5)))
    depth = np.linspace(0.9, 1.1, N_LAYERS)
    layers = {
        figure: table[:, [place]] * depth
        for place, figure in enumerate(ANALOGUES.values())
        if figure != "entropy_share"
    }
    heads = {"entropy_share": np.repeat((table[:, [0]] * depth)[:, :, None], N_HEADS, axis=2)}
    names = ["a", "b", "c", "d"] * (n // 4)
    return make_trace(layers, heads, ["wrong" if each else "correct" for each in wrong], categories=names, n_prompts=n)


def odd():
    """Figures that are undefined here and there, everywhere, or 0."""
    rng = np.random.default_rng(5)
    gaps = rng.uniform(0.5, 1.5, (6, N_LAYERS))
    gaps[:, 3] = np.nan
    return make_trace(
        {
            "ffn_attention_ratio": gaps,
            "v_near_zero_share": np.full((6, N_LAYERS), np.nan),
            "residual_rms": np.zeros((6, N_LAYERS)),
            "q_rms": np.ones((6, N_LAYERS)),
        }
    )


@cache
def validation(kind):
    """A validation of KINDS."""
    if kind == "hostile":
        return hostile(validation("fitted"))
    trace = {
        "fitted": answered,
        "without answers": make_trace,
        "three prompts": lambda: make_trace(n_prompts=3),
        "odd": odd,
    }[kind]()
    probe = make_trace(source="probe", n_prompts=1, seed=3) if kind != "odd" else None
    return gs.validate(analysis(), trace, probe=probe)


def hostile(found):
    """Every text of a validation that no number hangs on replaced by one that would like to be code."""
    plain = json.loads(found.to_json())
    for text in ("title", "file", "name", "architecture", "file_type"):
        plain["model"][text] = HOSTILE
    for text in ("source", "prompt_set", "template", "engine", "engine_version"):
        plain["trace"][text] = HOSTILE
    plain |= {"statement": HOSTILE, "findings": [HOSTILE], "notes": [HOSTILE], "warnings": [HOSTILE]}
    for quantity in plain["quantities"]:
        quantity.update(dict.fromkeys(("label", "definition", "combined", "unit"), HOSTILE))
        for predictor in quantity["predictors"]:
            predictor.update(dict.fromkeys(("formula", "verdict", "score"), HOSTILE))
            if predictor["size"]:
                predictor["size"]["verdict"] = HOSTILE
    fit = plain["fit"]
    fit["verdict"] = HOSTILE
    for entry in (*fit["scores"], *fit["folds"]):
        entry["category"] += HOSTILE
    for entry in fit["scores"]:
        entry["id"] += HOSTILE
    for entry in fit["features"]:
        entry.update(dict.fromkeys(("definition", "kept"), HOSTILE))
    return gs.Validation.from_json(json.dumps(plain))


def data(kind):
    """A validation beside its analysis and profile."""
    return replace(ReportData.of(analysis()), validation=validation(kind))


def alone(kind):
    """A validation without them."""
    return ReportData(None, None, "there is no profile", "there is no analysis", validation(kind))
