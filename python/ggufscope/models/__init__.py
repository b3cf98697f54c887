"""Models as files hold them: tensors, metadata, roles, heads, and tables of these."""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .model import Model, open  # noqa: A004
    from .tensor import Tensor

__all__ = ["Model", "Tensor", "open"]

__getattr__ = loader(__name__, {"Model": "model", "open": "model", "Tensor": "tensor"})
