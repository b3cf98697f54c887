"""Figures of each prompt, for the fit. They stand in for the components of the index, which no prompt changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.presets.probe import ANALOGUES
from .measured import by_layer

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.floats import Floats
    from ..runtime.trace_document import PromptTrace
    from ..runtime.trace_result import Trace

    Flags = npt.NDArray[np.bool_]

_SMALLEST_SPREAD = 1e-6  # std relative to the largest magnitude: below is the rounding of the saved figures

NOT_MEASURED = "not measured in any scored prompt"
NO_VARIANCE = "the same in every prompt"


@dataclass(frozen=True, eq=False)
class Scored:
    """The scored prompts whose features are defined.

    Attributes:
        ids, categories: of each, (n,).
        wrong: whether the answer is, (n,).
        values: features as measured, (n, k), in the order of ANALOGUES; NaN throughout for one that is not measured.
        standardized: those of `varying`, mean 0 and standard deviation 1 over these prompts, (n, len(varying)).
        varying: numbers of the features that differ between prompts.
        kept: feature → why it keeps its default weight.
        n_unscored: prompts without a verdict.
        unscored: why → how many of these.
        n_incomplete: scored, but with a feature undefined.
    """

    ids: list[str]
    categories: list[str]
    wrong: Flags
    values: Floats
    standardized: Floats
    varying: list[int]
    kept: dict[str, str]
    n_unscored: int
    unscored: dict[str, int]
    n_incomplete: int

    @property
    def n_correct(self) -> int:
        return int((~self.wrong).sum())

    @property
    def n_wrong(self) -> int:
        return int(self.wrong.sum())


def read_features(trace: Trace) -> Scored:
    """The features of every scored prompt: each figure averaged over the heads, then over the layers that have it."""
    prompts = trace.document.prompts
    scored = np.array([_is_scored(prompt) for prompt in prompts], np.bool_)
    table = np.array([_over_layers(by_layer(trace, figure)) for figure in ANALOGUES.values()]).T
    measured = np.isfinite(table[scored]).any(axis=0)
    complete = scored & np.isfinite(table[:, measured]).all(axis=1)
    values = table[complete]
    varying = [feature for feature in range(len(ANALOGUES)) if measured[feature] and _varies(values[:, feature])]
    usable = [prompt for prompt, is_complete in zip(prompts, complete, strict=True) if is_complete]
    return Scored(
        ids=[prompt.id for prompt in usable],
        categories=[prompt.category or "" for prompt in usable],
        wrong=np.array([prompt.score is not None and prompt.score.verdict == "wrong" for prompt in usable], np.bool_),
        values=values,
        standardized=_standardized(values[:, varying]),
        varying=varying,
        kept={
            name: NO_VARIANCE if measured[feature] else NOT_MEASURED
            for feature, name in enumerate(ANALOGUES)
            if feature not in varying
        },
        n_unscored=int((~scored).sum()),
        unscored=dict(Counter(prompt.score.why for prompt in prompts if prompt.score and prompt.score.why)),
        n_incomplete=int((scored & ~complete).sum()),
    )


def _is_scored(prompt: PromptTrace) -> bool:
    return prompt.score is not None and prompt.score.verdict in {"correct", "wrong"}


def _over_layers(table: Floats) -> Floats:
    """(prompts, L) → mean over the layers that have the figure in any prompt; NaN where one of those is undefined."""
    there = np.isfinite(table).any(axis=0)
    if not there.any():
        return np.full(len(table), np.nan)
    mean: Floats = table[:, there].mean(axis=1)
    return mean


def _varies(values: Floats) -> bool:
    return values.size > 1 and float(values.std()) > _SMALLEST_SPREAD * float(np.abs(values).max())


def _standardized(values: Floats) -> Floats:
    """Values with mean 0 and std 1; answers do not enter, so that this may come before a category is left out."""
    if values.size == 0:
        return values
    standardized: Floats = (values - values.mean(axis=0)) / values.std(axis=0)
    return standardized
