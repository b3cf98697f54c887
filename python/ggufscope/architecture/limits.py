"""What a model has that ggufscope has no formulas for, or lacks."""


class NotApplicableError(Exception):
    """The model, or one of its layers, cannot be computed; the message is the reason. Internal to ggufscope."""
