"""Sizes at which the streamed engine splits its work; another size changes speed and memory, not what is computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StreamLimits:
    """Sizes of tiles, parts and scores.

    Attributes:
        tile_bytes: of a decoded tile: GEMM likes them long. (Zen 5, Q4_K, 14336 columns, 465 tokens, GFLOP/s of one
            thread: 80, 98, 111 with 2, 4, 8 MiB.)
        many_tokens: from so many on products are left to BLAS. (Xeon with AVX-512, two threads, 59 M weights of Q4_K,
            4096 columns, ms of core and BLAS: 20 tokens 14, 47; 48: 34, 62; 63: 46, 86; 96: 69, 84. With AVX2 alone,
            before buffers were aligned: 20 tokens 36, 42; 48: 76, 67; 64: 89, 82.)
        part_work: handed to the core at once, in multiplications and about eight for each weight decoded: a tenth to a
            third of a second, after which Python looks whether it is interrupted.
        score_bytes: of the attention scores that are held at a time, unless those of one head are more.
        most_score_bytes: of the scores of one head; more is refused.
    """

    tile_bytes: int = 1 << 23
    many_tokens: int = 64
    part_work: int = 1 << 32
    score_bytes: int = 1 << 26
    most_score_bytes: int = 1 << 30


DEFAULT_LIMITS = StreamLimits()
