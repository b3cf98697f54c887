"""A recommendation of types: the mix, what it costs beside others, its command, and what that is worth."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ...models.stacks import layer_ranges
from ...text.numbers import bytes_text, count_text, counted, short
from .blocks import Heading, Headline, Items, Marked, Paragraph, TextTable, heads
from .cells import NOTHING
from .role_order import in_order
from .words import Own, Rounded, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...diffs.budgets.bits_document import BitsDocument, ChosenTensor, MixPoint
    from .blocks import Block
    from .shown import Shown

_COMMAND = re.compile(r"[a-zA-Z0-9 _.,=^$()|+'\[\]\\-]+")
_MOST_POINTS = 16  # of the curve in its table


def bits_headline(shown: Shown) -> Iterator[Block]:
    """The reference, the budget, and the mix in figures."""
    document = shown.bits
    if document is None:
        return
    reference, mix = document.reference, document.mix
    labelled = (("architecture", reference.architecture), ("declared type", reference.file_type))
    yield Headline(
        title=own("{} within {}", reference.title, document.budget.text),
        subject="Types",
        facts={"name": reference.title, **{name: text for name, text in labelled if text}},
        figures={
            "Parameters": Own(count_text(reference.n_elements)),
            "Size": Own(bytes_text(mix.n_bytes)),
            "Bits per weight": Own(f"{mix.bits_per_weight:.3f}"),
            "Predicted cost": own("{} nats", Own(short(mix.cost))),
        },
        synthetic=reference.synthetic,
        identity=reference.identity,
        origin=Own("a choice of types for the tensors of a model"),
    )


def mix_by_role(shown: Shown) -> Iterator[Block]:
    """The types of each role, by layer."""
    document = shown.bits
    if document is None:
        return
    by_role: dict[str | None, list[ChosenTensor]] = defaultdict(list)
    for tensor in document.tensors:
        by_role[tensor.role or tensor.name].append(tensor)
    yield TextTable(
        "mix",
        Own("The mix"),
        heads("role", "types by layer", "size", "cost", numeric="size|cost", long="types by layer"),
        [_role_cells(role or "", by_role[role]) for role in in_order(by_role)],
        folded=False,
    )


def _role_cells(role: str, tensors: Sequence[ChosenTensor]) -> tuple[Words, ...]:
    n_bytes, cost = sum(each.n_bytes for each in tensors), sum(each.cost for each in tensors)
    return role, _types(tensors), Rounded(bytes_text(n_bytes), n_bytes), Rounded(short(cost), cost)


def _types(tensors: Sequence[ChosenTensor]) -> Words:
    layers: dict[str, list[int]] = defaultdict(list)
    for tensor in tensors:
        layers[tensor.type].append(-1 if tensor.layer is None else tensor.layer)
    ordered = sorted(layers.items(), key=lambda item: len(item[1]))
    if len(ordered) == 1:
        return ordered[0][0]
    *few, (most, _) = ordered
    return joined([*(own("{} {}", name, Own(layer_ranges(at))) for name, at in few), own("{} rest", most)], " | ")


def mix_sizes(shown: Shown) -> Iterator[Block]:
    """The mix, the given files and the curve, by size."""
    document = shown.bits
    if document is None:
        return
    rows: list[tuple[int, tuple[Words, ...]]] = []
    curve = some_points(document, _MOST_POINTS)
    for name, point in [*((Own("least cost"), each) for each in curve), (Own("**this mix**"), document.mix)]:
        rows.append((point.n_bytes, _size_cells(name, point.bits_per_weight, point.n_bytes, point.cost, None)))
    rows += [
        (each.n_bytes, _size_cells(each.file, each.bits_per_weight, each.n_bytes, each.cost, each.least_cost))
        for each in document.given
    ]
    columns = ("mix", "bits per weight", "size", "cost", "least cost at its size")
    yield TextTable(
        "sizes",
        Own("Cost and size"),
        heads(*columns, numeric="|".join(columns[1:])),
        [cells for _, cells in sorted(rows, key=lambda row: row[0])],
        folded=False,
    )


def some_points(document: BitsDocument, most: int) -> list[MixPoint]:
    """Points of the curve at equal distances, the first and the last among them: so many and one, at most."""
    step = max(1, -(-len(document.curve) // most))
    return [*document.curve[:-1:step], *document.curve[-1:]]


def _size_cells(
    name: Words, bits_per_weight: float, n_bytes: int, cost: float | None, least: float | None
) -> tuple[Words, ...]:
    costs = (NOTHING if each is None else Rounded(short(each), each) for each in (cost, least))
    return name, Rounded(f"{bits_per_weight:.3f}", bits_per_weight), Rounded(bytes_text(n_bytes), n_bytes), *costs


def bits_command(shown: Shown) -> Iterator[Block]:
    """The command that makes the mix, line by line."""
    if shown.bits is None:
        return
    yield Heading(Own("Command"))
    lines = str(shown.bits.recipe["shell"]).split("\n")
    yield Items([_code(line.strip()) for line in lines], "bare")


def _code(line: str) -> Words:
    """A line of a command as it is; what a command of ours does not have is text from a file, and escaped."""
    return Own(f"`{line}`") if _COMMAND.fullmatch(line) else own("`{}`", line)


def bits_trust(shown: Shown) -> Iterator[Block]:
    """What the costs are, and what they are worth."""
    document = shown.bits
    if document is None:
        return
    yield Heading(Own("How far to trust it"))
    yield Marked([("note", line) for line in _remarks(document)])


def _remarks(document: BitsDocument) -> Iterator[Words]:
    if document.method == "traced":
        yield own("The error of each tensor was followed through the model while it read {} tokens.", document.n_tokens)
    else:
        yield own("The model was not read: {}.", document.reason or "nobody asked for it")
    for warning in document.warnings:
        yield own("{}.", warning)
    exact = (
        "No mix of these types within the budget costs less."
        if document.exact
        else "There are too many mixes to say that none costs less."
    )
    yield Own(exact)
    if document.unchosen:
        yield Own(f"{counted(len(document.unchosen), 'tensor')} without another type stay as in the reference.")


def bits_tensors(shown: Shown) -> Iterator[Block]:
    """Every tensor with its options."""
    document = shown.bits
    if document is None:
        return
    columns = ("tensor", "type", "size", "cost", "cost in other types")
    yield TextTable(
        "tensors",
        Own("Tensors"),
        heads(*columns, numeric="size|cost", long="cost in other types"),
        [
            (
                tensor.name,
                own("{}{}", tensor.type, Own(", kept") if tensor.kept else Own("")),
                Rounded(bytes_text(tensor.n_bytes), tensor.n_bytes),
                Rounded(short(tensor.cost), tensor.cost),
                joined(
                    own("{} {}", each.type, Own(short(each.cost)))
                    for each in tensor.options
                    if each.type != tensor.type
                ),
            )
            for tensor in document.tensors
        ],
    )


def bits_settings(shown: Shown) -> Iterator[Block]:
    """The files, and what a cost is."""
    document = shown.bits
    if document is None:
        return
    yield Paragraph(
        Own(
            "A cost is the KL divergence of next tokens, in nats, that one tensor in this type is predicted to make by"
            " itself; those of tensors are added up. Size is of all tensors, those without a choice included."
        )
    )
    yield Items(list(_files(document)))


def _files(document: BitsDocument) -> Iterator[Words]:
    yield own("reference: {}, identity `{}`", document.reference.file or "", document.reference.identity or "")
    for model in document.models:
        yield own("model: {}, identity `{}`", model.file or "", model.identity or "")
    if document.importance is not None:
        yield own("importance matrix: {}", document.importance)
    if document.run is not None:
        yield own("ggufscope {}, {}, {:.2f} s", document.run.version, document.run.started, document.run.seconds)
