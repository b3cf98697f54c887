"""Tasks that are measured, the limits they are measured against, and the rounds in which both are timed.

The bandwidth of a shared machine wanders by a factor of two within minutes. Two times taken minutes apart say nothing
about each other; so the limit is timed again right before the work in every round, and what counts is the median of the
rounds' ratios.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .._core import usable_cores

Work = Callable[[], object]

NOISY_SPREAD = 0.15
BUSY_SHARE = 0.9


@dataclass(frozen=True)
class Timing:
    """The durations of one piece of work, round by round.

    Attributes:
        seconds: one per round, in their order.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """The width of the middle half of the rounds, as a share of the median; 0 for a single round."""
        if len(self.seconds) < 2:
            return 0.0
        lower, _, upper = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (upper - lower) / self.median

    @property
    def noisy(self) -> bool:
        return self.spread > NOISY_SPREAD

    def over(self, other: Timing) -> float:
        """How many times as long as `other` this took: the median of the rounds' ratios."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True))


@dataclass(frozen=True)
class Task:
    """A piece of work and its limits.

    Attributes:
        subject: a type (`"Q4_K"`) or a model.
        kernel: what is done with it: a name in `KERNELS`, or what a suite calls it.
        run: does it once.
        limits: by name, what it is measured against; the first is what it should come near to.
        n_elements: weights that `run` covers.
        n_bytes: their bytes as stored.
        threads: that `run` and its limits work with.
        isa: instruction set of the kernels.
        scale: factor on the limits' times, where they cover less than `run`.
        before: done, without being timed, before each limit and before `run`, as emptying a cache.
        keeps_busy: whether `run` occupies its threads throughout, and does not wait for a disk or a child process.
        facts: what `run` notes about how it went the last time, by name.
    """

    subject: str
    kernel: str
    run: Work
    limits: Mapping[str, Work] = field(default_factory=dict)
    n_elements: int = 0
    n_bytes: int = 0
    threads: int = 1
    isa: str = ""
    scale: float = 1.0
    before: Work | None = None
    keeps_busy: bool = True
    facts: dict[str, str | None] = field(default_factory=dict)

    def time_limits(self) -> dict[str, float]:
        """Seconds of each limit, by name; afterwards everything is ready for `run`."""
        seconds = {}
        for name, work in self.limits.items():
            self._prepare()
            seconds[name] = timed(work)
        self._prepare()
        return seconds

    def _prepare(self) -> None:
        if self.before is not None:
            self.before()


@dataclass(frozen=True)
class Measurement:
    """The times of a task and of its limits, over the same rounds."""

    task: Task
    timing: Timing
    limits: Mapping[str, Timing]
    core_shares: Sequence[float] = ()

    @property
    def core_share(self) -> float | None:
        """The share of its threads' time that the task was given a core, the median of the rounds.

        Another program on one of two cores halves the rate of two threads in every round alike, which no spread shows.
        None where the task waits by itself.
        """
        return statistics.median(self.core_shares) if self.core_shares else None

    @property
    def elements_per_second(self) -> float:
        return self.task.n_elements / self.timing.median

    @property
    def bytes_per_second(self) -> float:
        return self.task.n_bytes / self.timing.median

    def ratio(self, limit: str) -> float:
        """How many times as long as the limit the task takes; 1 is the best there is."""
        return self.timing.over(self.limits[limit]) / self.task.scale

    @property
    def noisy(self) -> bool:
        """Whether times differ much between rounds, or other programs took more than a little of the cores."""
        crowded = self.core_share is not None and self.core_share < BUSY_SHARE
        return crowded or self.timing.noisy or any(timing.noisy for timing in self.limits.values())


def timed(work: Work) -> float:
    """The seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass
class CoreClock:
    """Runs the work of a task and notes which share of its threads' time it was given a core, once per call."""

    task: Task
    shares: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.task.run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if self.task.keeps_busy:
            self.shares.append(cpu / (wall * min(self.task.threads, usable_cores())))


@dataclass
class _Rounds:
    """The times of one task, round by round."""

    task: Task
    clock: CoreClock
    seconds: list[float] = field(default_factory=list)
    limits: list[dict[str, float]] = field(default_factory=list)

    def add(self) -> None:
        """One more round: the limits and, right after them, the task."""
        self.limits.append(self.task.time_limits())
        self.seconds.append(timed(self.clock))

    def measurement(self) -> Measurement:
        limits = {name: Timing(tuple(seconds[name] for seconds in self.limits)) for name in self.task.limits}
        return Measurement(_named_only(self.task), Timing(tuple(self.seconds)), limits, self.clock.shares)


def _named_only(task: Task) -> Task:
    """The task without its work, which holds on to buffers of hundreds of megabytes."""
    return dataclasses.replace(task, run=_nothing, limits=dict.fromkeys(task.limits, _nothing), before=None)


def _nothing() -> None:
    pass


def measure(
    tasks: Sequence[Task],
    seconds: float,
    *,
    least: int = 3,
    most: int = 25,
    progress: Callable[[float], object] | None = None,
) -> list[Measurement]:
    """Time all tasks in turn, round by round.

    Args:
        tasks: compared with each other, too, as each round has all of them.
        seconds: no further round begins after so long.
        least: rounds at least, however long they take.
        most: rounds at most.
        progress: called after each task with the share of the work that is done; may raise to cancel.

    Returns:
        One measurement per task, in order.
    """
    by_task = [_Rounds(task, CoreClock(task)) for task in tasks]
    start = time.perf_counter()
    rounds = 0
    while rounds < least or (rounds < most and time.perf_counter() - start < seconds):
        for position, of_task in enumerate(by_task):
            of_task.add()
            if progress is not None:
                counted = (rounds + (position + 1) / len(by_task)) / least
                elapsed = (time.perf_counter() - start) / seconds if seconds else 1.0
                progress(min(counted, elapsed, 1.0))
        rounds += 1
    return [of_task.measurement() for of_task in by_task]
