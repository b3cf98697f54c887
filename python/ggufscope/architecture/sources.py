"""The sources that the parts of a model are built from, and the norms that all parts have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .parts import BranchNorms, Norm

if TYPE_CHECKING:
    from .catalog import Catalog
    from .family import Family, NormRoles
    from .hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Sources:
    """Tensors, facts of the family, and metadata of one model."""

    catalog: Catalog
    family: Family
    hyperparameters: Hyperparameters

    @property
    def width(self) -> int:
        return self.hyperparameters.width

    def norm(self, layer: int | None, role: str) -> Norm:
        """A norm over the residual stream.

        Raises:
            NotApplicableError: There is none, or of another size.
        """
        if not self.family.norm_gains:
            return Norm(np.ones(self.width), None, self.hyperparameters.epsilon, centred=self.family.layer_norm)
        self.catalog.need(layer, role)
        norm = self.optional_norm(layer, role, (self.width,), centred=self.family.layer_norm)
        assert norm is not None  # noqa: S101
        return norm

    def optional_norm(self, layer: int | None, role: str, shape: tuple[int, ...], *, centred: bool) -> Norm | None:
        """A norm whose gains have a shape; None without.

        Raises:
            NotApplicableError: It has another size.
        """
        size = int(np.prod(shape))
        gain = self.catalog.vector(layer, role, size)
        if gain is None:
            return None
        bias = self.catalog.vector(layer, f"{role}.bias", size)
        shaped = None if bias is None else bias.reshape(shape)
        name = self.catalog.need(layer, role).name
        return Norm(gain.reshape(shape), shaped, self.hyperparameters.epsilon, centred=centred, name=name)

    def branch_norms(self, layer: int, roles: NormRoles) -> BranchNorms:
        """The norms around a branch.

        Raises:
            NotApplicableError: One is missing, or does not fit.
        """
        before, behind, total = (
            None if role is None else self.norm(layer, role) for role in (roles.before, roles.behind, roles.total)
        )
        return BranchNorms(before, behind, total)
