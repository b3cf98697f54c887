"""Records of the output errors of matrices, from the squares that were added up."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..run_record import ExpertError, MatrixError
from .stream_drift import ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .output_errors import Squares
    from .partners import Key, Partners

    Measured = list[tuple[Partners, Squares]]


def matrix_errors(
    partners: Mapping[Key, Partners], squares: Mapping[Key, Squares]
) -> tuple[list[MatrixError], list[str]]:
    """The records in the order of the network, those of a stack of experts as one; and tensors without any token."""
    together: dict[tuple[str, str], Measured] = defaultdict(list)
    for key, each in partners.items():
        together[each.reference.tensor.name, each.part].append((each, squares[key]))
    measured = {key: group for key, group in together.items() if any(sums.n_tokens for _, sums in group)}
    names = {name for name, _ in measured}
    unmeasured = dict.fromkeys(name for name, _ in together if name not in names)
    return [_record(group) for group in measured.values()], list(unmeasured)


def _record(group: Measured) -> MatrixError:
    first, sums = group[0]
    ours, theirs = first.reference.tensor, first.model.tensor
    of_experts = first.expert is not None
    return MatrixError(
        name=ours.name,
        model_name=None if theirs.name == ours.name else theirs.name,
        part=first.part,
        role=ours.role,
        layer=first.layer,
        reference_type=ours.type,
        model_type=theirs.type,
        n_tokens=sum(each.n_tokens for _, each in group),
        error=ratio(sum(each.errors.sum() for _, each in group), sum(each.reference.sum() for _, each in group)),
        error_first=ratio(sum(each.first_error for _, each in group), sum(each.first_reference for _, each in group)),
        heads=_of_heads(first, sums),
        experts=[_of_expert(*each) for each in group if each[1].n_tokens] if of_experts else [],
    )


def _of_heads(partners: Partners, squares: Squares) -> list[float | None]:
    if partners.row_heads:
        by_row = (squares.errors, squares.reference)
        errors, reference = (each.reshape(partners.row_heads, -1).sum(axis=1) for each in by_row)
    else:
        errors, reference = squares.head_errors, squares.head_reference
    return [ratio(*pair) for pair in zip(errors.tolist(), reference.tolist(), strict=True)]


def _of_expert(partners: Partners, squares: Squares) -> ExpertError:
    assert partners.expert is not None  # noqa: S101
    return ExpertError(partners.expert, squares.n_tokens, ratio(squares.errors.sum(), squares.reference.sum()))
