"""The family of a model, of those that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .known.dense import DENSE
from .known.embeddings import EMBEDDINGS
from .known.experts import EXPERTS
from .known.gemma import GEMMAS
from .known.layer_norms import LAYER_NORMS
from .known.mixers import MIXERS
from .limits import NotApplicableError

if TYPE_CHECKING:
    from ..models.model import Model
    from .family import Family

FAMILIES: dict[str, Family] = {**DENSE, **EXPERTS, **LAYER_NORMS, **GEMMAS, **MIXERS, **EMBEDDINGS}


def family_of(model: Model) -> Family:
    """The family of a language model.

    Raises:
        NotApplicableError: It is none, or has an architecture that is not known.
    """
    if model.general_type not in {None, "model"}:
        raise NotApplicableError(f"the file is no language model: its general.type is {model.general_type!r}")
    if model.architecture is None:
        raise NotApplicableError("the file names no architecture")
    family = FAMILIES.get(model.architecture)
    if family is None:
        raise NotApplicableError(
            f"ggufscope does not know the architecture {model.architecture!r}: its activation, norms and RoPE pairs are"
            f" not in the file; {len(FAMILIES)} others are known, docs/architectures.md names them"
        )
    return family
