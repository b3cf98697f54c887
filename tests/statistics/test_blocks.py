"""Block scales and codes of every quantized type against the oracle of the formats."""

from __future__ import annotations

import numpy as np
import pytest

from ggufscope import _core
from support import reference_formats
from support.observing import assert_close
from support.reference import EXPECTED, Sample, code_entropy, scale_statistics

ROWS, COLUMNS = 12, 1280
SCALED = [qtype for qtype in _core.types() if qtype["scales_per_block"]]
CODED = [qtype for qtype in _core.types() if qtype["code_bits"]]
SIGNED_BYTES = ("Q8_0", "Q8_1", "Q8_K")


def random_blocks(qtype: _core.TypeDescription) -> np.ndarray:
    n_blocks = ROWS * COLUMNS // qtype["elements_per_block"]
    rng = np.random.default_rng(qtype["id"])
    return rng.integers(0, 256, (n_blocks, qtype["bytes_per_block"]), dtype=np.uint8)


def observed(qtype: _core.TypeDescription, blocks: np.ndarray, isa: str = "") -> dict[str, object]:
    return _core.observe_buffer(blocks.reshape(-1), qtype["id"], ROWS, COLUMNS, isa=isa).fields()


@pytest.mark.parametrize("qtype", SCALED, ids=lambda qtype: qtype["name"])
def test_scales(qtype: _core.TypeDescription, isa: str) -> None:
    blocks = random_blocks(qtype)
    found = observed(qtype, blocks, isa)
    scales = reference_formats.scales(blocks, qtype["name"]).astype(np.float32).reshape(-1)
    assert len(scales) == len(blocks) * qtype["scales_per_block"]
    for name, expected in scale_statistics(scales).items():
        if name == "block_scale_mean":
            assert found[name] == pytest.approx(expected, rel=1e-9)
        else:
            assert found[name] == expected, name


@pytest.mark.parametrize("qtype", CODED, ids=lambda qtype: qtype["name"])
def test_codes(qtype: _core.TypeDescription, isa: str) -> None:
    blocks = random_blocks(qtype)
    found = observed(qtype, blocks, isa)
    codes = reference_formats.codes(blocks, qtype["name"]).reshape(-1)
    assert len(codes) == ROWS * COLUMNS
    assert found["code_entropy"] == pytest.approx(code_entropy(codes), rel=1e-12)
    low, high = (-127, 127) if qtype["name"] in SIGNED_BYTES else (0, saturated_end(qtype))
    assert found["code_saturation"] == np.count_nonzero((codes <= low) | (codes >= high)) / len(codes)


@pytest.mark.parametrize(
    ("ones", "entropy"),
    [
        (838, "0x1.38c7b27afff6cp-2"),
        (1147, "0x1.885362e61c1b3p-2"),
        (5504, "0x1.e1f0e5cc832d6p-1"),
        (6766, "0x1.fac1af85ab914p-1"),
    ],
)
def test_entropy_has_the_same_bits_on_every_machine(ones: int, entropy: str) -> None:
    """With these shares, glibc's log2 gives one result where a CPU fuses multiply and add, and another where not."""
    (q1_0,) = (qtype for qtype in CODED if qtype["name"] == "Q1_0")
    codes = np.packbits(np.arange(ROWS * COLUMNS) < ones).reshape(-1, 16)
    scales = np.zeros((len(codes), 2), np.uint8)
    assert observed(q1_0, np.hstack([scales, codes]))["code_entropy"] == float.fromhex(entropy)


def saturated_end(qtype: _core.TypeDescription) -> int:
    ternary = {"TQ1_0": 2, "TQ2_0": 2}
    bits = {"Q1_0": 1, "Q2_0": 2, "Q2_K": 2, "Q3_K": 3, "Q4_0": 4, "Q4_1": 4, "Q4_K": 4, "Q5_0": 5, "Q5_1": 5}
    return ternary.get(qtype["name"]) or 2 ** (bits | {"Q5_K": 5, "Q6_K": 6})[qtype["name"]] - 1


@pytest.mark.parametrize("qtype", _core.types(), ids=lambda qtype: qtype["name"])
def test_values_of_every_type(qtype: _core.TypeDescription) -> None:
    """Moments, extremes, counts and norms of decoded random blocks, NaN and Inf among them."""
    blocks = random_blocks(qtype)
    weights = reference_formats.dequantize(blocks, qtype["name"]).reshape(ROWS, COLUMNS)
    found = observed(qtype, blocks)
    beyond = beyond_float32(blocks.view(np.float64)) if qtype["name"] == "F64" else 0
    assert found.get("beyond_float32_count", 0) == beyond
    sample = Sample(weights, beyond_float32=beyond)
    for name, expected in EXPECTED.items():
        assert_close(name, found[name], expected(sample), sample)


def beyond_float32(numbers: np.ndarray) -> int:
    with np.errstate(all="ignore"):
        return int(np.count_nonzero(np.isfinite(numbers) & np.isinf(numbers.astype(np.float32))))


@pytest.mark.parametrize("fast", [False, True])
def test_a_double_beyond_float32_is_no_inf(fast: bool, isa: str) -> None:
    """The largest that rounds to a float32, the least that does not, and true infinities."""
    least_beyond = 2.0**128 - 2.0**103
    largest_within = np.nextafter(least_beyond, 0)
    numbers = np.ones((3, 700))
    numbers.flat[:6] = [1e300, least_beyond, -least_beyond, largest_within, np.inf, -np.inf]
    fields = _core.observe_buffer(numbers.view(np.uint8).reshape(-1), 28, 3, 700, fast=fast, isa=isa).fields()
    assert (fields["inf_count"], fields["beyond_float32_count"], fields["nan_count"]) == (2, 3, 0)
    assert (fields["n_elements"], fields["max"]) == (numbers.size, float(np.finfo(np.float32).max))
    heads = _core.Statistics()
    heads.merge(_core.observe_buffer(numbers.view(np.uint8).reshape(-1), 28, 3, 700, isa=isa))
    assert heads.fields()["beyond_float32_count"] == 3


def test_types_without_codes_say_nothing_of_them() -> None:
    plain = {qtype["name"] for qtype in _core.types()} - {qtype["name"] for qtype in CODED}
    assert plain >= {"F32", "F16", "BF16", "F64", "I8", "IQ2_XXS", "IQ4_NL", "IQ4_XS", "MXFP4", "NVFP4"}
    fields = _core.observe_buffer(np.ones((2, 32), np.float32).view(np.uint8).reshape(-1), 0, 2, 32).fields()
    assert not [name for name in fields if name.startswith(("code_", "block_scale_"))]
