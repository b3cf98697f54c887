"""Hostile model files, made by code: the name of each says what is wrong with it.

    PYTHONPATH=tests python -m support.hostile_files DIR

writes them, as `write_all` does. A new one is a line in the module of what it lies about; the tests and the seeds of
the fuzzers take it from the registry.
"""

from support.hostile_files.hostile_file import HostileFile, HostileFiles
from support.hostile_files.registry import GROUPS, HOSTILE_FILES, write_all, write_file

__all__ = ["GROUPS", "HOSTILE_FILES", "HostileFile", "HostileFiles", "write_all", "write_file"]
