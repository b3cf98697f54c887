"""A validation: its document, to look at, to save and to load."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ValidationError
from ..saving.directories import remove_ours, usable_directory
from ..saving.files import atomic_write
from .document_json import document_from_json, document_to_json
from .weights_file import weights_toml

if TYPE_CHECKING:
    from os import PathLike

    from .validation_document import Quantity, ValidationDocument

VALIDATION_JSON = "validation.json"
VALIDATION_MARKDOWN = "validation.md"
WEIGHTS = "weights.toml"
FILES = (VALIDATION_JSON, VALIDATION_MARKDOWN, WEIGHTS)


class Validation:
    """What `ggufscope.validate` found.

    Attributes:
        document: everything, as plain values in the layout of the saved file.
    """

    def __init__(self, document: ValidationDocument) -> None:
        self.document = document

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """What was compared, by name."""
        return {quantity.name: quantity for quantity in self.document.quantities}

    @property
    def weights(self) -> dict[str, float] | None:
        """Fitted weights by component, as `analyze` takes them; None where there was no fit."""
        return self.document.fit.weights

    def to_json(self) -> str:
        """The text of `validation.json`: strict JSON, numbers with 7 significant digits."""
        return document_to_json(self.document)

    def to_markdown(self) -> str:
        """The text of `validation.md`."""
        from ..report.markdown.validation import render_validation_markdown  # noqa: PLC0415  outputs come after

        return render_validation_markdown(self.document)

    def save(self, directory: str | PathLike[str]) -> list[Path]:
        """Write `validation.json`, `validation.md` and, where weights were fitted, `weights.toml` into a directory.

        Files of an earlier validation are replaced, each once the new one is complete; weights of an earlier one are
        removed where now there are none. A file of these names that is from something else is not touched.

        Returns:
            The files written.

        Raises:
            OutputError: An `OSError`: a file cannot be written, or is not from ggufscope.
        """
        target = usable_directory(directory, FILES)
        texts = {VALIDATION_JSON: self.to_json(), VALIDATION_MARKDOWN: self.to_markdown()}
        weights = weights_toml(self.document)
        if weights is not None:
            texts[WEIGHTS] = weights
        for name, text in texts.items():
            with atomic_write(target / name) as file:
                file.write(text)
        if weights is None:
            remove_ours(target / WEIGHTS)
        return [target / name for name in texts]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Validation:
        """Read and check a saved validation: `validation.json`, or the directory that holds it.

        Raises:
            ValidationError: Not a validation, of another schema version, or malformed; names the place.
            OSError: The file cannot be read.
        """
        file = Path(path)
        file = file / VALIDATION_JSON if file.is_dir() else file
        try:
            return cls(document_from_json(file.read_bytes()))
        except ValidationError as error:
            raise ValidationError(f"{file}: {error}") from None

    def __repr__(self) -> str:
        fit = "weights fitted" if self.document.fit.fitted else "no weights fitted"
        return f"<Validation of {self.document.model.title!r}: {len(self.document.quantities)} quantities; {fit}>"
