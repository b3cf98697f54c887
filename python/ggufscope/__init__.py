"""Statistics of every parameter of a GGUF model.

    >>> import ggufscope as gs
    >>> with gs.open("model.gguf") as model:                    # doctest: +SKIP
    ...     model.tensors["blk.0.attn_v.weight"].dequantize()

Models and buffers need NumPy alone and are there at once; profiles bring pydantic, analyses numba too, when they are
first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._core import GGUFError, UnsupportedTypeError
from ._version import __version__
from .arrays.buffers import dequantize, summarize
from .arrays.multiply import RowProducts
from .arrays.products import row_products
from .arrays.statistics import TensorStatistics
from .models.model import Model, Tensor, open  # noqa: A004

if TYPE_CHECKING:
    from .analysis import Analysis, analyze
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
        StudyError,
        TraceError,
        ValidationError,
    )
    from .fleets import Fleet, FleetInterrupted, fleet
    from .models.demo import demo_model
    from .profiles.profile_result import Profile
    from .profiles.profiling import profile
    from .runtime import Trace, trace
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
    "ImportanceError": "errors",
    "Profile": "profiles",
    "ProfileError": "errors",
    "RunChoice": "diffs.run_choice",
    "Study": "studies",
    "StudyError": "errors",
    "StudyInterrupted": "studies",
    "Trace": "runtime",
    "TraceError": "errors",
    "analyze": "analysis",
    "bits": "diffs.budgets",
    "check": "checks",
    "demo_model": "models.demo",
    "diff": "diffs",
    "fleet": "fleets",
    "profile": "profiles.profiling",
    "study": "studies",
    "Validation": "validation",
    "ValidationError": "errors",
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
    "open",
    "profile",
    "row_products",
    "study",
    "summarize",
    "trace",
    "validate",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'ggufscope' has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
