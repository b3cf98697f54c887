"""Models as files hold them: tensors, metadata, roles, heads, and tables of these."""

from .model import Model, open  # noqa: A004
from .tensor import Tensor

__all__ = ["Model", "Tensor", "open"]
