"""Runs the core under sanitizers: its self-tests, its threads, and fuzz targets from seeds made here.

    tools/sanitize.sh                             four minutes in all, as continuous integration does
    tools/sanitize.sh --seconds 600 --build DIR   ten minutes for each target; what it learns stays in DIR/corpora

Two builds: with AddressSanitizer and UndefinedBehaviorSanitizer for self-tests and fuzzers, with ThreadSanitizer for
the engine's threads. Before either is believed, it must catch faults planted for it, and every target must run all of
its seeds and fail when its properties are turned around. Clang 16 or newer fuzzes; any other compiler runs the seeds
once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from ggufscope import _core  # noqa: E402
from support.fuzz_corpus import CORPORA, LONGEST, write_corpus  # noqa: E402
from support.fuzz_outputs import (  # noqa: E402
    Fuzzed,
    SanitizeError,
    read_fuzzed,
    read_replayed,
    require_all_seeds,
    require_caught,
    require_equal_bits,
)

PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # CMake and Ninja stand beside Python
CLANGS = ("clang++-16", "clang++", *(f"clang++-{version}" for version in range(17, 25)))
NO_CLANG = "no clang++ of version 16 or newer has libFuzzer (Debian: apt-get install clang-16 libclang-rt-16-dev)"
REPORTS = {"UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "halt_on_error=1"}
LIMITS = ("-timeout=20", "-rss_limit_mb=1024", "-malloc_limit_mb=256", f"-max_len={LONGEST}")


def finished(command: Sequence[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that has ended, however it did; standard error is part of its output."""
    return subprocess.run(  # noqa: S603
        command,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={**os.environ, "PATH": PATH, **REPORTS, **environment},
    )


def output_of(command: Sequence[str | Path], **environment: str) -> str:
    done = finished(command, **environment)
    if done.returncode != 0:
        raise SanitizeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-6000:]}")
    return done.stdout


def find_clang() -> str | None:
    """The first of CLANGS that is there, is new enough, and links libFuzzer."""
    source = (
        '#if __clang_major__ < 16\n#error\n#endif\nextern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long)'
    )
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "empty.cpp"
        program.write_text(f"{source} {{ return 0; }}\n", encoding="utf-8")
        for name in filter(shutil.which, CLANGS):
            command = (name, "-fsanitize=fuzzer,address", program, "-o", program.with_suffix(""))
            if finished(command).returncode == 0:
                return name
    return None


@dataclass(frozen=True)
class Build:
    """A tree that CMake made, and its programs."""

    tree: Path

    def run(self, program: str, *arguments: str | Path) -> str:
        return output_of((self.tree / program, *arguments))

    def require_caught(self, report: str, *fault: str) -> None:
        done = finished((self.tree / "planted_faults", *fault))
        require_caught(f"planted_faults {' '.join(fault)}", report, done.returncode, done.stdout)


