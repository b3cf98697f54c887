"""Presets: the ways to get scores of layers, and their registry."""
