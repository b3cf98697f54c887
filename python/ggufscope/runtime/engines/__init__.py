"""Engines that run a model and hand over its activations."""
