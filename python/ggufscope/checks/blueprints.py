"""What the parts of a known architecture say about a model: tensors that are missing, misshapen, or of no part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..architecture.blueprint import Blueprint
from ..architecture.families import FAMILIES
from ..architecture.limits import MissingTensorError, NotApplicableError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.model import Model
    from ..models.tensor import Tensor

_MOST_LAYERS = 4096  # no model has more


@dataclass
class Parts:
    """What was found in gathering the parts.

    Attributes:
        missing: role → the layers that lack a tensor of it, None for outside the layers. Of a layer only the first.
        misshapen: tensor → what its shape is, and what it should be. Of a layer only the first.
        unread: tensors that no part is made of; empty where not all parts could be made.
    """

    missing: dict[str, list[int | None]] = field(default_factory=dict)
    misshapen: dict[str, str] = field(default_factory=dict)
    unread: list[Tensor] = field(default_factory=list)

    def gather(self, make: Callable[[], object]) -> bool:
        """Make a part; whether there is nothing to complain of."""
        try:
            make()
        except MissingTensorError as reason:
            self.missing.setdefault(reason.role, []).append(reason.layer)
        except ShapeError as reason:
            self.misshapen[reason.tensor] = str(reason)
        except NotApplicableError:  # a variant without formulas here: nothing is known of what it must have
            pass
        else:
            return True
        return False


def parts_of(model: Model) -> Parts | None:
    """The parts of a model's main stack, looked at one by one; None for an architecture that is not known."""
    if model.architecture not in FAMILIES or len(model.layers) > _MOST_LAYERS:
        return None
    parts = Parts()
    made: list[Blueprint] = []
    if not parts.gather(lambda: made.append(Blueprint.of(model))):
        return parts
    (blueprint,) = made
    outside = (blueprint.embedding, blueprint.head, blueprint.own_inputs, blueprint.stream_ends)
    whole = [parts.gather(make) for make in outside]
    whole += [parts.gather(lambda layer=layer: blueprint.layer(layer)) for layer in model.layers]  # type: ignore[misc]
    if all(whole):
        parts.unread = [tensor for layer in (None, *model.layers) for tensor in blueprint.catalog.unread(layer)]
    return parts
