"""Profiles: one pass over a model, its statistics in rows and roll-ups, and their saved form."""

from .profile_result import Profile

__all__ = ["Profile"]
