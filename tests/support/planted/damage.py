"""Planted damage: a change to a healthy model, and what `check` must say about it.

A kind of damage is a function under `@plants` that changes a `Healthy` and gives what is expected, places computed from
the layout of the file and not by the code under test. It is tried on a file of each type that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ggufscope.checks.findings import Place, Severity
from support.planted.healthy import Healthy

QUANTIZED = ("Q4_0", "Q4_K", "Q6_K", "IQ4_XS", "MXFP4", "NVFP4")
PLAIN = ("F16", "BF16", "F32")
EVERY = (*QUANTIZED, "Q4_1", "Q8_0", *PLAIN)


@dataclass(frozen=True)
class Expected:
    """One finding: its rule, its severity, its whole place."""

    rule: str
    severity: Severity
    place: Place


Plant = Callable[[Healthy], Sequence[Expected]]


@dataclass(frozen=True)
class Damage:
    """One kind of damage in a file of one type.

    Attributes:
        name: of the kind.
        type_name: of the matrices.
        plant: damages a model.
        layers: of the model.
    """

    name: str
    type_name: str
    plant: Plant
    layers: int


DAMAGES: list[Damage] = []


def plants(*type_names: str, layers: int = 4) -> Callable[[Plant], Plant]:
    """Register a function as a kind of damage, named as it is, in files of these types; F32 if none is named."""

    def register(plant: Plant) -> Plant:
        name = plant.__name__.replace("_", "-")
        DAMAGES.extend(Damage(name, type_name, plant, layers) for type_name in type_names or ("F32",))
        return plant

    return register


def at_tensor(model: Healthy, name: str, **more: Any) -> Place:
    return Place(tensor=name, file=model.name, offset=model.begin(name), **more)


def at_element(model: Healthy, name: str, element: int, **more: Any) -> Place:
    size = model.block_elements(name)
    return Place(
        tensor=name,
        row=element // model.tensor(name).shape[-1],
        block=element // size if size > 1 else None,
        element=element,
        file=model.name,
        offset=model.begin(name) + element // size * model.block_bytes(name),
        **more,
    )


def at_block(model: Healthy, name: str, block: int, **more: Any) -> Place:
    return at_element(model, name, block * model.block_elements(name), **more)


def error(rule: str, place: Place) -> list[Expected]:
    return [Expected(rule, "error", place)]


def warning(rule: str, place: Place) -> list[Expected]:
    return [Expected(rule, "warning", place)]


def note(rule: str, place: Place) -> list[Expected]:
    return [Expected(rule, "note", place)]
