"""Activations reduced to figures while a model reads."""
