"""The layout of saved spectra, schema `ggufscope.spectra/1`: plain values, None where something is undefined.

These classes are the schema: SPECTRA_FORM checks a file against them, field by field.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SpectraError
from ..models.subject import Subject  # noqa: TC001  as below
from ..saving.form import SavedForm
from .matrix_record import MatrixSpectrum  # noqa: TC001  pydantic resolves the annotations

SCHEMA = "ggufscope.spectra/1"
DIGITS = 9  # significant digits of every number: BLAS vouches for the same ones with any number of threads


@dataclass(frozen=True)
class HeadSpectrum:
    """The singular values of the product of two matrices of one query head, with the key and value head it reads.

    `"qk"` is W_qᵀ W_k, which scores the tokens (at distance 0, where there are rotary positions), `"vo"` W_o W_v, which
    is what the head writes of what it reads. Weights are as stored: without gains of norms, biases and the scaling of
    scores. A product has as many singular values as a head is long.

    Attributes:
        layer: number of the layer.
        stack: as of a matrix.
        product: `"qk"` or `"vo"`.
        head: number of the query head.
        key_value_head: number of the key and value head that it reads.
        length: rows of the head, the number of singular values.
        frobenius_norm: ‖AB‖ of the product.
        sigma_max: σ_1 of the product.
        stable_rank: ‖AB‖² / σ_1².
        effective_rank: exp(−Σ p ln p) of the shares p of energy.
        alignment: σ_1(AB) / (σ_1(A) σ_1(B)), 0 to 1: 1 where the strongest directions of both factors meet.
        overlap: ‖AB‖ / (‖A‖ ‖B‖), 0 to 1: the same over all directions, a cosine of both Gram matrices' roots.
        reason: why there are no numbers; None where there are.
    """

    layer: int
    stack: str | None
    product: str
    head: int
    key_value_head: int
    length: int
    frobenius_norm: float | None = None
    sigma_max: float | None = None
    stable_rank: float | None = None
    effective_rank: float | None = None
    alignment: float | None = None
    overlap: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class SpectraSettings:
    """Settings that the numbers of spectra depend on beside the model.

    Attributes:
        all: embeddings, output and other matrices outside the layers are there, too.
        stored: of the blocks as they are, without the factors beside matrices.
        longest_exact: short side of a matrix, in weights, beyond which its numbers are estimated.
        draws: spectra drawn to test each power law, at most.
        significance: p-value from which on a power law is accepted.
        seed: of all draws.
    """

    all: bool
    stored: bool
    longest_exact: int
    draws: int
    significance: float
    seed: int


@dataclass(frozen=True)
class SpectraRun:
    """Time, threads and version: the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
        threads: that were used at most.
    """

    version: str
    started: str
    seconds: float
    threads: int


@dataclass(frozen=True)
class SpectraDocument:
    """The whole file.

    Attributes:
        schema: name and version of this layout.
        model: whose matrices they are of.
        settings: that the numbers depend on beside the model.
        matrices: in the order of the file, experts and parts of a tensor in theirs.
        heads: by layer, product and head; empty where no layer has both matrices of a product.
        coverage: weights in matrices with numbers / weights in the file.
        notes: what was left out, and why.
        run: None where it was left out.
    """

    schema: str
    model: Subject
    settings: SpectraSettings
    matrices: list[MatrixSpectrum]
    heads: list[HeadSpectrum]
    coverage: float | None
    notes: list[str]
    run: SpectraRun | None = None


SPECTRA_FORM: SavedForm[SpectraDocument] = SavedForm(
    kind="saved spectra",
    noun="spectra",
    schema=SCHEMA,
    types=lambda: SpectraDocument,
    error=SpectraError,
    digits=DIGITS,
    optional=("run",),
)
