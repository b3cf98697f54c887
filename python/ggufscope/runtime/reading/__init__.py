"""Prompts, texts and tokens that a model reads."""
