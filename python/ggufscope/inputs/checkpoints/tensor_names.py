"""GGUF's names of tensors, by the tables of the gguf package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gguf import TensorNameMap

_SUFFIXES = (".weight", ".bias")
_LONGEST_NUMBER = 6  # digits; a layer beyond has no name in GGUF


class TensorNames:
    """Names of one architecture, for so many layers.

    The tables are made for one layer and asked for layer 0: for 100 layers they take a tenth of a second.
    """

    def __init__(self, architecture: str, n_layers: int) -> None:
        self._n_layers = n_layers
        self._table = _table(architecture)

    def __call__(self, name: str) -> str | None:
        """GGUF's name for that of a checkpoint; None where the tables have none, as for a layer that is too many."""
        parts = name.split(".")
        at = next((n for n, part in enumerate(parts) if part.isascii() and part.isdigit()), None)
        if at is None:
            return self._table.get_name(name, _SUFFIXES)
        number = parts[at]
        if len(number) > _LONGEST_NUMBER or int(number) >= self._n_layers or str(int(number)) != number:
            return None
        parts[at] = "0"
        of_first = self._table.get_name(".".join(parts), _SUFFIXES)
        return None if of_first is None else of_first.replace("blk.0.", f"blk.{number}.", 1)


def knows(architecture: str) -> bool:
    """Whether the installed gguf package has tables for an architecture."""
    import gguf  # noqa: PLC0415  40 ms, for checkpoints alone

    return architecture in gguf.MODEL_ARCH_NAMES.values()


def _table(architecture: str) -> TensorNameMap:
    import gguf  # noqa: PLC0415

    arch = next(each for each, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    return gguf.get_tensor_name_map(arch, 1)
