"""Uniform numbers by place: each depends on the seed, its sequence and its step alone, not on what was drawn before.

A generator with a counter (Philox 4x64, Salmon et al. 2011) needs no state between draws, and so the order in which
sequences are continued, their number and the threads that do it leave every number as it is.
"""

from __future__ import annotations

import numpy as np

_MOST_SEED = 1 << 128  # what the key of the generator holds


def check_seed(seed: int) -> int:
    """The seed.

    Raises:
        ValueError: It is negative, or larger than a key of the generator.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed!r}")
    if seed >= _MOST_SEED:
        raise ValueError(f"seed must be below 2**128, not {seed!r}")
    return seed


def uniform(seed: int, sequence: int, step: int) -> float:
    """The number of a step of a sequence, in [0, 1): the upper 53 bits of the first word of NumPy's Philox.

    Its key is `seed`, its counter (sequence, step, 0, 0), which NumPy counts up by one before the first word.

    >>> uniform(0, 3, 5) == uniform(0, 3, 5), uniform(0, 3, 5) == uniform(0, 5, 3)
    (True, False)
    """
    words = np.random.Philox(key=seed, counter=[sequence, step, 0, 0])
    return (int(words.random_raw()) >> 11) * 2.0**-53
