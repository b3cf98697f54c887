"""Runtime validation: watch a model read and answer prompts (docs/metrics.md, section 3).

model ──▶ reading (prompts, a text, random tokens) ──▶ engine ──points──▶ recorder ──figures──▶ Trace
readings.py                                   engine.py         capture.py            document.py
"""

from .trace_result import Trace, TraceInterrupted
from .tracing import Plan, trace

__all__ = ["Plan", "Trace", "TraceInterrupted", "trace"]
