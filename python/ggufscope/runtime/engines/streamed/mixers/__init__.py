"""Mixers, computed: a module for each kind of mixer that the architecture knows.

A new kind is such a module, and a line in `kinds.MIXERS`.
"""
