"""Runtime validation: watch a model read and answer prompts (docs/metrics.md, section 3).

model ──▶ reading (prompts, a text, random tokens) ──▶ engine ──points──▶ recorder ──figures──▶ Trace
readings.py                                   engine.py         capture.py            document.py
"""

from .timed_run import Plan
from .trace_result import Trace, TraceInterrupted
from .tracing import trace

__all__ = ["Plan", "Trace", "TraceInterrupted", "trace"]
