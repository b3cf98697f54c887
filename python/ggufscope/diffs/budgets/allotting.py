"""`bits`: the type that each tensor should have, so that a model of a size costs the least."""

from __future__ import annotations

import datetime
import math
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..._version import __version__
from ...errors import BitsError
from ...extras import need
from ...models.importance import open_importance
from ...models.importance.coverage import coverage_of
from ...models.model import Model
from ...models.model import open as open_model
from ...models.recipes.quantizer import can_make
from ...text.names import base_name
from ...text.notebook_bar import with_notebook_bar
from ...text.numbers import bytes_text
from ..costs import measure
from ..summarizing import diffed_model
from .bits_document import SCHEMA, BitsDocument, BitsRun, BudgetRecord
from .bits_result import Bits
from .budget import Budget, parse_budget
from .candidates import candidates_of, chosen_tensors
from .constraints import kept_types, type_called
from .mixes import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from ...arrays.floats import Floats
    from ..costs import Costs
    from .candidates import Candidate

LIMITS = (
    "the best-known makers of quantized models say that errors of weights alone make no good recipe; measure the result"
    " against a usual mix of its size before it is published"
)


@with_notebook_bar("bits")
def bits(
    reference: str | PathLike[str] | Model,
    *models: str | PathLike[str] | Model,
    budget: str | Budget,
    types: Sequence[str] = (),
    keep: Mapping[str, str] | None = None,
    imatrix: str | PathLike[str] | None = None,
    threads: int | None = None,
    progress: Callable[[str, float], object] | None = None,
) -> Bits:
    """Which type each tensor should have, so that a model within a budget costs the least.

    Args:
        reference: path of a GGUF file, or an open model, whose weights count as exact: F32, F16 or BF16.
        *models: files of it in other types, which may be taken tensor by tensor.
        budget: as `"4.8bpw"`, bits per weight over all tensors, or `"5.2GB"`, `"4.9GiB"`, the size of the file.
        types: types that ggml makes of the reference, beside those of the files; needs the extra `runtime`.
        keep: name or role, or a glob of them → the type that such tensors keep.
        imatrix: path of an importance matrix of the reference, for what ggml makes and for costs that are not traced.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel. By default there is a
            bar in notebooks, and none elsewhere.

    Returns:
        The recommendation; it does not refer to the models any more.

    Raises:
        ValueError: A budget that is none, that no mix fits, or that is larger than the largest mix; a pattern that
            fits no tensor, a type that none of its options is.
        BitsError: A `ValueError`: neither files nor types to choose from, no tensor that has a choice, or weights that
            are not finite, so that no cost follows from them.
        DiffError: A `ValueError`: a file of another architecture, or without a tensor in common.
        ImportanceError: A `ValueError`: no importance matrix, or one of another model.
        MissingExtraError: Types are to be made, and llama-cpp-python is not installed.
        GGUFError: A file is malformed, or shrank while it was read.
        OSError: A file cannot be opened.

    Example:
        >>> import ggufscope as gs
        >>> mix = gs.bits("F16.gguf", "Q4_K_M.gguf", "Q6_K.gguf", budget="4.8bpw")      # doctest: +SKIP
        >>> print(mix.command)                                                          # doctest: +SKIP
    """
    asked = parse_budget(budget) if isinstance(budget, str) else budget
    made = _types_to_make(types)
    if not models and not made:
        raise BitsError("there is nothing to choose from: name files in other types, or types for ggml to make")
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with ExitStack() as stack:
        base, *others = [
            each if isinstance(each, Model) else stack.enter_context(open_model(each)) for each in (reference, *models)
        ]
        importance = _importance(stack, base, imatrix)
        kept = kept_types(keep or {}, chosen_tensors(base))
        candidates = candidates_of(base, others, made, importance, kept)
        if not candidates:
            raise BitsError(
                f"{base_name(base.path)}: no tensor that llama-quantize quantizes, and that has a type to choose"
            )
        _check_kept(kept, candidates)
        room = _checked_room(base, candidates, kept, asked)
        rows = {name: {each.type: each.rows for each in options.values()} for name, options in candidates.items()}
        costs = measure(base, rows, importance=importance, threads=threads, progress=progress)
        _check_costs(candidates, costs)
        table = Table(base, candidates, kept, costs)
        seconds = round(time.perf_counter() - clock, 6)
        document = BitsDocument(
            schema=SCHEMA,
            reference=diffed_model(base),
            models=[diffed_model(model) for model in others],
            budget=BudgetRecord(asked.text, room + table.fixed_bytes),
            method=costs.method,
            reason=costs.reason,
            n_tokens=costs.n_tokens,
            warnings=[*costs.warnings, LIMITS],
            importance=None if imatrix is None else base_name(imatrix),
            **table.answers(room, others, weighted=imatrix is not None and bool(made)),
            run=BitsRun(__version__, started.isoformat(timespec="seconds"), seconds),
        )
    return Bits(document)


