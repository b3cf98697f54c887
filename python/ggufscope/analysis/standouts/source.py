"""The input of kinds that need the weights, and their registry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ...architecture.blueprint import Blueprint
from ...architecture.limits import NotApplicableError
from ...arrays.arguments import thread_count
from ...runtime.standouts import Kinds
from .attention_heads import HeadSearch, search_heads
from .embedding_rows import EmbeddingRows, read_embedding
from .neurons import NeuronSearch, search_neurons

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...models.model import Model
    from ...profiles.profile_result import Profile
    from ..inputs.layer_table import LayerTable


@dataclass(frozen=True, eq=False)
class Weights:
    """A model as an analysis has it. Passes over its weights are made when a kind first needs them, and once.

    Attributes:
        table: norms and gains of the layers.
        profile: the statistics of every tensor; None where the input has none.
        model: the open model; None where the input is a profile: `need_model` raises the reason then.
        threads: at most so many; None for the cores this process may use.
        seed: of every random draw.
        progress: called as `progress(done, total)`; may raise to cancel.
    """

    table: LayerTable
    profile: Profile | None
    model: Model | None
    threads: int | None = None
    seed: int = 0
    progress: Callable[[int, int], object] | None = None

    def need_model(self) -> Model:
        """The model.

        Raises:
            NotApplicableError: The input is a profile.
        """
        if self.model is None:
            raise NotApplicableError("the weights themselves are needed, and the input is a profile")
        return self.model

    @cached_property
    def blueprint(self) -> Blueprint:
        """The parts of the model.

        Raises:
            NotApplicableError: The input is a profile, or the architecture is not known.
        """
        return Blueprint.of(self.need_model())

    @cached_property
    def neurons(self) -> NeuronSearch:
        """Dead and equal neurons, from one pass over the FFNs."""
        return search_neurons(self.blueprint, thread_count(self.threads), self.seed, self._report)

    def _report(self, done: int, total: int) -> None:
        """Progress in bytes of a pass over layers."""
        if self.progress is not None:
            n_bytes = self.need_model().n_bytes
            self.progress(done * n_bytes // total, n_bytes)

    @cached_property
    def heads(self) -> HeadSearch:
        """Dead and equal heads, from one pass over the attention matrices."""
        return search_heads(self.blueprint, thread_count(self.threads), self.seed)

    @cached_property
    def embedding(self) -> EmbeddingRows:
        """Norms and directions of the rows of the embedding."""
        return read_embedding(self.need_model(), thread_count(self.threads), self.seed)


WEIGHTS: Kinds[Weights] = Kinds()
