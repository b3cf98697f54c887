"""Recipes: the `llama-quantize` command that gives each tensor of a model its type."""

from .patterns import Rule
from .recipe import Recipe, recipe_for, recipe_of

__all__ = ["Recipe", "Rule", "recipe_for", "recipe_of"]
