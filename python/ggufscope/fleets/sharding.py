"""Shards of fleets: numbered parts that processes take without talking to each other.

The split depends on the names and sizes alone. Models go, the largest first, to the shard that has the fewest bytes so
far; a model whose size is not known counts as much as the median of the others.
"""

from __future__ import annotations

import heapq
import re
from statistics import median_low
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .listing import Listed

_FORM = re.compile(r"(\d{1,9})/(\d{1,9})")


class Shard(NamedTuple):
    """A numbered part.

    Attributes:
        number: from 1.
        total: how many there are.
    """

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The shard of a text.

        Raises:
            ValueError: It is none.

        >>> Shard.parse("3/16")
        Shard(number=3, total=16)
        """
        match = _FORM.fullmatch(text.strip())
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.total:
            raise ValueError(f"no shard {text!r}: 3/16 is the third of sixteen")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"

    def of(self, models: Sequence[Listed]) -> list[Listed]:
        """The models of this shard, in the order that they came in."""
        mine = self.of_sizes({each.source.name: each.source.n_bytes for each in models})
        return [each for each in models if each.source.name in mine]

    def of_sizes(self, sizes: Mapping[str, int | None]) -> set[str]:
        """The names of this shard, of models by name and size."""
        known = [size for size in sizes.values() if size is not None]
        usual = median_low(known) if known else 1
        ordered = sorted(sizes, key=lambda name: (-_weight(sizes[name], usual), name))
        shards = [(0, number) for number in range(1, self.total + 1)]
        mine = set()
        for name in ordered:
            n_bytes, number = heapq.heappop(shards)
            heapq.heappush(shards, (n_bytes + _weight(sizes[name], usual), number))
            if number == self.number:
                mine.add(name)
        return mine


def _weight(size: int | None, usual: int) -> int:
    return 1 + (usual if size is None else size)  # of empty files, too, every shard gets its share
