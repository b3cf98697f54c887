"""What a check is asked for beside its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..models.model import Model
    from .manifest import Manifest


class Wishes(NamedTuple):
    """What a check is asked for beside its verdict.

    Attributes:
        manifest: whether to take one.
        against: the manifest to hold the model against.
        covers: the model to hold an importance matrix against.
    """

    manifest: bool
    against: Manifest | None = None
    covers: Model | None = None
