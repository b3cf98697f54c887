"""Budgets: bits per weight, or the size of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...text.numbers import BYTES_OF_UNIT

if TYPE_CHECKING:
    from ...models.model import Model

_TEXT = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(bpw|[kmgt]?i?b)\s*", re.IGNORECASE)
_MOST_BITS = 64
_ROUNDING = 1e-3  # of a byte: bits per weight that were computed from a size give that size again


@dataclass(frozen=True)
class Budget:
    """How large a model may be.

    Attributes:
        text: as it was asked for.
        bits_per_weight: of all tensors, without header and padding; None for a size.
        file_bytes: of the whole file; None for bits per weight.
    """

    text: str
    bits_per_weight: float | None = None
    file_bytes: int | None = None

    def tensor_bytes(self, model: Model) -> int:
        """The bytes that the tensors of a model may take: what its header and metadata take is no room for them."""
        if self.bits_per_weight is not None:
            return int(self.bits_per_weight * model.n_parameters / 8 + _ROUNDING)
        return (self.file_bytes or 0) - overhead(model)


def parse_budget(text: str) -> Budget:
    """The budget in a text as `4.8bpw`, `5.2GB`, `900MB` or `4.9GiB`.

    Raises:
        ValueError: It is none of these, or nothing fits in it.

    >>> parse_budget("4.8bpw").bits_per_weight, parse_budget("1.5 GiB").file_bytes
    (4.8, 1610612736)
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"--budget takes bits per weight or a size, as 4.8bpw, 5.2GB or 4.9GiB, not {text!r}")
    number, unit = float(match[1]), match[2].upper()
    if number == 0:
        raise ValueError(f"--budget must be more than nothing, not {text!r}")
    if unit == "BPW":
        if number > _MOST_BITS:
            raise ValueError(f"--budget can be at most {_MOST_BITS}bpw, not {text!r}")
        return Budget(text.strip(), bits_per_weight=number)
    return Budget(text.strip(), file_bytes=int(number * BYTES_OF_UNIT[unit]))


def overhead(model: Model) -> int:
    """Bytes of a model's files that are not its tensors': header, metadata, padding."""
    return sum(model.file_sizes) - model.n_bytes
