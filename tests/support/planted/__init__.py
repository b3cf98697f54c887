"""Small healthy models, and kinds of damage planted in them; a new kind is a function in one of the modules."""

from support.planted import contents, manifests, metadata, scales, structure
from support.planted.damage import DAMAGES
from support.planted.healthy import healthy

__all__ = ["DAMAGES", "contents", "healthy", "manifests", "metadata", "scales", "structure"]
