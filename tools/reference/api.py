"""The Python interface: every public name of the package, its signature and its documentation."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import ggufscope as gs

from .markdown import documentation, fenced, page

MOST = 100  # characters of a signature in one line


def render() -> str:
    names = [name for name in gs.__all__ if not name.startswith("_")]
    functions = [name for name in names if inspect.isroutine(getattr(gs, name))]
    classes = [name for name in names if inspect.isclass(getattr(gs, name))]
    errors = [name for name in classes if issubclass(getattr(gs, name), BaseException)]
    results = [name for name in classes if name not in errors]
    return page(
        "Python",
        "Every public name of `import ggufscope as gs`.",
        "## Functions",
        *(part for name in functions for part in function(f"gs.{name}", getattr(gs, name))),
        "## Classes",
        *(part for name in results for part in class_(f"gs.{name}", getattr(gs, name))),
        "## What results share",
        *(part for base in shared(results) for part in class_(base.__name__, base)),
        "## Errors",
        *(part for name in errors for part in error(name, getattr(gs, name))),
    )


def function(name: str, documented: Any) -> Iterator[str]:
    yield f"### {name}"
    yield fenced(f"{name}{signature(documented)}", "python")
    yield documentation(documented)


def shared(names: list[str]) -> list[type]:
    """Classes of the package that several public ones are made of, and that are not public themselves."""
    counts = Counter(base for name in names for base in bases_of(getattr(gs, name)))
    return [base for base, count in counts.items() if count > 1]


def bases_of(documented: type) -> list[type]:
    """Bases in the package that have public members of their own."""
    bases = [base for base in documented.__mro__[1:] if base.__module__.startswith("ggufscope")]
    return [base for base in bases if list(members(base, [base]))]


def class_(name: str, documented: type) -> Iterator[str]:
    yield f"### {name}"
    yield documentation(documented)
    others = shared([each for each in gs.__all__ if inspect.isclass(getattr(gs, each))])
    links = [f"[{base.__name__}](#{base.__name__.lower()})" for base in bases_of(documented) if base in others]
    if links:
        yield f"Beside what follows it has what {' and '.join(links)} {'has' if len(links) == 1 else 'have'}."
    name = name.removeprefix("gs.")
    for member_name, member in members(
        documented, [base for base in documented.__mro__ if base not in others or base is documented]
    ):
        if isinstance(member, property):
            yield f"**`{name}.{member_name}`**{returned(member)}"
            yield documentation(member)
        else:
            yield f"**`{name}.{member_name}`**"
            yield fenced(f"{member_name}{signature(getattr(documented, member_name))}", "python")
            yield documentation(member)


def error(name: str, documented: type) -> Iterator[str]:
    bases = [base.__name__ for base in documented.__mro__[1:] if base not in {Exception, BaseException, object}]
    yield f"### gs.{name}"
    yield f"A {', '.join(f'`{base}`' for base in bases)}." if bases else "An `Exception`."
    yield documentation(documented)


def members(documented: type, bases: list[type]) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that have a docstring, of the class and of bases in the package."""
    seen: set[str] = set()
    for base in bases:
        if not base.__module__.startswith("ggufscope"):
            continue
        for name, member in vars(base).items():
            plain = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
            told = isinstance(member, property) or inspect.isroutine(plain) or hasattr(plain, "func")
            if not name.startswith("_") and name not in seen and told and inspect.getdoc(plain):
                yield name, plain if not hasattr(plain, "func") else property(plain.func)
            seen.add(name)


def returned(member: property) -> str:
    annotation = inspect.signature(member.fget).return_annotation if member.fget else inspect.Signature.empty
    return "" if annotation is inspect.Signature.empty else f": `{shown(annotation)}`"


def shown(annotation: Any) -> str:
    """An annotation as it is written."""
    if isinstance(annotation, str):
        return annotation.strip("'")
    return getattr(annotation, "__forward_arg__", None) or inspect.formatannotation(annotation)


def signature(documented: Any) -> str:
    """Parameters and result as they are written, a line for each where one line is too long."""
    try:
        told = inspect.signature(documented)
    except ValueError:  # of the core: told by its docstring
        return "(…)"
    pieces, star = [], False
    for parameter in told.parameters.values():
        if parameter.name in {"self", "cls"}:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            pieces.append("*")
        star = star or parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        pieces.append(_parameter(parameter))
    result = "" if told.return_annotation is told.empty else f" -> {shown(told.return_annotation)}"
    line = f"({', '.join(pieces)}){result}"
    return line if len(line) <= MOST else "(\n" + "".join(f"    {piece},\n" for piece in pieces) + f"){result}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{stars}{parameter.name}"
    if parameter.annotation is not parameter.empty:
        text += f": {shown(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f" = {re.sub(r' at 0x[0-9a-f]+', '', repr(parameter.default))}"
    return text
