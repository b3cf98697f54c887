"""What spectra of an earlier run, as of one that was given up, have already."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..errors import SpectraError
from ..models.subject import same_model

if TYPE_CHECKING:
    from ..models.subject import Subject
    from .head_products import LayerHeads
    from .matrix_record import MatrixSpectrum
    from .places import Matrix
    from .spectra_document import HeadSpectrum, SpectraSettings
    from .spectra_result import Spectra


class Known:
    """Records of an earlier run.

    Args:
        matrices: finished ones.
        heads: those of finished layers.
    """

    def __init__(self, matrices: list[MatrixSpectrum], heads: list[HeadSpectrum]) -> None:
        self._matrices = {(each.name, each.expert, each.part): each for each in matrices}
        self._heads: dict[tuple[int, str | None], list[HeadSpectrum]] = defaultdict(list)
        for each in heads:
            self._heads[each.layer, each.stack].append(each)

    @classmethod
    def of(cls, previous: Spectra | None, model: Subject, settings: SpectraSettings) -> Known:
        """The records of an earlier run of the same model by the same settings, whether outer matrices were in or not.

        Raises:
            SpectraError: It was of another model, or by other settings.
        """
        if previous is None:
            return cls([], [])
        document = previous.document
        if not same_model(document.model, model):
            raise SpectraError(f"the earlier spectra are of another model, {document.model.title!r}")
        if _decisive(document.settings) != _decisive(settings):
            raise SpectraError("the earlier spectra were made by other settings")
        return cls(document.matrices, document.heads)

    def matrix(self, matrix: Matrix) -> MatrixSpectrum | None:
        """The record of a matrix, if it is there."""
        return self._matrices.get((matrix.tensor.name, matrix.expert, matrix.part))

    def layer(self, layer: LayerHeads) -> list[HeadSpectrum] | None:
        """The records of the heads of a layer, if they are all there: of some tensors, a product may be missing."""
        there = self._heads.get((layer.layer, layer.stack), [])
        heads = [(product, head) for product, query, _ in layer.pairs for head in range(query.n_heads)]
        return there if [(each.product, each.head) for each in there] == heads else None


def _decisive(settings: SpectraSettings) -> tuple[object, ...]:
    """The settings that the records of matrices depend on."""
    return settings.stored, settings.longest_exact, settings.draws, settings.significance, settings.seed
