"""Mixers, which pass something between tokens: a module for each kind, with its weights and how they are gathered.

A new kind is such a module, and a line in `kinds.MIXERS`.
"""
