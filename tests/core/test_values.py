"""Classes of values compare by value, copy and pickle; states from elsewhere are refused, whatever their bytes."""

from __future__ import annotations

import copy
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggufscope import _core
from support.floating_point import ENVIRONMENTS, floating_point

RNG = np.random.default_rng(11)
TYPES = {qtype["name"]: qtype for qtype in _core.types()}
HEADER = 12  # magic, version and layout


def observe(blocks: npt.NDArray[np.uint8], name: str, columns: int, **options: Any) -> _core.Statistics:
    qtype = TYPES[name]
    rows = blocks.size // qtype["bytes_per_block"] * qtype["elements_per_block"] // columns
    return _core.observe_buffer(blocks, qtype["id"], rows, columns, **options)


def random_statistics(name: str, **options: Any) -> _core.Statistics:
    blocks = RNG.integers(0, 256, 40 * TYPES[name]["bytes_per_block"], dtype=np.uint8)
    return observe(blocks, name, 4 * TYPES[name]["elements_per_block"], **options)


def of_floats(*weights: float) -> _core.Statistics:
    return observe(np.array(weights, np.float32).view(np.uint8), "F32", max(len(weights), 1))


def frozen(value: Any) -> Any:
    """Fields as bits."""
    if isinstance(value, dict):
        return {name: frozen(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(frozen, value))
    if isinstance(value, float):
        return value.hex()
    return value.tobytes() if isinstance(value, np.ndarray) else value


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301


@pytest.fixture
def path(write_gguf: Callable[..., Path]) -> Path:
    weights = np.arange(128, dtype=np.float32).reshape(4, 32)
    return write_gguf({"a.weight": weights, "b.weight": weights[:2]})


COPIES: list[Callable[[Any], Any]] = [pickled, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", TYPES)
def test_statistics_come_back_to_the_bit(name: str, fast: bool, duplicate: Callable[[Any], Any]) -> None:
    statistics = random_statistics(name, fast=fast)
    back = duplicate(statistics)
    assert back == statistics
    assert back is not statistics
    assert frozen(back.fields()) == frozen(statistics.fields())
    for each in (back, statistics):  # what no field shows goes on in the sums
        each.merge(floats())
    assert frozen(back.fields()) == frozen(statistics.fields())


def floats() -> _core.Statistics:
    return observe(np.linspace(-1, 1, 512, dtype=np.float32).view(np.uint8), "F32", 128)


def test_a_copy_is_another_object() -> None:
    statistics = random_statistics("Q4_K")
    for duplicate in COPIES:
        other = duplicate(statistics)
        other.merge(of_floats(1.0))
        assert other != statistics


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (of_floats(1, 2, 3), of_floats(1, 2, 4)),
        (of_floats(1, 2, 3), of_floats(2, 1, 3)),  # the norms of columns
        (of_floats(0), _core.Statistics()),
        (of_floats(np.nan), of_floats(np.inf)),
        (random_statistics("Q4_0"), random_statistics("Q4_1")),
    ],
)
def test_other_weights_are_not_equal(left: _core.Statistics, right: _core.Statistics) -> None:
    assert left != right
    assert left == left.copy()


def test_equality_is_that_of_values() -> None:
    assert of_floats(0.0, np.nan) == of_floats(-0.0, np.nan)
    assert of_floats(1) != "statistics"
    with pytest.raises(TypeError, match="unhashable"):
        hash(of_floats(1))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_callers_environment_makes_nothing_equal(environment: str) -> None:
    first, second = of_floats(1e-40), of_floats(2e-40)
    with floating_point(environment):
        assert first != second


def values_of(path: Path) -> list[Any]:
    model = _core.Model(path)
    return [*_core.observe_model(model, [0], [1], threads=1), *model.tensors, *model.metadata]


def test_rows_and_parts_of_a_model_are_values(path: Path) -> None:
    values = values_of(path)
    for value, same in zip(values, values_of(path), strict=True):
        assert value == same
        for duplicate in COPIES:
            assert duplicate(value) == value
    part, first, second = values[:3]
    assert first != second
    back = pickled(part)
    assert frozen(back.statistics.fields()) == frozen(part.statistics.fields())
    assert len(back.heads) == 4
    assert [frozen(head.fields()) for head in back.heads] == [frozen(head.fields()) for head in part.heads]


