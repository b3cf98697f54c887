"""Arguments and options whose values need no conversion: typer is spared them.

typer converts every value by pydantic, those that nobody gave, too: loading that takes a third of the time in which a
command starts. A word that is to be a string is one already.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, get_args

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable


def sparing_command(command: Callable[..., object]) -> type[TyperCommand]:
    """The class of a typer command that passes on what `command` takes as it is."""

    class SparingCommand(TyperCommand):
        def get_params(self, ctx: Any) -> list[Any]:
            return _spared(super().get_params(ctx), command)

    return SparingCommand


def sparing_group(callback: Callable[..., object]) -> type[TyperGroup]:
    """The same of the group of all commands, whose options are those of `callback` and typer's own."""

    class SparingGroup(TyperGroup):
        def get_params(self, ctx: Any) -> list[Any]:
            return _spared(super().get_params(ctx), callback)

    return SparingGroup


def _spared(parameters: list[Any], function: Callable[..., object]) -> list[Any]:
    types = {name: _type_of(parameter.annotation) for name, parameter in inspect.signature(function).parameters.items()}
    for parameter in parameters:
        if not isinstance(parameter.process_value, functools.partial):  # asked for several times
            process = functools.partial(_processed, parameter, types.get(parameter.name), parameter.process_value)
            parameter.process_value = process
    return parameters


def _type_of(annotation: Any) -> Any:
    """`T` of `Annotated[T | None, …]`; None where there are several."""
    if hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    kinds = [each for each in get_args(annotation) if each is not type(None)]
    if type(None) not in get_args(annotation):
        return annotation
    return kinds[0] if len(kinds) == 1 else None


def _processed(parameter: Any, kind: Any, process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    """What click's `Parameter.process_value` gives, which `process` is."""
    several = parameter.multiple or parameter.nargs != 1
    if value is None and context.resilient_parsing:  # a shell asks for completions, and what is missing may yet come
        return None
    if value is None and not parameter.required:
        value = () if several else None
    elif kind == list[str] and several and value and all(type(each) is str for each in value):
        value = list(value)
    elif several or kind not in {str, bool, int, float} or type(value) is not kind:
        return process(context, value)
    return value if parameter.callback is None else parameter.callback(context, parameter, value)
