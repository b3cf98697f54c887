"""A model file: its tensors and metadata, mapped and named."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Self

from .._core import GGUFError
from .._core import Model as CoreModel
from ..inputs.checkpoints import is_checkpoint
from ..text.notebook import NotebookView
from .factors import factors_among, input_factors_among
from .fingerprints import samples, samples_of, table_digest
from .magic import SYNTHETIC_KEY
from .mapped import MappedModel
from .metadata import file_type_name
from .stacks import MOST_STACKS, layers_by_stack
from .tensor import Tensor
from .tensor_table import Tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike
    from types import TracebackType

    from .._core import TensorInfo
    from ..inputs.checkpoints.composing import Composition
    from .remote import RemoteFiles

__all__ = ["Model", "Tensor", "Tensors", "open"]


def open(name: str | PathLike[str], *, window: int | None = None) -> Model:  # noqa: A001
    """Open a GGUF file, or a split model through any of its files, or a checkpoint, wherever it lies.

    The header and the tensor table are checked; tensor data and metadata arrays are not read. A checkpoint of
    safetensors files is seen as the GGUF file that llama.cpp's converter would write of it, see docs/checkpoints.md.

    Args:
        name: path of a file or of a directory that holds one model, or a name of docs/inputs.md: `hf://ORG/NAME/PATH`,
            `https://…`, a URL of fsspec, `ollama:NAME`, `hf-cache:ORG/NAME`.
        window: bytes of a model that lies elsewhere that are in memory at once; by default 256 MB.

    Returns:
        The model; use it as a context manager, or `close()` it.

    Raises:
        GGUFError: The file is no GGUF file, or malformed, or a shard is missing.
        UnsupportedTypeError: A tensor has a type that cannot be decoded.
        MissingExtraError: The name needs a package that is not installed.
        OSError: The file cannot be opened, or read where it lies.
        ValueError: The name is malformed, or stands for several models; the line lists them.

    Example:
        >>> with open("model.gguf") as model:                                       # doctest: +SKIP
        ...     print(model.architecture, model.n_parameters)
    """
    from ..inputs.naming import locate  # noqa: PLC0415  these take time, and not everybody opens files

    located = locate(name)
    if is_checkpoint(located.name):
        from .checkpoints import composed, composed_of_remote  # noqa: PLC0415

        if located.path is not None:
            core, composition = composed(located)
            return Model(core, composition=composition)
        remote, core, composition = composed_of_remote(located, window)
        return Model(core, remote, located.address, composition)
    if located.path is not None:
        return Model(CoreModel(located.path))
    from .remote import RemoteFiles  # noqa: PLC0415

    remote = RemoteFiles(located, window)
    return Model(remote.open(), remote, located.address)


class Model(NotebookView, MappedModel):
    """A model, mapped or read where it lies, made by `ggufscope.open`.

    It pickles as its name, under which it is opened anew and must hold the same weights, or GGUFError is raised; of a
    model that was closed, or lies elsewhere, sizes and tensor table are compared if its `identity` was never asked for.
    Copies have a mapping of their own. Models compare by identity of the object, as open files do.

    Attributes:
        files: the files of the model, one unless it is split.
        tensors: its tensors, by name and by position.
        metadata: its metadata, a mapping that reads each value when it is asked for.
        n_parameters: elements of all tensors.
        n_bytes: bytes of all tensors, without header and padding.
        format_version: of the GGUF format, 2 or 3.
        byte_order: `"little"` or `"big"`.
        alignment: of the tensor data, in bytes.
        file_hashes: `"sha256:…"` of each whole file, as `sha256sum` has it; None until they were asked for.
    """

    def __init__(
        self,
        core: CoreModel,
        remote: RemoteFiles | None = None,
        name: str | None = None,
        composition: Composition | None = None,
    ) -> None:
        super().__init__(core, name, composition)
        self._remote = remote
        self._uses = contextlib.ExitStack()
        self.file_hashes: list[str] | None = None
        self._infos: list[TensorInfo] = list(core.tensors)
        self.tensors = Tensors([Tensor(self, index, info) for index, info in enumerate(self._infos)])
        self._tell_factors()
        self.n_parameters = sum(tensor.n_elements for tensor in self.tensors.values())
        self.n_bytes = sum(tensor.n_bytes for tensor in self.tensors.values())
        if remote is not None:
            remote.keep_samples(self.files, self._samples_of(self._infos))

    def _tell_factors(self) -> None:
        """Give matrices the factors beside them."""
        tensors = self.tensors
        for name, factor in factors_among(tensors).items():
            tensors[name].factor = factor
            factor.tensor.kind = "factor"
        for tensor in input_factors_among(tensors):
            tensor.kind = "factor"

    @cached_property
    def name(self) -> str | None:
        """`general.name`, None where the file has none."""
        return self._text("general.name")

    @cached_property
    def file_type(self) -> str | None:
        """The type or mix the file declares in `general.file_type`, as `"Q4_K_M"`; None where it declares none.

        Only a label: what the tensors are is in the tensor table.
        """
        return file_type_name(self.metadata.get("general.file_type"))

    @cached_property
    def synthetic(self) -> bool:
        """Whether the weights are made up, as `ggufscope synth` marks them."""
        return self.metadata.get(SYNTHETIC_KEY) is True

    @cached_property
    def general_type(self) -> str | None:
        """`general.type`: `"model"`, `"adapter"`, `"mmproj"`, `"imatrix"`, …; None where the file has none."""
        return self._text("general.type")

    @cached_property
    def stacks(self) -> dict[str | None, tuple[int, ...]]:
        """The numbers of the layers that have tensors, ascending, of each stack; the main one is None, and first.

        Raises:
            GGUFError: The names speak of more stacks than any model has.
        """
        stacks = layers_by_stack(self.tensors.values())
        if len(stacks) > MOST_STACKS:
            reason = f"names of tensors in {len(stacks)} stacks of layers; the limit is {MOST_STACKS}"
            raise GGUFError(f"{self.path}: {reason}")
        return stacks

    @property
    def layers(self) -> tuple[int, ...]:
        """The numbers of the main stack's layers that have tensors, ascending."""
        return self.stacks.get(None, ())

    @property
    def bits_per_weight(self) -> float | None:
        """Stored bits per weight over all tensors; None for a model without weights."""
        return 8 * self.n_bytes / self.n_parameters if self.n_parameters else None

    @cached_property
    def identity(self) -> str:
        """`"sha256:…"` of what identifies the weights without reading them all, wherever the files lie.

        Hashed are the file sizes, the tensor table, and up to three samples of 4 KiB of every tensor: its beginning,
        middle and end.

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed.
        """
        return self.fingerprint(self.tensors.values())

    def fingerprint(self, tensors: Iterable[Tensor]) -> str:
        """The hash that `identity` is of all tensors, with the samples of some of them alone.

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed.
        """
        core = self.core()
        infos = [self._infos[tensor.index] for tensor in tensors]
        if self._remote is not None:
            self._remote.expect(self.files, self._samples_of(infos))
        digest = table_digest(self.file_sizes, self._infos)
        for info in infos:
            for start, size in samples(info.n_bytes):
                digest.update(core.read(info.file, info.offset + start, size))
        return f"sha256:{digest.hexdigest()}"

    def _samples_of(self, infos: Iterable[TensorInfo]) -> list[list[tuple[int, int]]]:
        """Where the samples of tensors lie in each file; bytes of a checkpoint may stand elsewhere in its files."""
        return samples_of(infos if self.composition is None else (), len(self.files))

    @property
    def is_remote(self) -> bool:
        """Whether the model lies elsewhere, and every byte of it is fetched when it is read."""
        return self._remote is not None

    @contextlib.contextmanager
    def reading(self, tensors: Iterable[Tensor], *, times: int = 1, whole: bool = False) -> Iterator[None]:
        """A block that reads tensors in this order: what lies elsewhere is fetched ahead, once for all who read it.

        Args:
            tensors: that are read.
            times: how often each is read.
            whole: whether all else in the files is read as well.
        """
        if self._remote is None:
            yield
            return
        ranges = [[(0, size)] for size in self.file_sizes] if whole else self._ranges_of(tensors)
        with self._remote.planned(self.files, ranges, times):
            yield

    def _ranges_of(self, tensors: Iterable[Tensor]) -> list[list[tuple[int, int]]]:
        """Where tensors lie in each file, as (offset, size)."""
        if self.composition is not None:
            return self.composition.ranges(tensor.name for tensor in tensors)
        from .remote import ranges_of  # noqa: PLC0415

        return ranges_of([self._infos[tensor.index] for tensor in tensors], len(self.files))

    def _table_digest(self) -> str:
        return table_digest(self.file_sizes, self._infos).hexdigest()

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[str, str, str | None, int | None]]:
        at_hand = "identity" in self.__dict__ or not (self.closed or self.is_remote)
        identity = self.identity if at_hand else None
        window = None if self._remote is None else self._remote.window
        return _reopened, (self.address, self._table_digest(), identity, window)

    def __enter__(self) -> Self:
        if self._remote is not None:
            self._uses.enter_context(self._remote.interruptible())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uses.close()
        self.close()

    def __repr__(self) -> str:
        if self.closed:
            return f"<Model {self.path!r}: closed>"
        return f"<Model {self.path!r}: {self.architecture or 'no architecture'}, {self.n_parameters:,} parameters>"


def _reopened(name: str, table_digest: str, identity: str | None, window: int | None = None) -> Model:
    """The model of a pickle.

    Raises:
        GGUFError: The files hold another model by now.
    """
    model = open(name, window=window)
    if model._table_digest() == table_digest and identity in {None, model.identity}:
        return model
    model.close()
    raise GGUFError(f"{model.path}: the file changed since the model was pickled")
