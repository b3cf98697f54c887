"""The error of a model that ggufscope has no formulas for, or that lacks a part."""


class NotApplicableError(Exception):
    """The model, or one of its layers, cannot be computed; the message is the reason. Internal to ggufscope."""


class MissingTensorError(NotApplicableError):
    """The model lacks a tensor that its architecture needs.

    Attributes:
        layer: of the tensor, None outside the layers.
        role: of the tensor.
    """

    def __init__(self, layer: int | None, role: str) -> None:
        super().__init__(f"there is no {role if layer is None else f'blk.{layer}.{role}'}")
        self.layer = layer
        self.role = role


class ShapeError(NotApplicableError):
    """A tensor has another shape than the architecture and the metadata ask for.

    Attributes:
        tensor: its name.
    """

    def __init__(self, tensor: str, reason: str) -> None:
        super().__init__(f"{tensor} {reason}")
        self.tensor = tensor
