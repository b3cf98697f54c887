"""`spectra`: the singular values of every matrix of a model."""

from __future__ import annotations

import datetime
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._version import __version__
from ..arrays.arguments import thread_count
from ..models.model import Model
from ..models.model import open as open_model
from ..models.subject import Subject
from ..text.notebook_bar import with_notebook_bar
from .estimated import lanczos_room, lanczos_size
from .gram import ROWS_AT_ONCE
from .head_products import head_spectra, layers_with_heads
from .known import Known
from .matrix_record import MatrixSpectrum
from .matrix_spectrum import is_estimated, matrix_spectrum
from .places import is_measured, matrices_of
from .side_by_side import Task, side_by_side
from .spectra_document import SCHEMA, HeadSpectrum, SpectraDocument, SpectraRun, SpectraSettings
from .spectra_result import Spectra, SpectraInterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from os import PathLike

    from ..models.tensor import Tensor
    from .head_products import LayerHeads
    from .places import Matrix

Measured: TypeAlias = MatrixSpectrum | list[HeadSpectrum]

LONGEST_EXACT = 8192
DRAWS = 200
SIGNIFICANCE = 0.1  # as Clauset, Shalizi and Newman have it
_MOST_DIMENSIONS = 3


@with_notebook_bar("spectra")
def spectra(
    model: str | PathLike[str] | Model,
    *,
    all: bool = False,  # noqa: A002
    tensors: Collection[str] | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
    stored: bool = False,
    longest_exact: int = LONGEST_EXACT,
    previous: Spectra | None = None,
) -> Spectra:
    """The singular values of every matrix of a model, and what they add up to: ranks, edges, power laws.

    Args:
        model: name of a model, as `ggufscope.open` takes it, or an open model, which stays open.
        all: embeddings, output and other matrices outside the layers, too.
        tensors: only matrices of tensors of these names, in the layers or not.
        threads: at most so many; by default the cores this process may use. Each matrix is measured by one of them, so
            that the numbers do not depend on how many there are. Other processors, with other BLAS kernels, may round
            otherwise.
        progress: called as `progress(done, total)` in units of work, about multiplications, in the calling thread; may
            raise to cancel. By default there is a bar in notebooks, and none elsewhere.
        seed: of the draws of tests and estimates; the same seed gives the same numbers.
        draws: spectra drawn to test each power law, at most.
        stored: leave out the factors that NVFP4 and BitNet files keep beside matrices.
        longest_exact: short side of a matrix, in weights, beyond which its numbers are estimated, with standard errors:
            time of exact ones grows with the cube, memory with the square (20 bytes · side²).
        previous: spectra of the same model by the same settings, as of a run that was given up: what they have is not
            computed again.

    Returns:
        The spectra; they do not refer to the model any more.

    Raises:
        GGUFError: The file is malformed, or it shrank while it was read.
        OSError: The file cannot be opened.
        SpectraInterrupted: Ctrl-C; it holds the spectra of what was finished, for `previous`.
        SpectraError: A `ValueError`: `previous` is of another model, or by other settings.
        ValueError: Less than one thread or draw, a negative seed, a name that no tensor has, or the model is closed.

    Example:
        >>> import ggufscope as gs
        >>> spectra = gs.spectra("model.gguf")                                          # doctest: +SKIP
        >>> [(each.name, each.effective_rank) for each in spectra.matrices]             # doctest: +SKIP
    """
    n_threads = thread_count(threads)
    least = {"longest_exact": (longest_exact, 1), "draws": (draws, 1), "seed": (seed, 0)}
    whole = {name: _whole(name, value, lowest) for name, (value, lowest) in least.items()}
    settings = SpectraSettings(bool(all), bool(stored), **whole, significance=SIGNIFICANCE)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with ExitStack() as stack:
        opened = model if isinstance(model, Model) else stack.enter_context(open_model(model))
        subject = Subject.of(opened)
        known = Known.of(previous, subject, settings)
        chosen, notes = _chosen(opened, tensors, everything=settings.all)
        matrices = [each for tensor in chosen for each in matrices_of(opened, tensor)]
        layers = layers_with_heads(opened, matrices)
        tasks = [_of_matrix(each, settings, known) for each in matrices]
        tasks += [_of_layer(each, settings, known) for each in layers]
        records: list[MatrixSpectrum] = []
        products: list[HeadSpectrum] = []

        def document() -> SpectraDocument:
            seconds = round(time.perf_counter() - clock, 3)
            measured = sum(each.rows * each.columns for each in records if each.method is not None)
            return SpectraDocument(
                schema=SCHEMA,
                model=subject,
                settings=settings,
                matrices=records,
                heads=products,
                coverage=measured / opened.n_parameters if opened.n_parameters else None,
                notes=notes,
                run=SpectraRun(__version__, started.isoformat(timespec="seconds"), seconds, n_threads),
            )

        stack.enter_context(opened.reading(chosen, times=2))
        try:
            for result in side_by_side(tasks, n_threads, progress):
                if isinstance(result, MatrixSpectrum):
                    records.append(result)
                else:
                    products.extend(result)
        except KeyboardInterrupt:
            raise SpectraInterrupted(Spectra(document())) from None
    return Spectra(document())


