"""The mix of types of a file in a sentence: what it declares, what most matrices are, and which have other types."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, cast

from ...models.file_types import fallback_text, file_type_of_tensors
from .role_order import in_order
from .words import Own, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...models.tensor import Tensor
    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row

_MOST_TYPES = 4  # named beside the usual one
_MOST_PLACES = 5  # named of a type


def mix_sentence(profile: Profile, declared: str | None) -> Words:
    """The mix of a file, as `"Declared Q4_K_M: most matrices are Q4_K; Q6_K (more bits): output."`."""
    matrices = [row for row in profile.tensors.values() if row.is_matrix and row.type is not None and row.n_elements]
    label = own("Declared {}", declared) if declared else Own("No type declared")
    if not matrices:
        return own("{}; there are no matrices.", label)
    usual, *others = (name for name, _ in Counter(str(row.type) for row in matrices).most_common())
    if not others:
        return own("{}: every matrix is {}.{}", label, usual, _why(profile, declared))
    clauses: list[Words] = [own("most matrices are {}", usual)]
    clauses += [_clause(name, matrices, usual) for name in others[:_MOST_TYPES]]
    if len(others) > _MOST_TYPES:
        clauses.append(own("{} more types", len(others) - _MOST_TYPES))
    return own("{}: {}.{}", label, joined(clauses, "; "), _why(profile, declared))


def _why(profile: Profile, declared: str | None) -> Words:
    """The reason for types that the label does not name, where the rows' lengths are one."""
    tensors = [cast("Tensor", row) for row in profile.tensors.values() if row.type is not None]
    reason = fallback_text(file_type_of_tensors(declared, tensors))
    return own(" {}.", reason[:1].upper() + reason[1:]) if reason else ""


def _clause(name: str, matrices: Sequence[Row], usual: str) -> Words:
    """A type beside the usual one, whether it has more bits, and where it is."""
    bits = {each: _bits(matrices, each) for each in (name, usual)}
    amount = "more" if bits[name] > bits[usual] else "fewer" if bits[name] < bits[usual] else "as many"
    places = list(_places(name, matrices))
    more = [own("{} more", len(places) - _MOST_PLACES)] if len(places) > _MOST_PLACES else []
    return own("{} ({} bits): {}", name, Own(amount), joined([*places[:_MOST_PLACES], *more]))


def _bits(matrices: Sequence[Row], name: str) -> float:
    """Bits per weight of the matrices of a type."""
    of_type = [row for row in matrices if row.type == name]
    return 8 * sum(row.n_bytes for row in of_type) / sum(row.n_elements for row in of_type)


def _places(name: str, matrices: Sequence[Row]) -> Iterator[Words]:
    """The roles that have a type, and in how many of their layers; those of equally many together."""
    of_role: dict[str | None, list[Row]] = defaultdict(list)
    for row in matrices:
        of_role[row.role].append(row)
    together: dict[tuple[int, int, bool], list[str]] = defaultdict(list)
    for role in in_order(of_role):
        rows = of_role[role]
        n_of_type = sum(row.type == name for row in rows)
        if n_of_type:
            in_layers = all(row.layer is not None for row in rows)
            together[n_of_type, len(rows), in_layers].append("other matrices" if role is None else role)
    for (n_of_type, n_all, in_layers), roles in together.items():
        names = joined(roles[:_MOST_PLACES], ", ") if len(roles) != 2 else own("{} and {}", *roles)
        more = own(" and {} more", len(roles) - _MOST_PLACES) if len(roles) > _MOST_PLACES else ()
        unit = "layers" if in_layers else "tensors"
        share = f" in all {n_all} {unit}" if n_of_type == n_all else f" in {n_of_type} of {n_all} {unit}"
        yield own("{}{}{}", names, more, Own(share if n_all > 1 else ""))
