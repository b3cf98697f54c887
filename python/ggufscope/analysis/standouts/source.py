"""The input of kinds that need the weights, and their registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...architecture.limits import NotApplicableError
from ...runtime.standouts import Kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...models.model import Model
    from ...profiles.profile_result import Profile
    from ..inputs.layer_table import LayerTable


@dataclass(frozen=True, eq=False)
class Weights:
    """A model as an analysis has it.

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


WEIGHTS: Kinds[Weights] = Kinds()