def _whole(name: str, value: int, least: int) -> int:
    """The value, where it is a whole number that is large enough.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be an integer from {least} on, not {value!r}")
    return int(value)


def _of_matrix(matrix: Matrix, settings: SpectraSettings, known: Known) -> Task[Measured]:
    """The task that measures a matrix, unless it is known."""
    there = known.matrix(matrix)
    if there is not None:
        return Task(lambda _: there, 0, 0)
    n = matrix.short_side
    size = n * matrix.n_weights + 4 * n**3  # a multiplication of an eigenvalue takes longer than one of the Gram matrix
    room = 20 * n**2 + 12 * ROWS_AT_ONCE * max(matrix.rows, matrix.columns)
    if matrix.n_weights and is_estimated(matrix, settings):
        size, room = lanczos_size(matrix), lanczos_room(matrix)
    return Task(lambda look: matrix_spectrum(matrix, settings, look), size, room)


def _of_layer(layer: LayerHeads, settings: SpectraSettings, known: Known) -> Task[Measured]:
    """The task that measures the heads of a layer, unless they are known."""
    there = known.layer(layer)
    if there is not None:
        return Task(lambda _: there, 0, 0)
    return Task(lambda look: list(head_spectra(layer, look, stored=settings.stored)), layer.size, layer.room)


def _chosen(model: Model, names: Collection[str] | None, *, everything: bool) -> tuple[list[Tensor], list[str]]:
    """The tensors whose matrices are measured, and notes on those that are not."""
    if names is not None:
        _check_names(model, names)
    wanted = [tensor for name, tensor in model.tensors.items() if names is None or name in names]
    everything = everything or names is not None
    matrices = [tensor for tensor in wanted if is_measured(tensor, everything=everything)]
    notes = [f"of a selection of {len(wanted)} of {len(model.tensors)} tensors"] if names is not None else []
    notes += [
        f"{tensor.name} has {len(tensor.shape)} dimensions and is no matrix or stack of them"
        for tensor in matrices
        if len(tensor.shape) > _MOST_DIMENSIONS
    ]
    return [tensor for tensor in matrices if len(tensor.shape) <= _MOST_DIMENSIONS], notes


def _check_names(model: Model, names: Collection[str]) -> None:
    """Raise a ValueError at a name that no tensor has, and at one name in place of several."""
    if isinstance(names, str):
        raise ValueError(f"tensors are several names, not the text {names!r}")
    for name in names:
        if name not in model.tensors:
            raise ValueError(f"the model has no tensor {name!r}")
