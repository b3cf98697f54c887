"""Kinds of names, one module each: whether a name is of the kind, and which file it stands for."""

from . import directory, filesystem, hub, hub_cache, ollama, web

ELSEWHERE = (hub, web, filesystem)
KINDS = (hub, web, ollama, hub_cache, filesystem)  # asked in this order; a local file or directory comes before all

__all__ = ["ELSEWHERE", "KINDS", "directory"]
