"""The rows of the embedding as an analysis saves them: how long they are, and how they lie to their mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Distribution:
    """Counts of values between edges, the last of which belongs to its bin.

    Attributes:
        edges: of the bins, one more than there are.
        counts: of values in each.
        median: of the values.
    """

    edges: list[float]
    counts: list[int]
    median: float


@dataclass(frozen=True)
class EmbeddingRecord:
    """The rows of token_embd.

    Attributes:
        n_rows: their number, one for each token.
        width: numbers of each.
        n_zero: rows of zeros.
        n_not_finite: rows with a NaN or an infinity; they are in nothing below.
        n_alike: rows that share one direction, each with a cosine of 0.99 or more, as those of unused tokens do.
        n_identical: rows that some other row equals bit for bit, rows of zeros left out.
        common_share: ‖mean row‖ / mean ‖row‖.
        norms: of the rows that are not zero; None without any.
        cosines: of those with the mean row; None where that is zero.
    """

    n_rows: int
    width: int
    n_zero: int
    n_not_finite: int
    n_alike: int
    n_identical: int
    common_share: float | None
    norms: Distribution | None
    cosines: Distribution | None


def malformed_embedding(record: EmbeddingRecord | None) -> str | None:
    """What is wrong with a saved record, as the error of a malformed file says it; None where nothing is."""
    for name in ("norms", "cosines") if record is not None else ():
        distribution: Distribution | None = getattr(record, name)
        if distribution is not None and len(distribution.edges) != len(distribution.counts) + 1:
            return f"embedding.{name}: {len(distribution.edges)} edges of {len(distribution.counts)} bins"
    return None
