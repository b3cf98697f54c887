"""The input of kinds that need the weights, and their registry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ...architecture.blueprint import Blueprint
from ...architecture.limits import NotApplicableError
from ...arrays.arguments import thread_count
from ...runtime.standouts import Kinds
from ...text.numbers import counted
from .attention_heads import HeadSearch, search_heads
from .embedding_rows import EmbeddingRows, read_embedding
from .neurons import NeuronSearch, search_neurons

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from ...models.model import Model
    from ...profiles.profile_result import Profile
    from ...runtime import Plan
    from ...runtime.openings import Openings
    from ..inputs.layer_table import LayerTable


@dataclass(frozen=True)
class Ablation:
    """Whether super weights are counted as zero, to see what that does.

    Attributes:
        wanted: whether they are.
        announce: called with the plan before the work starts.
    """

    wanted: bool = False
    announce: Callable[[Plan], object] | None = None


@dataclass(frozen=True, eq=False)
class ReadProbe:
    """A probe that the model read.

    Attributes:
        sequences: its token ids.
        words: it in words, as `"8 sequences of own words"`.
    """

    sequences: Sequence[npt.NDArray[np.int32]]
    words: str


def openings_in_words(openings: Openings) -> str:
    """Their number, for the reader."""
    return counted(len(openings.tokens), "opening")


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
        openings_read: of the model, where they were read already.
        no_openings: the reason not to read any; None: they are read when they are first needed.
        ablation: of super weights.
        probe: that was read; None without one. Its beginnings are openings where there are no others.
    """

    table: LayerTable
    profile: Profile | None
    model: Model | None
    threads: int | None = None
    seed: int = 0
    progress: Callable[[int, int], object] | None = None
    openings_read: Openings | None = None
    no_openings: str | None = None
    ablation: Ablation = Ablation()
    probe: ReadProbe | None = None

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

    @cached_property
    def openings(self) -> Openings | str:
        """Openings that the model read exactly, or the reason why there are none."""
        if self.openings_read is not None:
            return self.openings_read
        if self.no_openings is not None:
            return self.no_openings
        from ...runtime.openings import read_beginnings, read_openings  # noqa: PLC0415 - engines only where needed

        model, report = self.need_model(), self.share_of_run
        try:
            if self.probe is not None:
                return read_beginnings(
                    model, self.probe.sequences, seed=self.seed, threads=self.threads, progress=report
                )
            return read_openings(model, seed=self.seed, threads=self.threads, progress=report)
        except NotApplicableError as reason:
            return str(reason)

    def share_of_run(self, _what: str, share: float) -> None:
        """Progress of a run of the model."""
        self._report(int(1000 * share), 1000)

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
