"""Engines of fleets: where tasks are run."""

from .engine import ENGINES, Engine, Outcome, open_engine, require_engine

__all__ = ["ENGINES", "Engine", "Outcome", "open_engine", "require_engine"]
