"""Mutated model files: a sound one, its structure changed in one to three places, always the same by seed and number.

    PYTHONPATH=tests python -m support.mutation --cases 10000 --keep DIR

Every case is opened, inspected, profiled, checked, analysed and traced. Each of these gives an answer or a documented
error of one line, within 150 MB and 1 s of processor time; whatever does not is kept in the directory. What took longer
is tried once more, since the first to call a function of numba compiles it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import ggufscope as gs
from ggufscope.errors import ProfileError, TraceError
from ggufscope.models.inspection import tensor_rows, to_json
from support.architectures import SPECIMENS
from support.gguf_writer import ARRAY, BOOL, FLOAT32, FLOAT64, INT32, STRING, UINT32, Array, Gguf, Key, Tensor

DOCUMENTED = (gs.GGUFError, ProfileError, TraceError)
MEGABYTES = 150
SECONDS = 1.0  # of processor time
_LAST_OFFSET = 2**20  # of a tensor that has data
_KINDS = {bool: BOOL, int: UINT32, float: FLOAT32, str: STRING}
_HUGE = [2**31 - 1, 2**32 - 1, 2**20, 4096, 65_537]
_NUMBERS = [0, 1, 2, 3, 7, *_HUGE]
_FLOATS = [0.0, 1.0, -1.0, 1e-38, 1e38, 5e-324, 1e308, math.nan, math.inf, -math.inf]
_TEXTS = ["", "a", "\x1b[2J\u202e", "llama", "gpt2", "yarn", "x" * 70_000, "mmproj"]
_EXTENTS = [0, 1, 2, 3, 31, 32, 33, 64, 256, 2**20, 2**31, 2**62, 2**63 - 1]
_PARTS = ["attn_q", "attn_output", "ffn_up", "ffn_gate_inp", "ffn_up_exps", "attn_norm", "ssm_conv1d", "attn_qkv"]

Random = np.random.Generator
Mutate = Callable[[Gguf, Random], None]


@dataclass(frozen=True)
class Case:
    """A file to try.

    Attributes:
        number: by which it is made again.
        done: the changes, in words.
    """

    number: int
    specimen: str
    done: tuple[str, ...]
    data: bytes


def _gguf_value(value: Any) -> tuple[int, Any]:
    values = [each.item() if isinstance(each, np.generic) else each for each in np.atleast_1d(value).tolist()]
    kind = _KINDS[type(values[0])]
    return (ARRAY, Array(kind, values)) if np.ndim(value) else (kind, values[0])


@cache
def _sound(name: str) -> tuple[tuple[Key, ...], tuple[Tensor, ...]]:
    file = SPECIMENS[name].file()
    keys = [Key("general.architecture", STRING, file["architecture"])]
    keys += [Key(key, *_gguf_value(value)) for key, value in file["metadata"].items()]
    tensors = [Tensor(each, values.shape, 0, values.tobytes()) for each, values in file["tensors"].items()]
    return tuple(keys), tuple(tensors)


def _pick(random: Random, options: Any) -> Any:
    return options[int(random.integers(len(options)))]


def _hostile(random: Random) -> tuple[int, Any]:
    """A value of any kind."""
    match int(random.integers(6)):
        case 0:
            return UINT32, _pick(random, _NUMBERS)
        case 1:
            return INT32, _pick(random, [-1, -(2**31), 5])
        case 2:
            return _pick(random, [FLOAT32, FLOAT64]), _pick(random, _FLOATS[:5] + _FLOATS[7:])
        case 3:
            return STRING, _pick(random, _TEXTS)
        case 4:
            return BOOL, bool(random.integers(2))
        case _:
            element = _pick(random, [UINT32, FLOAT32, STRING, BOOL])
            value: Any = {UINT32: _pick(random, _NUMBERS), FLOAT32: math.nan, STRING: "a", BOOL: True}[element]
            return ARRAY, Array(element, [value] * int(_pick(random, [0, 1, 2, 200, 5000])))


def _other_value(file: Gguf, random: Random) -> None:
    at = int(random.integers(len(file.keys)))
    kind, value = _hostile(random)
    file.keys[at] = replace(file.keys[at], kind=kind, value=value)


def _near_value(file: Gguf, random: Random) -> None:
    """A number that is nearly the one that stood there."""
    numbers = [i for i, key in enumerate(file.keys) if key.kind == UINT32]
    if numbers:
        at = _pick(random, numbers)
        value: Any = file.keys[at].value
        changed = [value + 1, value - 1, 2 * value, value // 2, value * value]
        file.keys[at] = replace(file.keys[at], value=_pick(random, changed) % 2**32)


def _without_key(file: Gguf, random: Random) -> None:
    del file.keys[int(random.integers(len(file.keys)))]


def _key_twice(file: Gguf, random: Random) -> None:
    file.keys.append(_pick(random, file.keys))


def _key_length(file: Gguf, random: Random) -> None:
    at = int(random.integers(len(file.keys)))
    file.keys[at] = replace(file.keys[at], name_length=_pick(random, [0, 1, 2**16, 2**32, 2**63]))


def _with_shape(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    n = math.prod(shape)
    return replace(tensor, shape=shape, data=np.ones(n, np.float32).tobytes() if n < 2**18 else tensor.data)


def _other_shape(file: Gguf, random: Random) -> None:
    """Another shape, with as many data as it asks for where these are few."""
    at = int(random.integers(len(file.tensors)))
    shape = tuple(int(_pick(random, _EXTENTS)) for _ in range(int(random.integers(6))))
    file.tensors[at] = _with_shape(file.tensors[at], shape)


def _near_shape(file: Gguf, random: Random) -> None:
    """A shape of which one extent is another."""
    at = int(random.integers(len(file.tensors)))
    shape = list(file.tensors[at].shape)
    if shape:
        axis = int(random.integers(len(shape)))
        shape[axis] = _pick(random, [shape[axis] + 1, max(0, shape[axis] - 1), 2 * shape[axis], shape[axis] // 2])
        file.tensors[at] = _with_shape(file.tensors[at], tuple(shape))


def _other_type(file: Gguf, random: Random) -> None:
    at = int(random.integers(len(file.tensors)))
    file.tensors[at] = replace(file.tensors[at], kind=int(random.integers(45)))


def _other_name(file: Gguf, random: Random) -> None:
    at = int(random.integers(len(file.tensors)))
    layer = _pick(random, [0, 1, 5, 1023, 1024, 99_999])
    name = f"blk.{layer}.{_pick(random, _PARTS)}.{_pick(random, ['weight', 'bias', 'scale'])}"
    name = _pick(random, [name, name, f"v.{name}", _pick(random, file.tensors).name, "\x1b" * 80, ""])
    file.tensors[at] = replace(file.tensors[at], name=name)


def _without_tensor(file: Gguf, random: Random) -> None:
    del file.tensors[int(random.integers(len(file.tensors)))]


def _other_offset(file: Gguf, random: Random) -> None:
    """A tensor elsewhere; the others stay where they were, and one that is beyond any file has no data."""
    file.tensors = [replace(each, offset=at) for each, at in zip(file.tensors, file.offsets(), strict=True)]
    at = int(random.integers(len(file.tensors)))
    offset = _pick(random, [0, 1, 32, _LAST_OFFSET, 2**63 - 32, 2**64 - 32])
    file.tensors[at] = replace(file.tensors[at], offset=offset)


def _other_data(file: Gguf, random: Random) -> None:
    at = int(random.integers(len(file.tensors)))
    size = len(file.tensors[at].data)
    floats = np.full(-(-size // 4), _pick(random, _FLOATS[:5] + _FLOATS[7:]), np.float32).tobytes()[:size]
    file.tensors[at] = replace(file.tensors[at], data=_pick(random, [floats, random.bytes(size), bytes(size)]))


def _other_header(file: Gguf, random: Random) -> None:
    match int(random.integers(5)):
        case 0:
            file.n_keys = _pick(random, [0, 1, 10**6, 2**63])
        case 1:
            file.n_tensors = _pick(random, [0, 1, 10**6, 2**63])
        case 2:
            file.version = int(_pick(random, [0, 1, 2, 4, 2**31]))
        case 3:
            file.alignment = int(_pick(random, [1, 8, 64, 4096]))
        case _:
            file.order = ">"


MUTATIONS: tuple[Mutate, ...] = (
    _other_value, _other_value, _near_value, _near_value, _without_key, _key_twice, _key_length, _other_shape,
    _near_shape, _near_shape, _other_type, _other_name, _without_tensor, _other_offset, _other_data, _other_header,
)  # fmt: skip


def mutated(number: int) -> Case:
    """The case of a number."""
    random = np.random.default_rng([17, number])
    name = _pick(random, list(SPECIMENS))
    keys, tensors = _sound(name)
    file = Gguf(keys=list(keys), tensors=list(tensors))
    done = []
    for _ in range(int(random.integers(1, 4))):
        mutate = _pick(random, MUTATIONS)
        if file.keys and file.tensors:
            mutate(file, random)
            done.append(mutate.__name__.strip("_").replace("_", " "))
    file.tensors = [each if (each.offset or 0) <= _LAST_OFFSET else replace(each, data=b"") for each in file.tensors]
    data = file.build()
    if random.random() < 0.1:
        data = data[: int(random.integers(len(data) + 1))]
        done.append("truncated")
    if data and random.random() < 0.1:
        changed = bytearray(data)
        changed[int(random.integers(min(len(data), 4096)))] = int(random.integers(256))
        data = bytes(changed)
        done.append("a byte of the header")
    return Case(number, name, tuple(done), data)


def _inspect(path: Path) -> None:
    with gs.open(path) as model:
        json.dumps(to_json(model, tensor_rows(model)), allow_nan=False)


TRIED: dict[str, Callable[[Path], object]] = {
    "inspect": _inspect,
    "profile": lambda path: gs.profile(path, threads=1).to_json(),
    "check": lambda path: gs.check(path, threads=1).to_json(),
    "analyze": lambda path: gs.analyze(path, threads=1).to_json(),
    "trace": lambda path: gs.trace(path, probe=3, threads=1).to_json(),
}


@contextlib.contextmanager
def peak_growth() -> Iterator[list[float]]:
    """Memory in MB that a block takes at the most beyond what there was; empty where the system does not tell."""
    grown: list[float] = []
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        reset.write_text("5")  # the peak is that of now
    except OSError:
        yield grown
        return
    before = _kilobytes(status, "VmRSS")
    yield grown
    grown.append((_kilobytes(status, "VmHWM") - before) / 1024)


def _kilobytes(status: Path, name: str) -> int:
    return int(next(line for line in status.read_text().splitlines() if line.startswith(f"{name}:")).split()[1])


@dataclass
class Attempt:
    """One call on one file: the answer or the refusal, what it showed and must not, and its processor time."""

    outcome: str
    shown: list[str]
    seconds: float


def _attempt(name: str, path: Path) -> Attempt:
    outcome, shown, clock = "answered", list[str](), time.process_time()
    with peak_growth() as grown, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            TRIED[name](path)
        except DOCUMENTED as error:
            outcome = "refused"
            if not str(error) or "\n" in str(error):
                shown.append(f"{name}: {type(error).__name__} of {len(str(error).splitlines())} lines")
        except Exception as error:
            outcome = "failed"
            shown.append(f"{name}: {type(error).__name__}: {error}")
    seconds = time.process_time() - clock
    shown += sorted({f"{name}: {warning.category.__name__}: {warning.message}" for warning in warned})
    if grown and grown[0] > MEGABYTES:
        shown.append(f"{name}: {grown[0]:.0f} MB")
    if seconds > SECONDS:
        shown.append(f"{name}: {seconds:.1f} s")
    return Attempt(outcome, shown, seconds)


def faults(case: Case, path: Path, outcomes: Counter[str] | None = None) -> list[str]:
    """All that a case shows and must not, in words."""
    path.write_bytes(case.data)
    shown = []
    for name in TRIED:
        attempt = _attempt(name, path)
        if attempt.seconds > SECONDS:
            attempt = _attempt(name, path)  # without compiling
        shown += attempt.shown
        if outcomes is not None:
            outcomes[f"{name} {attempt.outcome}"] += 1
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="directory for the files that showed a fault")
    arguments = parser.parse_args()
    outcomes: Counter[str] = Counter()
    n_faults, slowest, began = 0, (0.0, 0), time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        for number in range(arguments.first, arguments.first + arguments.cases):
            case, clock = mutated(number), time.perf_counter()
            shown = faults(case, Path(directory) / "m.gguf", outcomes)
            slowest = max(slowest, (time.perf_counter() - clock, number))
            if shown:
                n_faults += 1
                print(f"case {number} ({case.specimen}; {', '.join(case.done)}): {'; '.join(shown)}", flush=True)
                if arguments.keep is not None:
                    arguments.keep.mkdir(parents=True, exist_ok=True)
                    (arguments.keep / f"case-{number}.gguf").write_bytes(case.data)
    for name in sorted(outcomes):
        print(f"{outcomes[name]:8} {name}")
    seconds, (longest, number) = time.perf_counter() - began, slowest
    print(f"{arguments.cases} cases in {seconds:.0f} s, the slowest {longest:.1f} s ({number}): {n_faults} with faults")
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main())
