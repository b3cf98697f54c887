"""Keys of `tokenizer.ggml`, each with the type it must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...._core import GGUFError

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....models.model import Model

PREFIX = "tokenizer.ggml."
_NO_TOKEN = 0xFFFFFFFF  # what writers put for "there is none"


class MetadataKeys:
    """Reads the tokenizer's keys of one model by what follows `tokenizer.ggml.`; errors name file and key.

    Attributes:
        path: of the model.
        name: of the model, in lower case; empty without one.
        architecture: of the model; empty without one.
    """

    def __init__(self, model: Model) -> None:
        self.path = model.path
        self.name = (model.name or "").lower()
        self.architecture = model.architecture or ""
        self._metadata = model.metadata

    def __contains__(self, key: str) -> bool:
        return PREFIX + key in self._metadata

    def text(self, key: str) -> str:
        """A string.

        Raises:
            GGUFError: The key is missing or of another type, as for all that follow.
        """
        return str(self._value(key, "string"))

    def strings(self, key: str) -> list[str]:
        """An array of strings."""
        values: list[str] = self._value(key, "array[string]")
        return values

    def flag(self, key: str, default: bool) -> bool:
        """A bool; `default` where the key is missing."""
        return bool(self._value(key, "bool")) if key in self else default

    def numbers(self, key: str, dtypes: str, length: int | None = None) -> npt.NDArray[Any]:
        """An array of numbers of one of NumPy's kinds `dtypes`, of `length` elements unless that is None."""
        values = self._value(key, None)
        if not isinstance(values, np.ndarray) or values.dtype.kind not in dtypes:
            raise self.refusal(key, f"an array of numbers, not {self._metadata.kind(PREFIX + key)}")
        if length is not None and len(values) != length:
            raise self.refusal(key, f"{len(values)} entries for {length} tokens")
        return values

    def scores(self, n_tokens: int) -> npt.NDArray[np.float32]:
        """The score of each token, float32 (n,), none of them NaN."""
        scores = self.numbers("scores", "fi", n_tokens).astype(np.float32)
        if np.isnan(scores).any():
            raise self.refusal("scores", f"the score of token {int(np.argmax(np.isnan(scores)))} is NaN")
        return scores

    def special(self, name: str, n_tokens: int, default: int | None = None) -> int | None:
        """The token that `<name>_token_id` names, None where it says that there is none."""
        key = f"{name}_token_id"
        if key not in self:
            return default if default is not None and default < n_tokens else None
        value = self._metadata[PREFIX + key]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refusal(key, f"a token number, not {self._metadata.kind(PREFIX + key)}")
        if value in {_NO_TOKEN, -1}:
            return None
        if not 0 <= value < n_tokens:
            raise self.refusal(key, f"token {value} of a vocabulary of {n_tokens}")
        return value

    def refusal(self, key: str, reason: str) -> GGUFError:
        """The error to raise for the value of a key."""
        return GGUFError(f"{self.path}: {PREFIX}{key}: {reason}")

    def _value(self, key: str, kind: str | None) -> Any:
        """The value of a key that must be there, of type `kind` unless that is None."""
        if key not in self:
            raise self.refusal(key, "the key is missing")
        if kind is not None and self._metadata.kind(PREFIX + key) != kind:
            raise self.refusal(key, f"must be {kind}, not {self._metadata.kind(PREFIX + key)}")
        return self._metadata[PREFIX + key]
