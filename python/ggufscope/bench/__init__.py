"""Throughput on this machine, each piece of work timed round by round beside the limit it is read against.

`ggufscope bench` and the suites in `benchmarks/` measure through this package, so that their numbers mean the same.

    from ggufscope.bench import bench_types
    for row in bench_types(["Q4_K"], seconds=2).measurements:
        print(row.task.kernel, row.task.threads, row.elements_per_second, row.ratio("reading"))
"""

from .kernels import KERNELS, kernel_tasks
from .results import SCHEMA, Bench
from .runs import DEFAULT_TYPES, bench_model, bench_types
from .samples import Sample, make_sample
from .tasks import Measurement, Task, Timing, measure

__all__ = [
    "DEFAULT_TYPES",
    "KERNELS",
    "SCHEMA",
    "Bench",
    "Measurement",
    "Sample",
    "Task",
    "Timing",
    "bench_model",
    "bench_types",
    "kernel_tasks",
    "make_sample",
    "measure",
]
