"""What Jupyter shows of an object, made by the room that draws.

Models, tensors and results stand below their views: each asks the room `report` by name, when it is shown.
"""

from importlib import import_module


class NotebookView:
    """An object that Jupyter shows as HTML."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        text: str = import_module("..report.views", __package__).notebook_html(self)
        return text