def _types_to_make(names: Sequence[str]) -> list[str]:
    """Types for ggml to make, as it spells them.

    Raises:
        ValueError: There is no such type, or `llama-quantize` does not make it.
        MissingExtraError: There are some, and llama-cpp-python is not installed.
    """
    made = [type_called(name) for name in names]
    unknown = [name for name in made if not can_make(name)]
    if unknown:
        raise ValueError(f"llama-quantize does not make {unknown[0]}")
    if made:
        need("llama_cpp", "runtime")
    return made


def _importance(stack: ExitStack, model: Model, imatrix: str | PathLike[str] | None) -> dict[str, Floats]:
    """E[x²] by name of the tensor.

    Raises:
        ImportanceError: The file is none, or of another model.
    """
    if imatrix is None:
        return {}
    matrix = stack.enter_context(open_importance(imatrix))
    coverage_of(matrix, model)
    weights = {tensor.name: matrix.weights(tensor) for tensor in chosen_tensors(model)}
    return {name: each for name, each in weights.items() if each is not None}


def _check_kept(kept: Mapping[str, str], candidates: Mapping[str, Mapping[str, Candidate]]) -> None:
    for name, type_name in kept.items():
        if type_name not in candidates.get(name, ()):
            there = ", ".join(candidates.get(name, ())) or "none"
            raise ValueError(
                f"{name} cannot keep {type_name}: its types here are {there}; --types {type_name} lets ggml make it"
            )


def _check_costs(candidates: Mapping[str, Mapping[str, Candidate]], costs: Costs) -> None:
    """Raise a BitsError for a cost that is no number: no sum of costs could be compared with another."""
    for name, options in candidates.items():
        for option in options.values():
            if not math.isfinite(costs.of(name, option.type)):
                raise BitsError(
                    f"{name} as {option.type} ({option.source}) has no finite cost: weights of it or of the reference"
                    " are NaN, Inf or too large"
                )


def _checked_room(
    model: Model, candidates: Mapping[str, Mapping[str, Candidate]], kept: Mapping[str, str], budget: Budget
) -> int:
    """Bytes that the tensors with a choice may take.

    Raises:
        ValueError: No mix is as small, or all are smaller.
    """
    fixed = model.n_bytes - sum(model.tensors[name].n_bytes for name in candidates)
    room = budget.tensor_bytes(model) - fixed
    sizes = [
        [each.n_bytes for each in options.values() if kept.get(name, each.type) == each.type]
        for name, options in candidates.items()
    ]
    smallest, largest = sum(map(min, sizes)), sum(map(max, sizes))
    if smallest <= room <= largest:
        return room
    word, bound = ("smallest", smallest) if room < smallest else ("largest", largest)
    allowed, taken = (8 * (n_bytes + fixed) / model.n_parameters for n_bytes in (room, bound))
    left = f"{allowed:.6g} bits per weight" if allowed > 0 else "nothing beside the header"
    raise ValueError(
        f"--budget {budget.text} leaves {left} to the tensors, and the {word} mix of these types"
        f" takes {taken:.6g} bits per weight ({bytes_text(bound + fixed)})"
    )
