"""Two models that read the same tokens: the output, layers, matrices, and the positions that hurt most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blocks import Heading, Items, Paragraph, TextTable, heads
from .cells import NOTHING, nmse, number
from .diff_run_words import DRIFT_DEFINITION, output_lines, read_text, worst_expert, worst_head
from .diff_words import cosine_text, labels, types_text
from .words import Own, Rounded, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.run_record import HurtPosition, LayerDrift, MatrixError, RunRecord
    from .blocks import Block
    from .shown import Shown


def runs(shown: Shown) -> Iterator[Block]:
    """The run of each model that has one, and once below them what their numbers are."""
    document = shown.diff
    if document is None:
        return
    several = len(document.models) > 1
    for place, (name, model) in enumerate(zip(labels(document), document.models, strict=True)):
        if model.run is not None:
            yield from _run(model.run, f"-{place}" if place else "", name if several else None)
    if any(model.run is not None for model in document.models):
        yield Paragraph(Own(f"{DRIFT_DEFINITION}."), "aside")


def _run(run: RunRecord, ending: str, name: str | None) -> Iterator[Block]:
    read = own("Both read {}", read_text(run))
    yield Heading(read if name is None else own("{}: both read {}", name, read_text(run)))
    yield Items([own("**{}** {}", Own(label), Own(text)) for label, text in output_lines(run)])
    if run.notes:
        yield Items(list(run.notes))
    yield TextTable(
        f"run-layers{ending}",
        Own("How far the two have come apart behind each layer"),
        heads("layer", "drift %", "of all tokens %", "first token %", "cosine", "attention moved %", numeric=_LAYERS),
        [_layer(each) for each in run.layers],
    )
    yield TextTable(
        f"run-matrices{ending}",
        Own("Output errors of matrices"),
        heads("matrix", "part", "type", "error %", "first token %", "worst head or expert", numeric=_MATRICES),
        [_matrix(each) for each in run.matrices],
    )
    if run.worst:
        yield TextTable(
            f"run-positions{ending}",
            Own("Where it hurts most"),
            heads("KL", "sequence", "position", "behind", "next", "reference", "model", numeric="KL|position"),
            [_position(each) for each in run.worst],
        )


_LAYERS = "layer|drift %|of all tokens %|first token %|cosine|attention moved %"
_MATRICES = "error %|first token %"


def _layer(drift: LayerDrift) -> tuple[Words, ...]:
    return (
        Own(drift.layer),
        nmse(drift.drift),
        nmse(drift.drift_total),
        nmse(drift.drift_first),
        NOTHING if drift.cosine is None else Rounded(cosine_text(drift.cosine), drift.cosine),
        nmse(drift.attention),
    )


def _matrix(matrix: MatrixError) -> tuple[Words, ...]:
    return (
        matrix.name,
        matrix.part,
        types_text(matrix),
        nmse(matrix.error),
        nmse(matrix.error_first),
        _worst_part(matrix),
    )


def _worst_part(matrix: MatrixError) -> Words:
    for kind, worst in (("head", worst_head(matrix)), ("expert", worst_expert(matrix))):
        if worst is not None:
            return own("{} {}: {} %", Own(kind), worst[0], nmse(worst[1]))
    return NOTHING


def _position(position: HurtPosition) -> tuple[Words, ...]:
    return (
        number(position.kl),
        position.sequence,
        Own(position.position),
        position.before,
        NOTHING if position.next is None else position.next,
        own("{}, {} %", position.reference_top, nmse(position.reference_share)),
        own("{}, {} %", position.model_top, nmse(position.model_share)),
    )
