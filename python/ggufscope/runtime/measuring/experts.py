"""Which experts the tokens of a mixture chose, counted prompt by prompt and layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array

EXPERT_FIGURES = {
    "token_share": "share of the tokens that chose the expert: those of a layer sum up to the experts of a token",
    "weight_share": "share of the weights that the router gave in a layer: those of its experts sum up to 1",
}


FIRST = 16  # tokens of a prompt whose choices are kept one by one


class ExpertUse:
    """Counts of choices and sums of weights, filled while an engine reads.

    Args:
        n_prompts: number of prompts.
        n_experts: of each layer; 0 for a dense one.

    Attributes:
        first_choices: (prompt, layer) → experts and weights of its first tokens, each (tokens, used).
    """

    def __init__(self, n_prompts: int, n_experts: tuple[int, ...]) -> None:
        self.n_experts = n_experts
        shape = (n_prompts, len(n_experts))
        self._tokens = np.zeros((*shape, 1))
        self._choices = np.zeros((*shape, max(n_experts, default=0)))
        self._weights = np.zeros_like(self._choices)
        self.first_choices: dict[tuple[int, int], tuple[npt.NDArray[np.integer], Array]] = {}

    def take(self, prompt: int, layer: int, experts: npt.NDArray[np.integer], weights: Array) -> None:
        """Count the choices of some tokens: experts and their weights, each (tokens, used)."""
        n = self._choices.shape[-1]
        self.first_choices.setdefault((prompt, layer), (experts[:FIRST].copy(), weights[:FIRST].copy()))
        chosen = experts.reshape(-1)
        self._tokens[prompt, layer] += len(experts)
        self._choices[prompt, layer] += np.bincount(chosen, minlength=n)
        self._weights[prompt, layer] += np.bincount(chosen, weights.reshape(-1).astype(np.float64), minlength=n)

    def shares(self, prompt: int | None = None) -> dict[str, list[Floats]]:
        """Figure of EXPERT_FIGURES → its values by layer, (experts,), none for a dense one; NaN for a share of nothing.

        Args:
            prompt: whose tokens count; None: those of all.
        """
        prompts = slice(None) if prompt is None else slice(prompt, prompt + 1)
        tokens, choices, weights = (
            table[prompts].sum(axis=0) for table in (self._tokens, self._choices, self._weights)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            tables = {"token_share": choices / tokens, "weight_share": weights / weights.sum(axis=1, keepdims=True)}
        return {name: [row[:n] for row, n in zip(table, self.n_experts, strict=True)] for name, table in tables.items()}

    def never_chosen(self) -> list[list[int]]:
        """The experts of each layer that no token of any prompt chose."""
        choices = self._choices.sum(axis=0)
        return [np.flatnonzero(row[:n] == 0).tolist() for row, n in zip(choices, self.n_experts, strict=True)]
