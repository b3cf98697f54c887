"""The layout of a saved recommendation, schema `ggufscope.bits/1`: plain values, None where something is undefined.

These classes are the schema: BITS_FORM checks a file against them, field by field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...errors import BitsError
from ...models.recipes import Recipe
from ...saving.form import SavedForm
from ...saving.integers import first_too_large
from ..records import DiffedModel  # noqa: TC001  pydantic resolves the annotations

SCHEMA = "ggufscope.bits/1"
DIGITS = 9


@dataclass(frozen=True)
class TypeOption:
    """A type that a tensor may have.

    Attributes:
        type: of it.
        n_bytes: that the tensor takes in it.
        cost: of the tensor in it, alone; see `BitsDocument.method`.
        source: base name of the file whose tensor has it; `"ggml"`, which made it of the reference.
    """

    type: str
    n_bytes: int
    cost: float
    source: str


@dataclass(frozen=True)
class ChosenTensor:
    """A tensor, its options, and the one that it should have.

    Attributes:
        name: in the reference.
        role: as `"attn_v"`; None for a name that says nothing.
        layer: number of its layer; None outside the layers.
        shape: in NumPy order.
        type: that it should have.
        n_bytes: in it.
        cost: in it.
        kept: whether it was asked to have it.
        options: by size.
    """

    name: str
    role: str | None
    layer: int | None
    shape: list[int]
    type: str
    n_bytes: int
    cost: float
    kept: bool
    options: list[TypeOption]


@dataclass(frozen=True)
class MixPoint:
    """The size and the cost of a mix.

    Attributes:
        n_bytes: of all tensors of the model, those without a choice included.
        bits_per_weight: likewise.
        cost: the sum over the tensors that have a choice.
    """

    n_bytes: int
    bits_per_weight: float
    cost: float


@dataclass(frozen=True)
class GivenMix:
    """A given file as a mix.

    Attributes:
        file: its base name.
        n_bytes: of all tensors: the file's, of those that have a choice, and the reference's.
        bits_per_weight: likewise.
        cost: the sum over the tensors that have a choice; None where the file has some of them in no type of theirs.
        least_cost: of any mix of its size that keeps what it should; None where there is none.
    """

    file: str
    n_bytes: int
    bits_per_weight: float
    cost: float | None
    least_cost: float | None


@dataclass(frozen=True)
class BudgetRecord:
    """The budget.

    Attributes:
        text: as it was asked for.
        tensor_bytes: what it leaves for the tensors.
    """

    text: str
    tensor_bytes: int


@dataclass(frozen=True)
class BitsRun:
    """Time and version: the part that differs from run to run.

    Attributes:
        version: of ggufscope.
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
    """

    version: str
    started: str
    seconds: float


@dataclass(frozen=True)
class BitsDocument:
    """The whole file.

    Attributes:
        schema: name and version of this layout.
        reference: whose weights count as exact.
        models: the given files.
        budget: of all tensors.
        method: `"traced"`: errors went through the branches of the model while it read a text; `"static"`: it was not.
        reason: why the model was not read; None where it was.
        n_tokens: that were read.
        warnings: what the costs are worth, in sentences.
        importance: base name of the importance matrix; None without.
        mix: the size and the cost of the mix.
        exact: whether no mix of these options within the budget costs less.
        tensors: that have a choice, in the order of the reference.
        unchosen: names of tensors that could be quantized and that neither a given file nor ggml has in a type.
        recipe: the mix as `llama-quantize` makes it; see `models.recipes`.
        curve: mixes of least cost by size, from the smallest to that of least cost.
        given: the given files beside it.
        run: None where it was left out.
    """

    schema: str
    reference: DiffedModel
    models: list[DiffedModel]
    budget: BudgetRecord
    method: Literal["traced", "static"]
    reason: str | None
    n_tokens: int
    warnings: list[str]
    importance: str | None
    mix: MixPoint
    exact: bool
    tensors: list[ChosenTensor]
    unchosen: list[str]
    recipe: dict[str, object]
    curve: list[MixPoint]
    given: list[GivenMix]
    run: BitsRun | None = field(default=None)


def _check(document: BitsDocument) -> None:
    too_large = first_too_large(document)
    if too_large is not None:
        raise BitsError(f"malformed recommendation: {too_large}: no integer of 64 bits")
    if not _is_recipe(document.recipe):
        raise BitsError("malformed recommendation: recipe: its command is not what its parts make")


def _is_recipe(plain: dict[str, object]) -> bool:
    """Whether a command, which somebody may paste into a shell, is the quoted one of the types beside it."""
    try:
        made = Recipe.of_json(plain).to_json()
    except (AttributeError, LookupError, TypeError, ValueError):
        return False
    return made == plain and all(line.isprintable() for line in str(made["shell"]).split("\n"))


BITS_FORM: SavedForm[BitsDocument] = SavedForm(
    kind="a saved recommendation of types",
    noun="recommendation",
    schema=SCHEMA,
    types=lambda: BitsDocument,
    error=BitsError,
    digits=DIGITS,
    check=_check,
    optional=("run", "reference.file_hashes", "models.file_hashes"),
)
