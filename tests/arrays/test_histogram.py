"""The text form of histograms."""

import base64
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggufscope.arrays.histogram import HIGHEST_BIN, LOWEST_BIN, decode, encode, histogram_edges

histograms = st.dictionaries(st.integers(LOWEST_BIN, HIGHEST_BIN), st.integers(1, (1 << 62) - 1), max_size=60).map(
    lambda counts: (np.array(sorted(counts), np.int32), np.array([counts[k] for k in sorted(counts)], np.uint64))
)


@given(histograms)
def test_decode_gives_back_what_was_encoded(histogram):
    bins, counts = decode(encode(histogram))
    assert bins.dtype == np.int32
    assert counts.dtype == np.uint64
    np.testing.assert_array_equal(bins, histogram[0])
    np.testing.assert_array_equal(counts, histogram[1])


def test_the_layout_is_the_one_that_is_documented():
    text = encode((np.array([-3, 5], np.int32), np.array([300, 299], np.uint64)))
    # 2 bins; −3; 5 − −3 − 1; 300; −1
    assert zlib.decompress(base64.b64decode(text)) == bytes([2, 5, 7, 600 & 127 | 128, 600 >> 7, 1])


def test_a_histogram_of_a_normal_tensor_is_small():
    magnitudes = np.abs(np.random.default_rng(1).normal(0, 0.02, 1 << 20)).astype(np.float32)
    found = np.unique(magnitudes.view(np.uint32).astype(np.int64) >> 18, return_counts=True)
    assert len(found[0]) > 400
    assert len(encode((found[0].astype(np.int32), found[1].astype(np.uint64)))) < 2 * len(found[0])


def packed(*numbers):
    return base64.b64encode(zlib.compress(bytes(numbers))).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64 !",
        base64.b64encode(b"no zlib").decode(),
        base64.b64encode(zlib.compress(b"\x00" * 40)[:-6]).decode(),
        packed(),
        packed(1),  # one bin, nothing else
        packed(2, 0, 0, 2),  # a count is missing
        packed(1, 0, 2, 2),  # too many
        packed(1, 0, 0),  # a count of zero
        packed(1, 0, 1),  # a negative one
        packed(1, 0, 130),  # ends within a number
        packed(1, 0, *[255] * 12, 1),  # a number of 90 bits
        packed(1, 255, 255, 127, 2),  # a bin beyond float32
        packed(2, 0, *[255] * 8, 127, 2, 2),  # a gap that would wrap around
        base64.b64encode(zlib.compress(b"\x00" * (2 << 20))).decode(),  # far more than it can hold
    ],
)
def test_a_malformed_text_is_refused(text):
    with pytest.raises(ValueError, match="malformed histogram"):
        decode(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(data):
    text = base64.b64encode(zlib.compress(data)).decode()
    try:
        bins, counts = decode(text)
    except ValueError:
        with pytest.raises(ValueError, match="malformed histogram"):
            decode(text)
    else:
        assert np.all(np.diff(bins) > 0)
        assert np.all(counts > 0)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_value_lies_between_the_edges_of_its_bin(value):
    bits = int(np.float32(value).view(np.uint32))
    magnitude = (bits & 0x7FFFFFFF) >> 18
    low, high = histogram_edges([-1 - magnitude if bits >> 31 else magnitude])
    assert low[0] <= np.float32(value) <= high[0]


def test_a_refusal_keeps_nothing_of_what_was_unpacked():
    bomb = base64.b64encode(zlib.compress(b"\x00" + b"\x01" * (1 << 24))).decode()
    assert len(bomb) < 1 << 15
    tracemalloc.start()
    refusals = []
    for _ in range(20):
        with pytest.raises(ValueError, match="malformed histogram") as caught:
            decode(bomb)
        refusals.append(caught.value)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1 << 20
