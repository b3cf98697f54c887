"""Inputs of single layers (Gemma 3n and 4): every layer has an embedding of each token of its own.

    token ─ row of per_layer_token_embd · √components ──────────┐
    embedding ─ per_layer_model_proj / √width ─ norm of a layer ─ + ─ / √2 ─▶ own input of every layer
    stream behind a layer ─ gate ─ GELU ─ · own input ─ proj ─ norm ─▶ added to the stream

llama.cpp calls them per-layer embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .limits import MissingTensorError, NotApplicableError

if TYPE_CHECKING:
    from .matrices import Matrix
    from .parts import Norm
    from .sources import Sources


@dataclass(frozen=True)
class OwnInputs:
    """The tensors that the own inputs of all layers are made of.

    Attributes:
        tokens: (vocabulary, layers · components).
        projection: of the embedding, (layers · components, channels).
        norm: over the components of a layer.
    """

    tokens: Matrix
    projection: Matrix
    norm: Norm


@dataclass(frozen=True)
class OwnInput:
    """How a layer reads its own input.

    Attributes:
        gate: (components, channels).
        output: (channels, components).
        norm: over the channels.
    """

    gate: Matrix
    output: Matrix
    norm: Norm

    @property
    def matrices(self) -> list[Matrix]:
        return [self.gate, self.output]


def own_inputs(sources: Sources) -> OwnInputs | None:
    """Gathered from tensors outside the layers; None where the model has none.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog = sources.catalog
    if not catalog.has(None, "per_layer_token_embd"):
        return None
    n_layers = sources.hyperparameters.n_layers
    columns = catalog.columns(None, "per_layer_token_embd")
    if columns % n_layers:
        raise NotApplicableError(f"per_layer_token_embd has {columns} columns for {n_layers} layers")
    norm = sources.optional_norm(None, "per_layer_proj_norm", (columns // n_layers,), centred=False)
    if norm is None:
        raise MissingTensorError(None, "per_layer_proj_norm")
    n_vocabulary = catalog.need(None, "token_embd").n_rows
    return OwnInputs(
        catalog.matrix(None, "per_layer_token_embd", n_vocabulary, columns),
        catalog.matrix(None, "per_layer_model_proj", columns, sources.width),
        norm,
    )


def own_input(sources: Sources, layer: int) -> OwnInput | None:
    """Gathered from the tensors of a layer; None where it has none.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, width = sources.catalog, sources.width
    if not catalog.has(layer, "inp_gate"):
        return None
    n_components = catalog.columns(None, "per_layer_token_embd") // sources.hyperparameters.n_layers
    return OwnInput(
        catalog.matrix(layer, "inp_gate", n_components, width),
        catalog.matrix(layer, "proj", width, n_components),
        sources.norm(layer, "post_norm"),
    )
