"""Statistics of every parameter of a GGUF model.

    >>> import ggufscope as gs
    >>> with gs.open("model.gguf") as model:                    # doctest: +SKIP
    ...     model.tensors["blk.0.attn_v.weight"].dequantize()

Every name is loaded when it is first used: models and buffers bring NumPy alone, profiles pydantic, analyses numba.
"""

from typing import TYPE_CHECKING

from ._version import __version__
from .loading import loader

if TYPE_CHECKING:
    from ._core import GGUFError, UnsupportedTypeError
    from .analysis import Analysis, analyze
    from .arrays.buffers import dequantize, summarize
    from .arrays.histogram import histogram_edges
    from .arrays.multiply import RowProducts
    from .arrays.products import row_products
    from .arrays.statistics import TensorStatistics
    from .checks import Check, check
    from .diffs import Diff, diff
    from .diffs.budgets import Bits, bits
    from .diffs.run_choice import RunChoice
    from .errors import (
        AnalysisError,
        BitsError,
        CheckError,
        ClusterError,
        DiffError,
        FleetError,
        ImportanceError,
        ProfileError,
        SpectraError,
        StudyError,
        TraceError,
        ValidationError,
    )
    from .fleets import Fleet, FleetInterrupted, fleet
    from .models.demo import demo_model
    from .models.model import Model, Tensor, open  # noqa: A004
    from .profiles.profile_result import Profile
    from .profiles.profiling import profile
    from .runtime import Trace, trace
    from .spectral import Spectra, SpectraInterrupted, spectra
    from .studies import Study, StudyInterrupted, study
    from .validation import Validation, validate

# Public name, loaded when it is first used → the module that defines it.
_HOMES = {
    "Analysis": "analysis",
    "AnalysisError": "errors",
    "Bits": "diffs.budgets",
    "BitsError": "errors",
    "Check": "checks",
    "CheckError": "errors",
    "ClusterError": "errors",
    "Diff": "diffs",
    "DiffError": "errors",
    "Fleet": "fleets",
    "FleetError": "errors",
    "FleetInterrupted": "fleets",
    "GGUFError": "_core",
    "ImportanceError": "errors",
    "Model": "models.model",
    "Profile": "profiles",
    "ProfileError": "errors",
    "RowProducts": "arrays.multiply",
    "RunChoice": "diffs.run_choice",
    "Spectra": "spectral",
    "SpectraError": "errors",
    "SpectraInterrupted": "spectral",
    "Study": "studies",
    "StudyError": "errors",
    "StudyInterrupted": "studies",
    "Tensor": "models.model",
    "TensorStatistics": "arrays.statistics",
    "Trace": "runtime",
    "TraceError": "errors",
    "UnsupportedTypeError": "_core",
    "Validation": "validation",
    "ValidationError": "errors",
    "analyze": "analysis",
    "bits": "diffs.budgets",
    "check": "checks",
    "demo_model": "models.demo",
    "dequantize": "arrays.buffers",
    "diff": "diffs",
    "fleet": "fleets",
    "histogram_edges": "arrays.histogram",
    "open": "models.model",
    "profile": "profiles.profiling",
    "row_products": "arrays.products",
    "spectra": "spectral",
    "study": "studies",
    "summarize": "arrays.buffers",
    "trace": "runtime",
    "validate": "validation",
}

__all__ = [
    "Analysis",
    "AnalysisError",
    "Bits",
    "BitsError",
    "Check",
    "CheckError",
    "ClusterError",
    "Diff",
    "DiffError",
    "Fleet",
    "FleetError",
    "FleetInterrupted",
    "GGUFError",
    "ImportanceError",
    "Model",
    "Profile",
    "ProfileError",
    "RowProducts",
    "RunChoice",
    "Spectra",
    "SpectraError",
    "SpectraInterrupted",
    "Study",
    "StudyError",
    "StudyInterrupted",
    "Tensor",
    "TensorStatistics",
    "Trace",
    "TraceError",
    "UnsupportedTypeError",
    "Validation",
    "ValidationError",
    "__version__",
    "analyze",
    "bits",
    "check",
    "demo_model",
    "dequantize",
    "diff",
    "fleet",
    "histogram_edges",
    "open",
    "profile",
    "row_products",
    "spectra",
    "study",
    "summarize",
    "trace",
    "validate",
]


__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
