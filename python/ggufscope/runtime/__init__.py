"""Runtime validation: watch a model read and answer prompts (docs/metrics.md, section 3).

model ──▶ reading (prompts, a text, ids, a probe) ──▶ engine ──points──▶ recorder ──figures──▶ Trace
          readings.py, sequences.py                   engine.py          capture.py            trace_document.py
"""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .timed_run import Plan
    from .trace_result import Trace, TraceInterrupted
    from .tracing import trace

__all__ = ["Plan", "Trace", "TraceInterrupted", "trace"]

__getattr__ = loader(
    __name__, {"Plan": "timed_run", "Trace": "trace_result", "TraceInterrupted": "trace_result", "trace": "tracing"}
)
