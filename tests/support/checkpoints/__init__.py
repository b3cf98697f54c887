"""Tiny checkpoints as their libraries write them, and what a converter makes of them, computed apart from ggufscope."""
