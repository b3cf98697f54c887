"""Mixes: an option for each tensor that has a choice, and what a whole model of them takes and costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...inputs.naming import file_name
from ...models.recipes import recipe_for
from .bits_document import ChosenTensor, GivenMix, MixPoint, TypeOption
from .candidates import chosen_tensors
from .frontier import Options, corners, least_cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...models.model import Model
    from ..costs import Costs
    from .candidates import Candidate

_MOST_POINTS = 200  # of the curve


class Table:
    """The tensors that have a choice, their options and what these cost.

    Args:
        reference: the model, open.
        candidates: name → type → candidate.
        kept: name → type that the tensor has to have.
        costs: of all candidates.

    Attributes:
        fixed_bytes: of the tensors without a choice.
    """

    def __init__(
        self,
        reference: Model,
        candidates: Mapping[str, Mapping[str, Candidate]],
        kept: Mapping[str, str],
        costs: Costs,
    ) -> None:
        self._reference = reference
        self._kept = kept
        self._options = {name: _options(name, each, costs) for name, each in candidates.items()}
        self._allowed = {
            name: [option for option in options if kept.get(name, option.type) == option.type]
            for name, options in self._options.items()
        }
        self._arrays = [_arrays(options) for options in self._allowed.values()]
        self.fixed_bytes = reference.n_bytes - sum(reference.tensors[name].n_bytes for name in candidates)

    def answers(self, room: int, models: Sequence[Model], *, weighted: bool) -> dict[str, Any]:
        """What a document says of the mix of least cost within so many bytes, and of others beside it.

        Args:
            room: the bytes.
            models: the given files.
            weighted: whether an importance matrix had a part in what ggml made, and so belongs to the recipe.

        Raises:
            ValueError: Even the smallest mix takes more.
        """
        known = [picks for model in models if (picks := self._picks(model)) is not None]
        choice = least_cost(self._arrays, room, known)
        tensors = [
            self._tensor(name, self._allowed[name][pick])
            for name, pick in zip(self._options, choice.picks, strict=True)
        ]
        reference = self._reference
        recipe = recipe_for(
            list(reference.tensors.values()),
            {tensor.name: tensor.type for tensor in tensors},
            architecture=reference.architecture,
        )
        return {
            "mix": self._point(choice.n_bytes, choice.cost),
            "exact": choice.exact,
            "tensors": tensors,
            "unchosen": [tensor.name for tensor in chosen_tensors(reference) if tensor.name not in self._options],
            "recipe": replace(recipe, needs_importance=recipe.needs_importance or weighted).to_json(),
            "curve": self._curve(),
            "given": [self._given(model) for model in models],
        }

    def _tensor(self, name: str, chosen: TypeOption) -> ChosenTensor:
        tensor = self._reference.tensors[name]
        return ChosenTensor(
            name=name,
            role=tensor.role,
            layer=tensor.layer,
            shape=list(tensor.shape),
            type=chosen.type,
            n_bytes=chosen.n_bytes,
            cost=chosen.cost,
            kept=name in self._kept,
            options=self._options[name],
        )

    def _point(self, n_bytes: int, cost: float) -> MixPoint:
        whole = n_bytes + self.fixed_bytes
        return MixPoint(whole, self._rate(whole), cost)

    def _rate(self, n_bytes: int) -> float:
        return 8 * n_bytes / self._reference.n_parameters

    def _curve(self) -> list[MixPoint]:
        points = corners(self._arrays)
        step = max(1, -(-len(points) // _MOST_POINTS))
        return [self._point(each.n_bytes, each.cost) for each in [*points[:-1:step], points[-1]]]

    def _picks(self, model: Model) -> list[int] | None:
        """The allowed options that a given file has taken; None where it has others, or not all of the tensors."""
        picks = []
        for name, options in self._allowed.items():
            tensor = model.tensors.get(name)
            kinds = [option.type for option in options]
            if tensor is None or tensor.shape != self._reference.tensors[name].shape or tensor.type not in kinds:
                return None
            picks.append(kinds.index(tensor.type))
        return picks

    def _given(self, model: Model) -> GivenMix:
        taken = [self._option_of(model, name) for name in self._options]
        whole = [option for option in taken if option is not None]
        complete = len(whole) == len(taken)
        room = sum(option.n_bytes for option in whole)
        n_bytes = room + self.fixed_bytes if complete else model.n_bytes
        least = self._least_cost(n_bytes - self.fixed_bytes)
        cost = sum(option.cost for option in whole) if complete else None
        return GivenMix(file_name(model.path), n_bytes, self._rate(n_bytes), cost, least)

    def _least_cost(self, room: int) -> float | None:
        if sum(int(each.n_bytes.min()) for each in self._arrays) > room:
            return None
        return least_cost(self._arrays, room).cost

    def _option_of(self, model: Model, name: str) -> TypeOption | None:
        tensor = model.tensors.get(name)
        if tensor is None or tensor.shape != self._reference.tensors[name].shape:
            return None
        return next((option for option in self._options[name] if option.type == tensor.type), None)


def _options(name: str, candidates: Mapping[str, Candidate], costs: Costs) -> list[TypeOption]:
    """The options of a tensor, by size."""
    options = [
        TypeOption(each.type, each.n_bytes, costs.of(name, each.type), each.source) for each in candidates.values()
    ]
    return sorted(options, key=lambda option: (option.n_bytes, option.cost))


def _arrays(options: Sequence[TypeOption]) -> Options:
    return Options(
        np.array([option.n_bytes for option in options], np.int64), np.array([option.cost for option in options])
    )
