"""A model as its parts: embedding, layers, output. Nothing is decoded but vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from .catalog import Catalog
from .families import family_of
from .feed_forward import feed_forward
from .hyperparameters import Hyperparameters
from .layer import Layer
from .limits import NotApplicableError
from .mixers.kinds import mixer
from .own_inputs import own_input, own_inputs
from .parts import BranchNorms, Embedding, Head, Mixture
from .sources import Sources
from .streams import laurel, stream_ends, streams
from .structures import structure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays.floats import Floats
    from ..models.model import Model
    from ..models.weight_place import WeightPlace
    from .family import Arrangement, NormRoles
    from .matrices import Matrix
    from .own_inputs import OwnInputs
    from .streams import StreamEnds


class Blueprint:
    """Gathers the parts of one model; every method raises NotApplicableError for what is missing or does not fit.

    Attributes:
        catalog: its tensors.
        family: the facts of its architecture.
        hyperparameters: its metadata.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.catalog = sources.catalog
        self.family = sources.family
        self.hyperparameters = sources.hyperparameters

    @classmethod
    def of(cls, model: Model, zeroed: Sequence[WeightPlace] = ()) -> Self:
        """The blueprint of a language model whose architecture is known; see `Catalog` for `zeroed`."""
        family = family_of(model)
        catalog = Catalog(model, zeroed)
        return cls(Sources(catalog, family, Hyperparameters(model, family, catalog.columns(None, "token_embd"))))

    @property
    def n_layers(self) -> int:
        return self.hyperparameters.n_layers

    @property
    def width(self) -> int:
        return self.hyperparameters.width

    def layer(self, number: int) -> Layer:
        arrangement, mixer_norms, feed_forward_norms = self._arrangement(number)
        ffn = feed_forward(self._sources, number)
        if isinstance(ffn, Mixture) and ffn.norms is not None:
            feed_forward_norms = replace(feed_forward_norms, before=None)
        part = mixer(self._sources, number)
        without = part is None and not self.catalog.has(number, mixer_norms.before or "")
        mixer_branch = BranchNorms(None) if without else self._sources.branch_norms(number, mixer_norms)
        return Layer(
            number=number,
            mixer=part,
            mixer_norms=mixer_branch,
            feed_forward=ffn,
            feed_forward_norms=self._sources.branch_norms(number, feed_forward_norms),
            arrangement=arrangement,
            residual_scale=self.hyperparameters.residual_scale,
            laurel=laurel(self._sources, number),
            streams=streams(self._sources, number),
            own_input=own_input(self._sources, number),
            output_scale=self._output_scale(number),
        )

    def own_inputs(self) -> OwnInputs | None:
        """The tensors that the layers' own inputs are made of; None without."""
        return own_inputs(self._sources)

    def stream_ends(self) -> StreamEnds | None:
        """How one stream becomes several, and back; None where there is one."""
        return stream_ends(self._sources)

    def embedding(self) -> Embedding:
        role = self.family.embedding_norm
        return Embedding(
            tokens=self._table("token_embd"),
            scale=self.hyperparameters.embedding_scale,
            positions=self._optional_table("position_embd"),
            types=self._optional_table("token_types"),
            norm=None if role is None else self._sources.norm(None, role),
        )

    def head(self) -> Head:
        role = self.family.output_norm
        return Head(
            norm=None if role is None else self._sources.norm(None, role),
            output=None if self.family.embeds else self._output(),
            scale=self.hyperparameters.logit_scale,
            soft_cap=self.hyperparameters.logit_soft_cap,
        )

    def _output(self) -> Matrix:
        if not self.catalog.has(None, "output"):
            return self._table("token_embd")
        return self.catalog.matrix(None, "output", self.catalog.need(None, "token_embd").n_rows, self.width)

    def rope_factors(self, positions: int) -> Floats | None:
        """Divisors of RoPE's frequencies: of Llama 3, or of Phi 3 for so many positions; None without."""
        original = self.hyperparameters.count("rope.scaling.original_context_length")
        long = original is not None and positions > original
        for role in ("rope_freqs", "rope_factors_long" if long else "rope_factors_short"):
            tensor = self.catalog.find(None, role)
            if tensor is not None:
                return self.catalog.vector(None, role, tensor.n_elements)
        return None

    def require_all_read(self, layer: int | None) -> None:
        """Raise NotApplicableError for a tensor of a layer, or outside of all, that no part was made of."""
        for tensor in self.catalog.unread(layer):
            structure = structure_of(tensor.role)
            if structure is not None:
                raise NotApplicableError(f"{tensor.name} belongs to {structure}")
            raise NotApplicableError(f"ggufscope does not know what {tensor.name} is for")

    def _arrangement(self, layer: int) -> tuple[Arrangement, NormRoles, NormRoles]:
        """The arrangement of a layer, and the norms around its branches; all may depend on the file."""
        attention, ffn = self.family.attention_norms, self.family.feed_forward_norms
        if self.family.optional_attention_norm and not self.catalog.has(layer, attention.before or ""):
            attention = replace(attention, before=None)
        beside = self.family.attention_norm_beside
        if beside is not None and self.catalog.has(layer, beside):
            return "two norms", replace(attention, before=beside), replace(ffn, before=attention.before)
        without = self.family.optional_feed_forward_norm and not self.catalog.has(layer, ffn.before or "")
        if self.family.arrangement == "one norm" or without:
            return "one norm", attention, replace(ffn, before=None)
        if self.hyperparameters.flag("use_parallel_residual"):
            return "two norms", attention, ffn
        return self.family.arrangement, attention, ffn

    def _output_scale(self, layer: int) -> float:
        there = self.catalog.has(layer, "layer_output_scale")
        return float(self.catalog.needed_vector(layer, "layer_output_scale", 1)[0]) if there else 1.0

    def _table(self, role: str) -> Matrix:
        return self.catalog.matrix(None, role, self.catalog.need(None, role).n_rows, self.width)

    def _optional_table(self, role: str) -> Matrix | None:
        return self._table(role) if self.catalog.has(None, role) else None
