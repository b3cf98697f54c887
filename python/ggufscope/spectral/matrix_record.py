"""The record of one matrix in saved spectra: plain values, None where something is undefined.

W has m × n weights, σ_1 ≥ σ_2 ≥ … are its min(m, n) singular values, λ_i = σ_i² the eigenvalues of the Gram matrix of
its short side, and p_i = λ_i / Σ λ the shares of its energy. Singular values are in the unit of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

GRAM, LANCZOS = "gram", "lanczos"  # methods
ENERGY_RANKS = (1, 8, 64)  # of which the shares of energy are recorded


@dataclass(frozen=True)
class PowerLawFit:
    """A power law ρ(λ) ∝ λ^−α fitted to the largest eigenvalues by Clauset, Shalizi and Newman (2009).

    Attributes:
        alpha: the exponent; None where the fit is not accepted, and `reason` says why.
        alpha_low: lower end of its 95 % interval, `exponent − 1.96 · exponent_error`; None where `alpha` is.
        alpha_high: upper end of that interval; None where `alpha` is.
        exponent: maximum of the likelihood, accepted or not; for comparison with tools that do not test the fit. None
            where there was nothing to fit.
        exponent_error: standard error of the exponent, `(exponent − 1) / √n_tail`; None where `exponent` is.
        lambda_min: λ from which on the law is fitted, where the Kolmogorov–Smirnov distance is least; None likewise.
        n_tail: eigenvalues from there on; 0 where there was nothing to fit.
        ks_distance: largest distance between the distribution of those and the fitted one; None likewise.
        p_value: share of spectra drawn from the fit (semi-parametric bootstrap) whose own fit is at least as far off;
            None where none was drawn.
        n_draws: spectra that were drawn; fewer than `settings.draws` where the outcome was clear before.
        reason: why there is no `alpha`; None where there is.
    """

    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    exponent: float | None
    exponent_error: float | None
    lambda_min: float | None
    n_tail: int
    ks_distance: float | None
    p_value: float | None
    n_draws: int
    reason: str | None


@dataclass(frozen=True)
class QuantizerShare:
    """The share of a spectrum that rounding to the steps of a quantized type explains.

    Rounding is taken as noise without correlation; its variance per weight follows from the steps between the levels of
    each block.

    Attributes:
        noise_rms: root mean square of the rounding error of a weight, in the unit of weights.
        noise_sigma: the floor, a singular value that such noise hardly exceeds: √(largest sum of variances in a row) +
            √(largest in a column); with equal steps everywhere `noise_rms · (√n + √m)`.
        noise_energy: share of the energy of the matrix that the noise has, `m · n · noise_rms² / ‖W‖²`.
        n_above: singular values above the floor, the rank that is no noise.
        share_below: share of the singular values that do not exceed the floor.
        energy_below: share of the energy in those.
    """

    noise_rms: float
    noise_sigma: float
    noise_energy: float
    n_above: int
    share_below: float
    energy_below: float


@dataclass(frozen=True)
class MatrixSpectrum:
    """The spectrum of one matrix, of one expert of a stack, or of one part of a tensor that holds several matrices.

    Attributes:
        name: of the tensor.
        role: of the tensor, as `"attn_q"`; None for a name that says nothing.
        layer: number of its layer; None outside the layers.
        stack: of what belongs to a second stack, as `"enc"`; None for the main one.
        expert: number of the expert whose matrix it is; None where the tensor is not of experts.
        part: `"q"`, `"k"`, `"v"`, `"gate"` or `"up"` where the tensor holds several matrices on top of one another;
            else None.
        type: ggml's name of its type, as `"Q4_K"`.
        rows: m, outputs.
        columns: n, inputs.
        method: `"gram"`: all singular values, from the Gram matrix; `"lanczos"`: of a matrix too large for that, the
            ends by block Lanczos, sums over all by random probes; None where there are no numbers, and `reason` says
            why.
        reason: why there are no numbers, or why ranks and shares are missing; None otherwise.
        frobenius_norm: ‖W‖ = √Σ λ.
        sigma_max: σ_1, the spectral norm.
        sigma_min: the smallest singular value; where it is below `sigma_floor`, nothing but that is known of it.
        sigma_floor: singular values below are not told from 0 by the arithmetic of `method`, or by its steps.
        stable_rank: ‖W‖² / σ_1².
        effective_rank: exp(−Σ p ln p) (Roy and Vetterli 2007, of energies).
        normalized_entropy: −Σ p ln p / ln min(m, n), 0 to 1; None for a single row or column.
        participation_ratio: (Σ λ)² / Σ λ².
        numerical_rank: singular values above `rank_tolerance`; None by `"lanczos"`, as is that, unless all are 0.
        rank_tolerance: σ_1 · max(m, n) · 2⁻²³, as NumPy's `matrix_rank` of float32, or `sigma_floor` if that is larger.
        energy_top_1: share of the energy in the largest singular value, p_1.
        energy_top_8: share in the largest 8.
        energy_top_64: share in the largest 64.
        mp_variance: variance of a weight of the random matrix whose Marchenko–Pastur law the bulk is held against; 0
            where the median singular value is not above `sigma_floor`.
        mp_edge: upper edge of that law as a singular value, √mp_variance · (√m + √n).
        n_beyond_edge: singular values beyond the edge, and above `sigma_floor`.
        share_beyond_edge: the same as a share of all.
        energy_beyond_edge: share of the energy in those.
        power_law: of the eigenvalues; None where there are no eigenvalues; by `"lanczos"` nothing is fitted.
        quantizer: share of rounding; None for types of floats, and where there are no numbers.
        ranks: ranks i, from 1, at which `singular_values` holds σ_i: the first eight, then ever wider apart; by
            `"lanczos"` only those that are resolved.
        singular_values: σ at those ranks.
        errors: field → standard error of its estimate: the spread of probes, and bounds by residuals; the largest one
            of `singular_values`, and `"quantizer.n_above"` of what is in a record. Fields that are not there are exact.
            None where numbers are not estimated, as by `"gram"`.
    """

    name: str
    role: str | None
    layer: int | None
    stack: str | None
    expert: int | None
    part: str | None
    type: str
    rows: int
    columns: int
    method: str | None
    reason: str | None
    frobenius_norm: float | None = None
    sigma_max: float | None = None
    sigma_min: float | None = None
    sigma_floor: float | None = None
    stable_rank: float | None = None
    effective_rank: float | None = None
    normalized_entropy: float | None = None
    participation_ratio: float | None = None
    numerical_rank: int | None = None
    rank_tolerance: float | None = None
    energy_top_1: float | None = None
    energy_top_8: float | None = None
    energy_top_64: float | None = None
    mp_variance: float | None = None
    mp_edge: float | None = None
    n_beyond_edge: int | None = None
    share_beyond_edge: float | None = None
    energy_beyond_edge: float | None = None
    power_law: PowerLawFit | None = None
    quantizer: QuantizerShare | None = None
    ranks: list[int] | None = None
    singular_values: list[float] | None = None
    errors: dict[str, float] | None = None
