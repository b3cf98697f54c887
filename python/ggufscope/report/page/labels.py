"""Headers of tables on a page: names of fields as people write them, and how a first press on one sorts."""

from __future__ import annotations

from typing import Literal

# Field → header; what is not here is the field with spaces in place of underscores.
_LABELS = {
    "n_bytes": "size",
    "n_elements": "parameters",
    "n_tensors": "tensors",
    "n_tokens": "tokens",
    "abs_max": "largest |w|",
    "l2_norm": "norm",
    "sparsity": "near zero",
    "outlier_fraction_6": "beyond 6 σ",
    "code_entropy": "entropy of codes",
    "factor_min": "least factor",
    "factor_max": "largest factor",
    "nan_count": "NaN",
    "inf_count": "Inf",
    "beyond_float32_count": "beyond float32",
    "non_finite_count": "not finite",
    "probe_risk": "index, probe",
    "heuristic_risk": "index, study's formulas",
    "heuristic_risk_without_confounded": "index, without what types explain",
    "heuristic_level": "level",
    "propagation_risk": "index, propagation",
    "probe_head_entropy": "entropy of attention, probe",
    "propagation_head_entropy": "entropy of attention, predicted",
    "compared": "times the usual",
    "sentence": "finding",
    "per": "of each",
    "measured_low": "measured, low end",
    "measured_high": "measured, high end",
    "predicted_heuristic": "by the study's formulas",
    "predicted_propagation": "by propagation",
    "predicted_probe": "by the probe",
    "predicted_norms": "by norms",
    "predicted_depth": "by depth",
    "file_type": "declared type",
    "bits_per_weight": "bits per weight",
    "nmse": "NMSE",
    "weighted_nmse": "weighted NMSE",
    "sqnr_db": "SQNR (dB)",
    "error_share": "share of the error",
    "max_abs_error": "largest error",
    "n_identical": "identical tensors",
    "n_missing": "missing tensors",
    "n_extra": "more tensors",
    "n_reshaped": "other shapes",
    "n_metadata": "other metadata",
    "kl": "KL divergence",
    "kl_mean": "KL divergence, mean",
    "kl_99": "KL divergence, 99 %",
    "same_top": "same likeliest token",
    "drift_total": "drift in all",
    "drift_first": "drift, first token",
    "error_first": "error, first token",
    "attention": "attention moved",
    "least_cost": "least cost at that size",
    "sigma_max": "largest σ",
    "sigma_min": "smallest σ",
    "normalized_entropy": "entropy of energy",
    "energy_top_1": "energy of the top",
    "energy_top_8": "energy of the top 8",
    "energy_beyond_edge": "energy beyond the edge",
    "alpha": "α",
    "exponent": "exponent, accepted or not",
    "share_below": "below the floor of rounding",
}
_ASCENDING = frozenset({
    "layer", "head", "rank", "position", "positions", "sequence", "expert", "row", "column", "neuron", "token",
    "channel", "index", "stack", "part", "p", "offset",
})  # fmt: skip


def label_of(field: str) -> str:
    """The header of a column.

    >>> label_of("outlier_fraction_6"), label_of("model_kurtosis")
    ('beyond 6 σ', 'model kurtosis')
    """
    return _LABELS.get(field, field.replace("_", " "))


def first_order(label: str, *, numeric: bool) -> Literal["ascending", "descending"]:
    """How a first press sorts: large numbers first, but names, places and ranks from the beginning."""
    return "descending" if numeric and label not in _ASCENDING else "ascending"