@pytest.mark.parametrize("duplicate", COPIES)
def test_a_model_is_opened_anew(path: Path, monkeypatch: pytest.MonkeyPatch, duplicate: Callable[[Any], Any]) -> None:
    monkeypatch.chdir(path.parent)
    model = _core.Model(path.name)
    monkeypatch.chdir(os.sep)  # where the name alone says nothing
    other = duplicate(model)
    model.close()
    assert [row.name for row in other.tensors]
    assert other.files == [str(path)]


def test_a_model_that_cannot_be_opened_anew(path: Path) -> None:
    model = _core.Model(path)
    state = pickle.dumps(model)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(state)  # noqa: S301
    model.close()
    with pytest.raises(ValueError, match="the model is closed"):
        pickle.dumps(model)


# ---- states from elsewhere


def restore(state: bytes) -> _core.Statistics:
    statistics = _core.Statistics.__new__(_core.Statistics)
    statistics.__setstate__(state)
    return statistics


def use(statistics: _core.Statistics) -> None:
    """Everything that reads what a state holds."""
    statistics.fields()
    statistics.merge(statistics)
    statistics.append(statistics)
    statistics.copy().fields()
    assert statistics == pickled(statistics)


@contextmanager
def suppress_refusal(reason: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if reason not in str(error):
            raise


STATE = random_statistics("Q6_K").__getstate__()


def test_every_shorter_state_is_refused() -> None:
    for size in range(len(STATE)):
        with pytest.raises(ValueError, match="a pickled state that"):
            restore(STATE[:size])


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (b"", "ggufscope did not make"),
        (b"PK" + STATE[2:], "ggufscope did not make"),
        (STATE[:4] + struct.pack("<I", 2) + STATE[8:], "another version"),
        (STATE[:8] + struct.pack("<I", 2) + STATE[12:], "another version"),
        (STATE + b"\0", "goes on behind its end"),
        (_core.Model.__name__.encode(), "ggufscope did not make"),
    ],
)
def test_other_states_are_refused(state: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        restore(state)


def test_the_state_of_another_class_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="for another class"):
        restore(_core.Model(path).tensors[0].__getstate__())


@given(st.data())
def test_damaged_states_are_refused_or_harmless(data: st.DataObject) -> None:
    damaged = bytearray(STATE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(HEADER, len(STATE) - 8))
        damaged[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8) | st.sampled_from([b"\xff" * 8, bytes(8)]))
    with suppress_refusal("a pickled state that"):
        statistics = restore(bytes(damaged))
        with suppress_refusal("are not of the same tensor"):  # norms of another width
            use(statistics)


def test_bins_out_of_order_are_refused() -> None:
    statistics = of_floats(1, 2)
    state = statistics.__getstate__()
    keys = struct.pack("<2i", *statistics.fields()["histogram"][0])
    assert state.count(keys) == 1
    for hostile in ((5, 4), (4, 4), (2**31 - 1, 2**31 - 1), (-(2**31), 0), (0, 0x7F800000 >> 18)):
        with pytest.raises(ValueError, match="contradicts itself"):
            restore(state.replace(keys, struct.pack("<2i", *hostile)))


def test_rows_of_another_width_are_not_appended() -> None:
    narrow, wide = of_floats(1, 2), of_floats(1, 2, 3)
    before = narrow.copy()
    with pytest.raises(ValueError, match="rows of 2 columns and of 3 are not of the same tensor"):
        narrow.append(wide)
    assert narrow == before


def test_statistics_are_appended_to_themselves() -> None:
    statistics = of_floats(*range(1, 300))
    statistics.append(statistics)
    expected = of_floats(*range(1, 300))
    expected.append(of_floats(*range(1, 300)))
    assert statistics == expected


CLASSES = [value for value in vars(_core).values() if isinstance(value, type) and not issubclass(value, Exception)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_object_that_was_never_initialized_has_no_value(kind: Any) -> None:
    empty = kind.__new__(kind)
    readable = [name for name, value in vars(kind).items() if isinstance(value, property)]
    uses: list[Callable[[], object]] = [partial(getattr, empty, name) for name in readable]
    uses += [
        getattr(empty, name) for name in ("__copy__", "__getstate__", "__reduce__", "fields") if name in vars(kind)
    ]
    uses += [partial(empty.__eq__, empty)] if "__eq__" in vars(kind) else []
    assert uses
    for use in uses:
        with pytest.raises(TypeError):
            use()
