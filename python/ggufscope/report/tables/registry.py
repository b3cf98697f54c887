"""The registry of tables: columns of plain values, for data frames, for CSV and Parquet, and on the page.

A table is a function from the results to columns, and a line in TABLES. Nothing is computed: every value is in the
JSON. The columns of statistics are those of the core's registry, the same for every model; what does not apply to a
row, or is undefined, is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...saving.tables import DataTable
from .bits_columns import choice_columns, mix_columns
from .diff_columns import error_columns, model_columns
from .profile_diff_columns import change_columns
from .profile_tables import head_table, layer_table, tensor_table
from .run_columns import drift_columns, output_error_columns, output_error_part_columns, position_columns
from .shelf_columns import role_table, shelf_table
from .spectra_columns import head_spectrum_columns, matrix_spectrum_columns
from .standout_columns import standout_table
from .trace_columns import prompt_columns, traced_head_columns, traced_layer_columns
from .validation_columns import validation_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...saving.tables import DataColumn
    from ..content.results import ReportData


@dataclass(frozen=True)
class TableKind:
    """A table of reports.

    Attributes:
        title: for readers.
        columns: all columns, of some results; none where they have no such rows.
        shown: names of the columns that a page shows, separated by spaces; files have all.
    """

    title: str
    columns: Callable[[ReportData], list[DataColumn]]
    shown: str


TABLES = {
    "tensors": TableKind(
        "Tensors",
        tensor_table,
        "name type shape n_bytes rms abs_max kurtosis sparsity outlier_fraction_6 code_entropy sigma_max stable_rank"
        " effective_rank alpha factor_min factor_max nan_count inf_count beyond_float32_count",
    ),
    "layers": TableKind(
        "Layers",
        layer_table,
        "stack layer n_elements n_bytes rms kurtosis sparsity outlier_fraction_6 probe_risk heuristic_risk"
        " heuristic_risk_without_confounded heuristic_level propagation_risk",
    ),
    "heads": TableKind(
        "Attention heads",
        head_table,
        "layer role head rms l2_norm kurtosis sparsity probe_head_entropy propagation_head_entropy",
    ),
    "standouts": TableKind("What stands out", standout_table, "kind layer head value compared sentence"),
    "validation": TableKind(
        "Predicted and measured",
        validation_columns,
        "quantity per layer head measured measured_low measured_high predicted_heuristic predicted_propagation"
        " predicted_probe predicted_norms predicted_depth",
    ),
    "spectra": TableKind(
        "Singular values",
        matrix_spectrum_columns,
        "name expert part type sigma_max sigma_min stable_rank effective_rank normalized_entropy energy_top_1"
        " energy_top_8 energy_beyond_edge alpha exponent share_below",
    ),
    "head_spectra": TableKind(
        "Products of heads",
        head_spectrum_columns,
        "layer product head sigma_max stable_rank effective_rank alignment overlap",
    ),
    "prompts": TableKind("Prompts and answers", prompt_columns, "id category n_tokens n_answered verdict reason"),
    "traced_layers": TableKind(
        "Layers while the model reads",
        traced_layer_columns,
        "layer entropy_share first_token_share residual_rms residual_peak residual_peak_first gated_top_energy_share"
        " ffn_attention_ratio",
    ),
    "traced_heads": TableKind(
        "Heads while the model reads",
        traced_head_columns,
        "layer head entropy_share first_token_share previous_token_share own_token_share repeat_share",
    ),
    "models": TableKind(
        "Models",
        model_columns,
        "model file_type n_bytes bits_per_weight nmse sqnr_db cosine max_abs_error unchanged n_identical n_missing"
        " n_extra n_reshaped n_metadata kl_mean kl_99 same_top reference_perplexity model_perplexity",
    ),
    "errors": TableKind(
        "Errors of tensors",
        error_columns,
        "model name reference_type model_type nmse sqnr_db error_share cosine rescale max_abs_error unchanged"
        " changed_rows weighted_nmse non_finite_count views",
    ),
    "drifts": TableKind(
        "Drift of layers",
        drift_columns,
        "model layer drift drift_total drift_first cosine attention same_experts",
    ),
    "output_errors": TableKind(
        "Output errors of matrices",
        output_error_columns,
        "model name part role layer reference_type model_type n_tokens error error_first",
    ),
    "output_error_parts": TableKind(
        "Output errors of heads and experts",
        output_error_part_columns,
        "model name part kind index n_tokens error",
    ),
    "positions": TableKind("Divergence behind every token", position_columns, "model sequence position kl"),
    "changes": TableKind(
        "Changes of statistics",
        change_columns,
        "name reference_type model_type norm_change reference_rms model_rms reference_kurtosis model_kurtosis"
        " reference_zero_fraction model_zero_fraction",
    ),
    "choices": TableKind("Types of tensors", choice_columns, "name role layer shape type n_bytes cost kept chosen"),
    "mixes": TableKind("Mixes by size", mix_columns, "mix kind n_bytes bits_per_weight cost least_cost"),
    "shelf": TableKind(
        "Models of a shelf",
        shelf_table,
        "source contents architecture n_elements n_bytes bits_per_weight file_type verdict kurtosis outlier_fraction_6",
    ),
    "roles": TableKind("Roles of models", role_table, "model role n_tensors n_bytes rms kurtosis outlier_fraction_6"),
}


def tables(data: ReportData) -> list[DataTable]:
    """The tables that have rows."""
    made = (DataTable(name, kind.columns(data)) for name, kind in TABLES.items())
    return [table for table in made if table.n_rows]
