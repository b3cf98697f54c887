"""Inputs of an analysis: whatever is given becomes one table of layers."""
