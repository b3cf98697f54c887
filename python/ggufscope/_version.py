"""The version of ggufscope."""

__version__ = "0.1.0"
