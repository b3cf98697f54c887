"""The measured damages that are kept in `tests/golden/damage`, and how predictions compare with them.

`tools/make_damage_tables.py` wrote them: for each real model, type and text the KL divergence of next tokens, in nats,
that llama.cpp measured with one matrix in this type and all others exact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from scipy.stats import spearmanr

DIRECTORY = Path(__file__).resolve().parents[1] / "golden" / "damage"
# Text → tokens of it that are read.
N_TOKENS = {"dialogue": 192, "story": 128, "facts": 128, "more facts": 192}
TEXTS = ("dialogue", "story", "facts")  # whose mean is the damage; a token of more facts is on the brink, docs/costs.md
N_TOP = 10
AT_ONCE = "layers"  # in place of a name: all matrices of the layers

_NOTHING = 1e-12  # nats: what rounding leaves of matrices that a file has in the type already

Damage = dict[str, float]  # name of a matrix → nats


def texts() -> dict[str, str]:
    """The texts, by name."""
    story, facts, program, dialogue = (DIRECTORY / "texts.txt").read_text(encoding="utf-8").split("\n\n")
    return {"dialogue": f"{program}\n\n{dialogue}", "story": story, "facts": facts, "more facts": facts}


def damages(model: str, type_name: str, text: str) -> Damage:
    """As measured on one text, of single matrices that the type changes; empty where nothing was measured."""
    path = DIRECTORY / f"{model}.json"
    tables: dict[str, dict[str, Damage]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    table = tables.get(type_name, {}).get(text, {})
    return {name: value for name, value in table.items() if name != AT_ONCE and abs(value) > _NOTHING}


def damage_at_once(model: str, type_name: str) -> float:
    """Of all matrices of the layers in this type, the mean over the texts; NaN where it was not measured."""
    tables = json.loads((DIRECTORY / f"{model}.json").read_text(encoding="utf-8"))
    return float(np.mean([tables[type_name][text].get(AT_ONCE, np.nan) for text in texts_read(model, type_name)]))


def texts_read(model: str, type_name: str) -> list[str]:
    """The texts on which a type was measured."""
    return [text for text in TEXTS if damages(model, type_name, text)]


def mean_damages(model: str, type_name: str) -> Damage:
    """The mean over these texts, of every matrix that was measured on all of them; empty without any."""
    by_text = [damages(model, type_name, text) for text in texts_read(model, type_name)]
    names = [name for name in by_text[0] if all(name in each for each in by_text)] if by_text else []
    return {name: sum(each[name] for each in by_text) / len(by_text) for name in names}


def in_layers(damage: Mapping[str, float]) -> Damage:
    """Of the matrices of layers alone, without embedding and output."""
    return {name: value for name, value in damage.items() if name.startswith("blk.")}


def role_of(name: str) -> str:
    """Such as `"ffn_down"`."""
    return name.split(".")[2]


def role_means(damage: Mapping[str, float], of: Mapping[str, float]) -> Damage:
    """For each matrix of one table the mean of its role in another."""
    by_role: dict[str, list[float]] = {}
    for name, value in of.items():
        by_role.setdefault(role_of(name), []).append(value)
    return {name: float(np.mean(by_role[role_of(name)])) for name in damage}


@dataclass(frozen=True)
class Comparison:
    """A prediction beside what was measured.

    Attributes:
        n: matrices.
        order: Spearman's correlation.
        top_overlap: of the ten largest, how many are among the ten that were predicted largest.
        top_share: the damage in the tenth of matrices that was predicted largest, over that in the largest tenth.
        spread: standard deviation of ln(predicted / measured).
        total: sum of predictions over the sum of what was measured.
    """

    n: int
    order: float
    top_overlap: int
    top_share: float
    spread: float
    total: float

    @classmethod
    def of(cls, predicted: Mapping[str, float], measured: Mapping[str, float]) -> Self:
        true = np.array(list(measured.values()))
        guess = np.array([predicted[name] for name in measured])
        largest = [set(np.argsort(-values)[:N_TOP]) for values in (guess, true)]
        n_tenth = max(1, round(len(guess) / 10))
        largest_tenth, tenth = (true[np.argsort(-values)[:n_tenth]].sum() for values in (true, guess))
        with np.errstate(all="ignore"):
            spread = float(np.std(np.log(guess / true)))
        return cls(
            len(true),
            float(spearmanr(guess, true).statistic),
            len(largest[0] & largest[1]),
            float(tenth / largest_tenth),
            spread,
            float(guess.sum() / true.sum()),
        )
