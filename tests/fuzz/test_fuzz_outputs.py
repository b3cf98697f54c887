"""The harness of sanitizers and fuzzers can fail: it refuses programs that ran nothing or caught nothing."""

from __future__ import annotations

import pytest

from support.fuzz_outputs import (
    Fuzzed,
    SanitizeError,
    read_fuzzed,
    read_replayed,
    require_all_seeds,
    require_caught,
    require_equal_bits,
)

LIBFUZZER = """\
INFO:      199 files found in seeds/reader
INFO: seed corpus: files: 199 min: 1b max: 5000b total: 74627b rss: 31Mb
#202	INITED cov: 1686 ft: 2874 corp: 99/27Kb exec/s: 0 rss: 50Mb
#4096	NEW    cov: 1702 ft: 2901 corp: 104/28Kb lim: 5000 exec/s: 0 rss: 50Mb
#9000	DONE   cov: 1702 ft: 2905 corp: 106/28Kb lim: 5000 exec/s: 900 rss: 50Mb
Done 9000 runs in 10 second(s)
stat::number_of_executed_units: 9000
stat::average_exec_per_sec:     900
"""


def test_figures_are_those_that_libfuzzer_printed() -> None:
    assert read_fuzzed(LIBFUZZER) == Fuzzed(seeds=199, executions=9000, edges=1702, corpus=106)


@pytest.mark.parametrize("line", ["seed corpus", "number_of_executed", "cov:"])
def test_a_run_without_figures_is_refused(line: str) -> None:
    output = "\n".join(each for each in LIBFUZZER.splitlines() if line not in each)
    with pytest.raises(SanitizeError, match="no figures"):
        read_fuzzed(output)


def test_a_target_without_libfuzzer_says_how_many_inputs_it_ran() -> None:
    assert read_replayed("a\nb\n2 inputs\n") == Fuzzed(seeds=2, executions=2, edges=0, corpus=2)
    with pytest.raises(SanitizeError, match="no number of inputs"):
        read_replayed("a\nb\n")


@pytest.mark.parametrize(("ran", "made"), [(198, 199), (0, 199), (0, 0), (200, 199)])
def test_a_target_must_run_all_of_its_seeds(ran: int, made: int) -> None:
    require_all_seeds("reader", 199, 199)
    with pytest.raises(SanitizeError, match=f"reader: {ran} of {made} seeds"):
        require_all_seeds("reader", ran, made)


@pytest.mark.parametrize(("returncode", "output"), [(0, "data race"), (1, "Segmentation fault"), (0, "")])
def test_a_planted_fault_must_be_caught_by_its_sanitizer(returncode: int, output: str) -> None:
    require_caught("race", "data race", 66, "WARNING: ThreadSanitizer: data race")
    with pytest.raises(SanitizeError, match="was not caught"):
        require_caught("race", "data race", returncode, output)


@pytest.mark.parametrize(
    "output", ["", "generic\tQ4_0\t1\navx2\tQ4_0\t2\n", "avx2\tQ4_0\t1\n", "generic\ta\navx2\ta\navx2\tb\n"]
)
def test_instruction_sets_must_print_the_same(output: str) -> None:
    assert require_equal_bits("generic\tQ4_0\t1\navx2\tQ4_0\t1\n") == 1
    with pytest.raises(SanitizeError, match="core_selftest"):
        require_equal_bits(output)
