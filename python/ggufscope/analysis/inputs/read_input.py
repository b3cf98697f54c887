"""The inputs of an analysis: a GGUF model, a profile, or a Phase 1 weight profile."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._core import GGUFError
from ...arrays.arguments import thread_count
from ...errors import ProfileError
from ...inputs.checkpoints import is_checkpoint
from ...inputs.naming import is_remote, resolved
from ...models.experts import crowd_fault
from ...models.model import Model
from ...models.model import open as open_model
from ...models.stacks import depth_fault
from ...models.subject import Subject, same_model, title_of
from ...profiles.profile_result import Profile
from ...profiles.profiling import profile as scan
from ...saving.reading import open_input, read_whole, starts_as_model
from ...text.names import base_name
from ..compiling_ahead import compiling_beside
from ..wording import FROBENIUS
from .from_profile import layer_table
from .gauge import Gauge, gauge_from_table, gauge_from_vectors
from .gauge_from_model import gauge_from_model
from .layer_rows import lacks_halves
from .phase1 import is_phase1, phase1_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .layer_table import LayerTable

USUAL_THRESHOLD = 1e-6
_MOST_ELEMENTS = 1 << 63

AnalysisSource = str | PathLike[str] | Model | Profile


@dataclass(frozen=True, eq=False)
class AnalysisInput:
    """An input of any kind: its layers, and the model or profile behind them.

    Attributes:
        table: the layers.
        subject: the model; the file that it names is the input itself.
        source: `"model"`, `"profile"` or `"phase 1"`.
        n_elements: parameters of the model; None where the input does not say.
        gauge: the invariant products.
        model: the open model; None where the input is a profile.
        profile: the statistics of its tensors; None where the input has none.
        sparsity_threshold: of the profile; None where it is not known.
        warnings: about the input itself.
    """

    table: LayerTable
    subject: Subject
    source: str
    n_elements: int | None
    gauge: Gauge
    model: Model | None
    profile: Profile | None
    sparsity_threshold: float | None
    warnings: tuple[str, ...]


@contextlib.contextmanager
def read_input(
    source: AnalysisSource,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    profile: Profile | None = None,
) -> Iterator[AnalysisInput]:
    """Read any input; a model stays open until the block ends.

    Args:
        source: see `analyze`.
        threads: for passes over a model.
        progress: of passes over a model.
        profile: of the model, where it is known already.

    Raises:
        GGUFError: A malformed model.
        ProfileError: Neither a model nor a profile, malformed, or without the layers of a language model; or `profile`
            is of another model.
        ValueError: `profile` beside an input that is no model.
        OSError: The file cannot be read.
    """
    if isinstance(source, Model):
        yield from _reading(source, threads, progress, profile)
    elif not isinstance(source, Profile) and _is_model(source):
        with open_model(source) as model:
            yield from _reading(model, threads, progress, profile)
    elif profile is not None:
        raise ValueError("a profile beside the input is for a model; the input is none")
    elif isinstance(source, Profile):
        yield _of_profile(source, None)
    else:
        yield _of_json(Path(source))


def _is_model(source: str | PathLike[str]) -> bool:
    """Whether a name is that of a model and not of a saved result, which are read from this machine alone."""
    if is_remote(source):
        return True
    path = resolved(source)
    if is_checkpoint(path):
        return True
    with open_input(path) as file:
        return starts_as_model(file)


def _reading(
    model: Model, threads: int | None, progress: Callable[[int, int], object] | None, known: Profile | None
) -> Iterator[AnalysisInput]:
    """A model that can be analysed; whatever goes on while its input is used, functions are compiled beside it."""
    _require_language_model(model.general_type, model.path)
    _require_size(model.layers, (tensor.shape for tensor in model.tensors.values()), model.path)
    if known is not None and not same_model(known.model, model):
        raise ProfileError(f"{model.path}: the profile given with it is of another model, {known.title!r}")
    with compiling_beside(thread_count(threads)):
        yield _of_model(model, threads, progress, known)


def _of_model(
    model: Model, threads: int | None, progress: Callable[[int, int], object] | None, known: Profile | None
) -> AnalysisInput:
    profile = known
    if profile is None or lacks_halves(profile):
        profile = scan(model, threads, progress=progress)  # in full: it is saved beside the analysis, and drawn
    table = _table(profile, model.path)
    gauge = gauge_from_model(model, table, threads, progress)
    # Hashes of a profile are those of this file only where it was hashed by now.
    subject = Subject.of(model, profile.model.file_hashes and model.file_hashes)
    return _of_tables(profile, table, gauge, subject, model)


def _require_language_model(general_type: str | None, place: str) -> None:
    if general_type not in {None, "model"}:
        raise ProfileError(f"{place}: general.type is {general_type!r}; the analysis needs a language model")


def _require_size(layers: Iterable[int], shapes: Iterable[Sequence[int]], place: str) -> None:
    fault = depth_fault(layers) or crowd_fault(shapes)
    if fault is not None:
        raise ProfileError(f"{place}: {fault}")


def _of_profile(profile: Profile, path: Path | None) -> AnalysisInput:
    place = str(path) if path else profile.title
    _require_language_model(profile.model.general_type, place)
    layers = (row.layer for row in profile.layers.values() if row.stack is None)
    _require_size(layers, (row.shape or () for row in profile.tensors.values()), place)
    table = _table(profile, place)
    gauge = gauge_from_vectors(profile, table) or gauge_from_table(table)
    file = profile.subject.file or (base_name(path) if path else None)  # of what is in no file: that of the profile
    return _of_tables(profile, table, gauge, replace(profile.subject, file=file), None)


def _of_tables(
    profile: Profile, table: LayerTable, gauge: Gauge, subject: Subject, model: Model | None
) -> AnalysisInput:
    return AnalysisInput(
        table=table,
        subject=subject,
        source="profile" if model is None else "model",
        n_elements=profile.model.n_elements,
        gauge=gauge,
        model=model,
        profile=profile,
        sparsity_threshold=profile.settings.sparsity_threshold,
        warnings=_warnings(profile),
    )


def _table(profile: Profile, place: str) -> LayerTable:
    try:
        return layer_table(profile)
    except ValueError as error:
        raise ProfileError(f"{place}: {error}") from None


def _warnings(profile: Profile) -> tuple[str, ...]:
    warnings = []
    if profile.model.synthetic:
        warnings.append("the weights are synthetic: what is found in them was planted")
    lost = sum(profile.total.get(name) or 0 for name in ("nan_count", "inf_count"))
    if lost:
        warnings.append(f"{lost} weight{' is' if lost == 1 else 's are'} NaN or Inf and left out of every statistic")
    threshold = profile.settings.sparsity_threshold
    if threshold > USUAL_THRESHOLD:
        warnings.append(
            f"sparsity threshold {threshold:g}: value_sparsity counts more than zeros, expected zeros do not"
        )
    if profile.coverage != 1:
        warnings.append(f"only {100 * profile.coverage:.4g} % of the weights were scanned")
    return tuple(warnings)


def _of_json(path: Path) -> AnalysisInput:
    with open_input(path) as file:
        data = read_whole(file)
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        if not data.lstrip().startswith(b"{"):
            reason = _no_model_because(path)
        raise ProfileError(f"{path}: neither a GGUF model nor a profile in JSON ({reason})") from None
    try:
        if is_phase1(document):
            return _of_phase1(document, path)
        return _of_profile(Profile.from_json(data), path)
    except ProfileError as error:
        text = str(error)
        raise ProfileError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def _no_model_because(path: Path) -> str:
    """The core's words for a file of another kind: the page of an error, a pointer of Git LFS, an archive."""
    try:
        open_model(path).close()
    except GGUFError as error:
        return str(error).removeprefix(f"{path}: ").removeprefix("not a GGUF file but ")
    return "it was changed meanwhile"


def _of_phase1(document: dict[str, Any], path: Path) -> AnalysisInput:
    table = phase1_table(document)
    name, label, count = (document.get(key) for key in ("modelName", "quantizationType", "totalParameters"))
    name = _text(name) or None
    subject = Subject(
        title=title_of(name, base_name(path), None),
        file=base_name(path),
        name=name,
        architecture=None,
        file_type=_text(label),
        synthetic=False,
        identity=None,
    )
    return AnalysisInput(
        table=table,
        subject=subject,
        source="phase 1",
        n_elements=count if type(count) is int and 0 <= count < _MOST_ELEMENTS else None,
        gauge=gauge_from_table(table),
        model=None,
        profile=None,
        sparsity_threshold=None,
        warnings=(f"H2, H4: {FROBENIUS}",),
    )


def _text(value: Any) -> str | None:
    """A string that UTF-8 can hold: half of a surrogate pair, which JSON may spell, becomes a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
