"""A study: profile, analysis, trace, probe, validation and report of one model in one directory, made part by part.

choices ──▶ parts (registry) ──keeping: what is there already?──▶ made or kept ──▶ study.json ──▶ Study

Every part is an ordinary result of ggufscope; what a study adds is which of them are still true.
"""

from .result import Study
from .run import StudyInterrupted, study

__all__ = ["Study", "StudyInterrupted", "study"]
