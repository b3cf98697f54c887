"""The error of a model that ggufscope has no formulas for, or that lacks a part."""


class NotApplicableError(Exception):
    """The model, or one of its layers, cannot be computed; the message is the reason. Internal to ggufscope."""
