"""A study: profile, analysis, trace, probe, validation and report of one model in one directory, made part by part.

The package is not called `study` because that is the function of ggufscope.

choices ──▶ parts (registry) ──keeping: what is there already?──▶ made or kept ──▶ study.json ──▶ Study

Every part is an ordinary result of ggufscope; what a study adds is which of them are still true.
"""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .making import StudyInterrupted
    from .study_result import Study
    from .studying import study

__all__ = ["Study", "StudyInterrupted", "study"]

__getattr__ = loader(__name__, {"StudyInterrupted": "making", "Study": "study_result", "study": "studying"})
