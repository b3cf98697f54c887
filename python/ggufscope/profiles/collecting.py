"""Sorts the statistics of tensors, in file order, into the rows and roll-ups of a profile."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.statistics import TensorStatistics, whole_of
from ..models.experts import holds_experts, is_role_of_experts
from ..models.halves import half_roles
from ..models.heads import heads
from ..models.stacks import MAIN, part_of
from .head_table import MOST_PLACES, HeadTable, column_norms, head_fields
from .profile_result import Profile
from .rollup import THIRDS, Groups, MergedByKind, third_name, thirds_of
from .rows import PARTS, Row, with_vector_summaries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._core import Part, Statistics
    from ..models.model import Model
    from ..models.summary import ModelSummary
    from ..models.tensor import Tensor
    from .magnitudes import MagnitudeSketch
    from .profile_records import ProfileRun, ProfileSettings

_ROLE_OF_KIND = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output"}


class Collector:
    """Takes the tensors in file order and builds the profile."""

    def __init__(self, model: Model, keep_vectors: bool, stored: bool = False) -> None:
        tensors = model.tensors.values()
        self._geometry = {tensor.name: heads(model, tensor) for tensor in tensors}
        self._half_rows = model.half_rows
        self._keep_vectors = keep_vectors
        self._stored = stored
        self._thirds_of = thirds_of((stack, layer) for stack, layers in model.stacks.items() for layer in layers)
        self._tensors: dict[str, Row] = {}
        self._layers: Groups[tuple[str | None, int]] = Groups(MergedByKind)
        self._roles: Groups[str] = Groups()
        self._thirds: Groups[tuple[str | None, str]] = Groups(MergedByKind)
        self._stacks: Groups[str] = Groups(MergedByKind)
        self._experts: Groups[tuple[str, int]] = Groups()
        self._halves: Groups[tuple[str | None, int, str]] = Groups()
        self._total = MergedByKind()
        self._layer_roles: Groups[tuple[str | None, int, str]] = Groups()
        self._shared = {key for key, n in Counter(map(_layer_role, tensors)).items() if n > 1}
        self._heads: dict[str, dict[int, list[dict[str, float | None]]]] = defaultdict(dict)
        self._n_elements = sum(tensor.n_elements for tensor in tensors)
        self._n_scanned = 0

    @property
    def rows(self) -> dict[str, Row]:
        """Of the tensors so far, by name."""
        return self._tensors

    def add_all(self, batch: Iterable[tuple[Tensor, Sequence[Part]]]) -> None:
        """Add tensors with their parts."""
        for tensor, parts in batch:
            self.add(tensor, parts)

    def add(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        whole = whole_of(parts)
        fields = TensorStatistics.of(whole, n_bytes=tensor.n_bytes, shape=tensor.shape)
        self._tensors[tensor.name] = Row(
            with_vector_summaries(fields, self._keep_vectors),
            name=tensor.name,
            role=tensor.role,
            layer=tensor.layer,
            stack=tensor.stack,
            expert=tensor.expert,
            kind=tensor.kind,
            factor=None if self._stored else _factor(tensor),
            type=tensor.type,
            shape=tensor.shape,
            n_bytes=tensor.n_bytes,
        )
        self._n_scanned += whole.n_elements
        if tensor.kind in {"factor", "table"}:  # no weights by themselves
            return
        self._roll_up(tensor, whole)
        self._add_experts(tensor, parts)
        self._add_heads(tensor, parts, fields)
        if tensor.name in self._half_rows:
            self._add_halves(tensor, parts)

    def _roll_up(self, tensor: Tensor, whole: Statistics) -> None:
        key = None if tensor.layer is None else (tensor.stack, tensor.layer)
        self._layers.add(key, whole, tensor.n_bytes, tensor.kind)
        self._roles.add(tensor.role, whole, tensor.n_bytes)
        self._layer_roles.add(place if (place := _layer_role(tensor)) in self._shared else None, whole, tensor.n_bytes)
        third = None if key is None else (key[0], self._thirds_of[key])
        self._thirds.add(third, whole, tensor.n_bytes, tensor.kind)
        self._stacks.add(part_of(tensor.stack) or MAIN, whole, tensor.n_bytes, tensor.kind)
        self._total.add(whole, tensor.n_bytes, tensor.kind)

    def _add_experts(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        if not is_role_of_experts(tensor.role):
            return
        if tensor.expert is not None:
            self._experts.add((tensor.role, tensor.expert), whole_of(parts), tensor.n_bytes)
        elif holds_experts(tensor.shape) and len(parts) == tensor.n_experts:  # the core leaves tiny matrices together
            for part in parts:
                self._experts.add((tensor.role, part.index), part.statistics, tensor.n_bytes // len(parts))

    def _add_heads(self, tensor: Tensor, parts: Sequence[Part], fields: Mapping[str, Any]) -> None:
        geometry = self._geometry[tensor.name]
        if geometry is None or tensor.layer is None or len(parts) != 1:
            return
        if geometry.axis == "columns":
            of_heads = column_norms(fields["column_l2"], geometry.n_heads) if "column_l2" in fields else []
        else:
            of_heads = [head_fields(statistics) for statistics in parts[0].heads]
        if len(of_heads) != geometry.n_heads:
            return
        prefix = f"{tensor.stack}." if tensor.stack else ""
        for group in geometry.groups:
            of_group = of_heads[group.first_head : group.first_head + group.n_heads]
            self._heads[prefix + _ROLE_OF_KIND[group.kind]][tensor.layer] = of_group

    def finish(self, model: ModelSummary, settings: ProfileSettings, run: ProfileRun | None) -> Profile:
        layers = sorted(self._layers, key=lambda key: (key[0] is not None, key[0] or "", key[1]))
        return Profile(
            model=model,
            coverage=self._n_scanned / self._n_elements if self._n_elements else 1.0,
            settings=settings,
            tensors=self._tensors,
            layers={
                _layer_key(key): _row(values, stack=key[0], layer=key[1])
                for key, values in self._layers.values(layers).items()
            },
            roles={role: _row(values, role=role) for role, values in self._roles.values().items()},
            experts={
                key: _row(values, role=key[0], expert=key[1])
                for key, values in self._experts.values(sorted(self._experts)).items()
            },
            layer_roles={
                (_layer_key(key[:2]), key[2]): _row(values, stack=key[0], layer=key[1], role=key[2])
                for key, values in self._layer_roles.values().items()
            },
            halves={
                (_layer_key(key[:2]), key[2]): _row(values | {"n_tensors": 1}, stack=key[0], layer=key[1], role=key[2])
                for key, values in self._halves.values().items()
            },
            thirds={
                third_name(*key): _row(values, stack=key[0], third=key[1])
                for key, values in self._thirds.values(self._order_of_thirds()).items()
            },
            stack_totals=self._stack_totals(),
            heads={
                role: HeadTable.of(role, layers)
                for role, layers in sorted(self._heads.items())
                if len(layers) * max(map(len, layers.values())) <= MOST_PLACES
            },
            total=_row(self._total.values()),
            magnitudes=self._magnitudes(),
            run=run,
        )

    def _add_halves(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        """Gate and up of a tensor that holds both, over all experts and expert by expert."""
        groups = [group for part in parts for group in part.heads]
        if tensor.layer is None or tensor.role is None or len(groups) != 2 * tensor.n_experts:
            return
        for position, half in enumerate(groups):
            role, expert = half_roles(tensor.role)[position % 2], position // 2
            n_bytes = tensor.n_bytes // len(groups)
            self._halves.add((tensor.stack, tensor.layer, role), half, n_bytes)
            if len(parts) == tensor.n_experts > 1:
                self._experts.add((role, expert), half, n_bytes)

    def _order_of_thirds(self) -> list[tuple[str | None, str]]:
        stacks = sorted({stack for stack, _ in self._thirds}, key=lambda stack: (stack is not None, stack or ""))
        return [(stack, third) for stack in stacks for third in THIRDS]

    def _stack_totals(self) -> dict[str, Row]:
        """A row for each stack with all that belongs to it; none for a model that is but one stack."""
        totals = self._stacks.values(sorted(self._stacks, key=lambda stack: (stack != MAIN, stack)))
        return {stack: _row(values, stack=stack) for stack, values in totals.items()} if len(totals) > 1 else {}

    def _magnitudes(self) -> list[MagnitudeSketch]:
        """Of the whole model, then of each role; of those with weights and histograms."""
        sketches = [self._total.magnitudes(None), *(self._roles[role].magnitudes(role) for role in self._roles)]
        return [sketch for sketch in sketches if sketch is not None]


def _row(values: dict[str, Any], **place: Any) -> Row:
    about = {name: values.pop(name) for name in ("n_tensors", "n_bytes")} | place
    parts = {name: _row(values.pop(name), **place) for name in PARTS if name in values}
    return Row(values, **about, **parts)


def _factor(tensor: Tensor) -> tuple[float | None, ...] | None:
    """The factors of a tensor; None for one that is NaN or Inf, which JSON does not know.

    Of a grid, which may have thousands, the least and the largest that are not 0: a block of zeros may have any factor.
    """
    if tensor.factor is None:
        return None
    values = tensor.factor.values()
    if tensor.factor.grid is not None:
        finite = np.isfinite(values)
        usable = values[finite & (values != 0)]
        ends = [usable.min(), usable.max()] if usable.size else []
        values = np.array([*ends, *([np.nan] if not finite.all() else [])])
    return tuple(float(value) if np.isfinite(value) else None for value in values)


def _layer_role(tensor: Tensor) -> tuple[str | None, int, str] | None:
    """The place of a tensor that others may share, as experts do that have a tensor each."""
    if tensor.layer is None or tensor.role is None:
        return None
    return tensor.stack, tensor.layer, tensor.role


def _layer_key(key: tuple[str | None, int]) -> int | str:
    stack, layer = key
    return layer if stack is None else f"{stack}.{layer}"
