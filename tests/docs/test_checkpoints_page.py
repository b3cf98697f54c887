"""docs/checkpoints.md names every class of models that is seen as a GGUF file, beside its architecture."""

import re

from ggufscope.inputs.checkpoints.known import CONVERSIONS
from support.documents import document

PAGE = document("docs/checkpoints.md")


def test_every_class_stands_in_the_row_of_its_architecture() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| `")]
    for name, conversion in CONVERSIONS.items():
        assert any(f"`{conversion.architecture}`" in row and f"`{name}`" in row for row in rows), name


def test_no_class_is_named_that_is_not_known() -> None:
    named = re.findall(r"`(\w+(?:ForCausalLM|LMHeadModel|ForConditionalGeneration|Model))`", PAGE)
    assert set(named) == set(CONVERSIONS)
