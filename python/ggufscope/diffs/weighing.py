"""Importance in a diff: squared errors weighted with the mean squares of what each column multiplies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import DiffError
from ..text.names import base_name
from .figures import Weighted
from .records import ImportanceNote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from ..models.importance import Importance
    from .matching import Matching, TensorPair
    from .observing import ObservedPair


def weighted_figures(observed: ObservedPair, importance: Importance | None) -> dict[str, Any]:
    """The weighted fields of `Errors`; none where no importance of the pair is known.

    An expert that nothing is known of has no weight. Sums over columns are kept for each expert, so the figures are
    exact; they are not for stacks of matrices so tiny that the core takes them as one, which have none.

    Raises:
        ImportanceError: The importance is of another model.
        GGUFError: A file shrank since it was opened.
    """
    weights = None if importance is None else weights_of(observed.pair, importance)
    if weights is None or len(weights) != len(observed.parts):
        return {}
    errors, references = [], []
    for part, of_columns in zip(observed.parts, weights, strict=True):
        fields = part.fields()
        if "column_error_squares" not in fields:  # more columns than any model has
            return {}
        errors.append(math.fsum(of_columns * fields["column_error_squares"]))
        references.append(math.fsum(of_columns * fields["column_reference_squares"]))
    return Weighted(math.fsum(errors), math.fsum(references)).figures()


def weights_of(pair: TensorPair, importance: Importance) -> npt.NDArray[np.float64] | None:
    """E[x²] of each column, (experts, columns); None where nothing is known, under the model's name or the reference's.

    Raises:
        ImportanceError: The importance is of another model.
        GGUFError: Its file shrank since it was opened.
    """
    for tensor in (pair.model, pair.reference):
        weights = importance.weights(tensor)
        if weights is not None:
            return weights
    return None


def importance_note(importance: Importance, matchings: Sequence[Matching]) -> ImportanceNote:
    """The record of the importance.

    Raises:
        DiffError: It says nothing of any matrix that is compared.
    """
    pairs = {pair.reference.name: pair for each in matchings for pair in each.pairs if pair.reference.kind == "matrix"}
    known = {
        name: sums
        for name, pair in pairs.items()
        if (sums := importance.sums.get(pair.model.name) or importance.sums.get(name)) is not None
    }
    if not known:
        raise DiffError(f"{base_name(importance.path)}: the importance matrix has no tensor of those that are compared")
    return ImportanceNote(
        file=base_name(importance.path),
        datasets=importance.datasets,
        n_chunks=importance.chunk_count,
        without=[name for name in pairs if name not in known],
        experts_without_data={name: sums.without_data for name, sums in known.items() if sums.without_data},
    )
