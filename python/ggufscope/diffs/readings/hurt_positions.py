"""The end of a reading: how far the distributions of the next token are apart, and where most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...text.escape import escape
from ..run_record import HurtPosition, OutputDivergence, SequenceDivergence

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...runtime.reading.readings import Reading
    from .distributions import Distributions

MOST_POSITIONS = 20  # in a record
_TOKENS_BEFORE = 12  # that are shown


def divergence_of(distributions: Distributions, is_first: npt.NDArray[np.bool_]) -> OutputDivergence:
    """The figures over all positions."""
    divergence = distributions.divergence
    counted = divergence[~is_first]
    surprise = distributions.surprise[:, ~is_first]
    followed = surprise[:, ~np.isnan(surprise).any(axis=0)]
    same = (distributions.top[0] == distributions.top[1])[~is_first]
    return OutputDivergence(
        n_positions=len(counted),
        kl_mean=_finite(counted.mean()),
        kl_median=_finite(np.median(counted)),
        kl_99=_finite(np.quantile(counted, 0.99)),
        kl_max=_finite(counted.max()),
        kl_first=_finite(divergence[is_first].mean()),
        same_top=_finite(same.mean()) if np.isfinite(counted).all() else None,
        reference_perplexity=_perplexity(followed[0]),
        model_perplexity=_perplexity(followed[1]),
    )


def worst_positions(
    distributions: Distributions, is_first: npt.NDArray[np.bool_], reading: Reading
) -> list[HurtPosition]:
    """The positions t ≥ 1 with the largest divergence above 0, the worst first."""
    divergence = np.where(is_first | ~np.isfinite(distributions.divergence), 0.0, distributions.divergence)
    order = np.argsort(-divergence, kind="stable")[:MOST_POSITIONS]
    firsts = np.flatnonzero(is_first)
    shares = distributions.top_share

    def position(row: int) -> HurtPosition:
        sequence = int(np.searchsorted(firsts, row, side="right")) - 1
        item, at = reading.items[sequence], row - int(firsts[sequence])
        return HurtPosition(
            sequence=escape(item.id),
            position=at,
            before=_text(reading, item.tokens[max(0, at + 1 - _TOKENS_BEFORE) : at + 1]),
            next=_text(reading, item.tokens[at + 1 : at + 2]) if at + 1 < len(item.tokens) else None,
            kl=float(divergence[row]),
            reference_top=_text(reading, distributions.top[0, row : row + 1]),
            reference_share=float(shares[0, row]),
            model_top=_text(reading, distributions.top[1, row : row + 1]),
            model_share=float(shares[1, row]),
        )

    return [position(int(row)) for row in order if divergence[row] > 0]


def divergence_by_sequence(distributions: Distributions, reading: Reading) -> list[SequenceDivergence]:
    """The divergence behind every token, sequence by sequence."""
    ends = np.cumsum([len(item.tokens) for item in reading.items])
    parts = np.split(distributions.divergence, ends[:-1])
    return [
        SequenceDivergence(escape(item.id), [_finite(value) for value in part])
        for item, part in zip(reading.items, parts, strict=True)
    ]


def _text(reading: Reading, tokens: npt.NDArray[np.integer]) -> str:
    if reading.tokenizer is None:
        return " ".join(map(str, tokens.tolist()))
    return escape(reading.tokenizer.decode(tokens.tolist(), special=True))


def _perplexity(surprise: Floats) -> float | None:
    with np.errstate(over="ignore"):
        return _finite(np.exp(surprise.mean())) if len(surprise) else None


def _finite(value: np.floating) -> float | None:
    return float(value) if np.isfinite(value) else None
