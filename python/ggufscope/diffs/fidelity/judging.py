"""The verdict on a converter, from everything that a diff compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted
from ..fidelity_record import Fidelity
from .metadata_faults import metadata_faults
from .weight_faults import altered, missing_faults, reshaped_faults, view_faults

if TYPE_CHECKING:
    from ...models.model import Model
    from ..records import ModelDiff


def judge(reference: Model, model: Model, compared: ModelDiff) -> Fidelity | None:
    """Whether a model is what a checkpoint has; None where the reference is no checkpoint with a known architecture.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    if not reference.is_checkpoint or reference.architecture is None:
        return None
    unknown = [] if reference.composition is None else reference.composition.unknown
    if unknown and compared.extra:
        names = f"{counted(len(unknown), 'tensor')} of the checkpoint, as {unknown[0]}"
        said = f"Whether the converter wrote what the checkpoint has cannot be told: its tables do not know {names}."
        return Fidelity(None, False, [], said)
    faults = [
        *view_faults(compared.tensors),
        *altered(reference, model, compared.tensors),
        *reshaped_faults(reference, model, compared.reshaped),
        *missing_faults(reference, model, compared.missing, compared.extra),
        *metadata_faults(reference, model),
    ]
    exact = all(each.identical or each.unchanged == 1 for each in compared.tensors if each.counts)
    if faults:
        return Fidelity(
            False,
            exact,
            faults,
            f"The converter did not write what the checkpoint has: {counted(len(faults), 'fault')}.",
        )
    tensors = counted(compared.summary.n_tensors, "tensor")
    return Fidelity(
        True, exact, [], f"The converter wrote what the checkpoint has: {tensors}, {_rest(compared, exact)}."
    )


def _rest(compared: ModelDiff, exact: bool) -> str:
    """The error that is left where nothing is wrong, in words."""
    if exact:
        return "every weight is equal"
    if any(each.reference_type != each.model_type for each in compared.tensors if not each.identical):
        return "what differs is the error of the types"
    return "what differs are the last digits of what is computed of the config"
