"""Statistics of every parameter of a GGUF model.

    >>> import ggufscope as gs
    >>> with gs.open("model.gguf") as model:                    # doctest: +SKIP
    ...     model.tensors["blk.0.attn_v.weight"].dequantize()

Every public name is loaded when it is first used, so that `import ggufscope` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._core import GGUFError, UnsupportedTypeError
    from .buffers import dequantize, summarize
    from .errors import ProfileError
    from .model import Model, Tensor, open  # noqa: A004
    from .profiles import Profile
    from .scan import profile
    from .statistics import TensorStatistics

__version__ = "0.1.0"

# Public name → the module that defines it.
_HOMES = {
    "GGUFError": "_core",
    "UnsupportedTypeError": "_core",
    "Model": "model",
    "Profile": "profiles",
    "ProfileError": "errors",
    "Tensor": "model",
    "TensorStatistics": "statistics",
    "dequantize": "buffers",
    "open": "model",
    "profile": "scan",
    "summarize": "buffers",
}

__all__ = [
    "GGUFError",
    "Model",
    "Profile",
    "ProfileError",
    "Tensor",
    "TensorStatistics",
    "UnsupportedTypeError",
    "__version__",
    "dequantize",
    "open",
    "profile",
    "summarize",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'ggufscope' has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
