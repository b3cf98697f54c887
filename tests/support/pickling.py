"""Values through a pickle."""

from __future__ import annotations

import pickle
from typing import Any


def unpickled(data: bytes) -> Any:
    """The value of a pickle that a test made."""
    return pickle.loads(data)  # noqa: S301


def through_pickle(value: Any) -> Any:
    """The value that another process would get."""
    return unpickled(pickle.dumps(value))