def build(tree: Path, compiler: str, sanitizers: str, isas: Sequence[str], *targets: str) -> Build:
    began = time.perf_counter()
    options = {
        "CMAKE_BUILD_TYPE": "RelWithDebInfo",
        "CMAKE_CXX_FLAGS_RELWITHDEBINFO": "-O1 -g1",
        "CMAKE_CXX_COMPILER": compiler,
        "GGUFSCOPE_SANITIZE": sanitizers,
        "GGUFSCOPE_ISAS": ";".join(isas),
        "GGUFSCOPE_FUZZ": "fuzz_targets" in targets,
        "GGUFSCOPE_SELFTEST": True,
        "GGUFSCOPE_PYTHON": False,
    }
    if shutil.which("ccache"):
        options["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
    output_of(
        ("cmake", "-S", ROOT, "-B", tree, "-G", "Ninja", *(f"-D{name}={value}" for name, value in options.items()))
    )
    output_of(("cmake", "--build", tree, "--parallel", str(_core.usable_cores()), "--target", *targets))
    seconds = time.perf_counter() - began
    print(f"{compiler} -fsanitize={sanitizers}, {' and '.join(isas)}: built in {seconds:.0f} s", flush=True)
    return Build(tree)


@dataclass(frozen=True)
class Fuzzing:
    """Targets of a build, with their seeds and what they have learnt in a directory for each.

    Attributes:
        scratch: for files that targets make, and leave behind where they are ended.
        mutates: whether they have libFuzzer.
    """

    build: Build
    directory: Path
    scratch: Path
    mutates: bool

    def require_properties(self, target: str, seeds: Path) -> None:
        """Raises SanitizeError unless the target has properties, and fails where they are taken for broken."""
        once = ("-runs=0", f"-artifact_prefix={self.scratch}/") if self.mutates else ()
        command = (self.build.tree / f"fuzz_{target}", *once, seeds)
        done = finished(command, TMPDIR=str(self.scratch), GGUFSCOPE_BREAK_PROPERTIES="1")
        require_caught(f"fuzz_{target}", "broken property", done.returncode, done.stdout)

    def run(self, target: str, seconds: float) -> Fuzzed:
        """Run a target over its seeds and, with libFuzzer, go on from them until the time is over."""
        seeds, learnt = self.directory / "seeds" / target, self.directory / "corpora" / target
        made = write_corpus(target, seeds)
        self.require_properties(target, seeds)
        program = (self.build.tree / f"fuzz_{target}",)
        if not self.mutates:
            fuzzed = read_replayed(output_of((*program, seeds), TMPDIR=str(self.scratch)))
            require_all_seeds(target, fuzzed.seeds, made)
            return fuzzed
        learnt.mkdir(parents=True, exist_ok=True)
        kept = len(list(learnt.iterdir()))
        limits = (*LIMITS, f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={self.directory}/{target}-")
        command = (*program, *limits, "-print_final_stats=1", learnt, seeds)
        fuzzed = read_fuzzed(output_of(command, TMPDIR=str(self.scratch)))
        require_all_seeds(target, fuzzed.seeds - kept, made)
        return fuzzed


def fuzz(fuzzing: Fuzzing, seconds: float) -> None:
    """Run every target that long, as many at once as there are cores, and print their figures."""
    shutil.rmtree(fuzzing.directory / "seeds", ignore_errors=True)
    with ThreadPoolExecutor(_core.usable_cores()) as pool:
        results = list(pool.map(lambda target: fuzzing.run(target, seconds), CORPORA))
    print(f"{'target':12}{'seeds':>8}{'executions':>12}{'edges':>8}{'corpus':>8}")
    for target, fuzzed in zip(CORPORA, results, strict=True):
        print(f"{target:12}{fuzzed.seeds:8}{fuzzed.executions:12}{fuzzed.edges:8}{fuzzed.corpus:8}")


def run(arguments: argparse.Namespace, clang: str | None) -> None:
    began = time.perf_counter()
    compiler = clang or os.environ.get("CXX", "c++")
    tree: Path = arguments.build
    isas = arguments.isas or list(dict.fromkeys(("generic", _core.available_isas()[-1])))
    threaded = build(tree / "thread", compiler, "thread", ["generic"], "threads_selftest", "planted_faults")
    programs = ("core_selftest", "threads_selftest", "planted_faults", "fuzz_targets")
    sanitized = build(tree / "address", compiler, "address,undefined", isas, *programs)

    threaded.require_caught("ThreadSanitizer: data race", "race")
    print(
        f"ThreadSanitizer: {len(threaded.run('threads_selftest').splitlines())} parts of threads_selftest", flush=True
    )
    for isa in isas:
        sanitized.require_caught("AddressSanitizer: heap-buffer-overflow", "bounds", isa)
    sanitized.require_caught("division by zero", "undefined")
    parts = len(sanitized.run("threads_selftest").splitlines())
    lines = require_equal_bits(sanitized.run("core_selftest"))
    print(f"AddressSanitizer, UndefinedBehaviorSanitizer: {parts} parts, {lines} lines of core_selftest", flush=True)

    left = arguments.within - (time.perf_counter() - began)
    shared = left * min(len(CORPORA), _core.usable_cores()) / len(CORPORA)
    with tempfile.TemporaryDirectory() as scratch:
        fuzz(Fuzzing(sanitized, tree, Path(scratch), clang is not None), arguments.seconds or shared)
    print(f"{time.perf_counter() - began:.0f} s in all: nothing found")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--within", type=float, default=230, help="seconds for everything (default: 230)")
    parser.add_argument("--seconds", type=float, help="seconds for each target, whatever --within says")
    parser.add_argument(
        "--build", type=Path, default=ROOT / "build/sanitize", help="where objects and corpora are kept"
    )
    parser.add_argument(
        "--isas", type=lambda names: names.split(","), help="default: generic and this machine's widest"
    )
    arguments = parser.parse_args()
    clang = find_clang()
    if clang is None:
        print(f"{NO_CLANG}: targets run their seeds once", file=sys.stderr)
    try:
        if clang is None and os.environ.get("GGUFSCOPE_REQUIRE_FUZZER"):
            raise SanitizeError(NO_CLANG)
        run(arguments, clang)
    except SanitizeError as error:
        print(f"sanitize: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
