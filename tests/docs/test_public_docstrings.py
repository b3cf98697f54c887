"""Every public name, attribute and method of the library says what it is, and so does every class that one leads to."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import ggufscope as gs

PACKAGE = "ggufscope"
NAME = re.compile(r"\b[A-Z]\w+")


def is_ours(value: object) -> bool:
    return isinstance(value, type) and value.__module__.startswith(f"{PACKAGE}.") and "._core" not in value.__module__


@cache
def imports_of(module: str) -> dict[str, tuple[str, str]]:
    """Names that a module imports, those for type checkers as well → the module and the name there."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    is_package = hasattr(importlib.import_module(module), "__path__")
    parts = module.split(".")
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = parts[: len(parts) - node.level + is_package]
            home = ".".join([*base, *filter(None, [node.module])])
            found |= {each.asname or each.name: (home, each.name) for each in node.names}
    return found


def named_in(annotation: object, module: str) -> Iterator[type]:
    """Classes of the library that an annotation of a module names."""
    for name in NAME.findall(str(annotation)):
        value = getattr(importlib.import_module(module), name, None)
        if value is None and name in imports_of(module):
            home, original = imports_of(module)[name]
            value = getattr(importlib.import_module(home), original, None)
        if is_ours(value):
            yield value


def members(kind: type) -> dict[str, tuple[type, Any]]:
    """Public members of a class and of its bases in the library → the class that has each, and what it is."""
    found: dict[str, tuple[type, Any]] = {}
    for base in reversed(kind.__mro__):
        if not is_ours(base):
            continue
        names = [*vars(base), *inspect.get_annotations(base), *base.__dict__.get("__slots__", ())]
        found |= {name: (base, vars(base).get(name)) for name in names if name[0] != "_" and name != "model_config"}
    return found


def function_of(value: Any) -> Any:
    """The function behind a property, a class method or a method; None for a field."""
    for holder in ("fget", "func", "__func__"):
        value = getattr(value, holder, value)
    return value if inspect.isfunction(value) else None


def undescribed(kind: type) -> list[str]:
    """Members that neither have a docstring nor stand in that of their class, as `name: …`."""
    text = "\n".join(base.__doc__ or "" for base in kind.__mro__ if is_ours(base))
    return [
        name
        for name, (_, value) in members(kind).items()
        if not getattr(function_of(value), "__doc__", None)
        and not re.search(rf"(^ +|, ){name}(, \w+)*: ", text, flags=re.MULTILINE)
    ]


def reached() -> set[type]:
    """The public classes, and those that their public attributes and properties are made of."""
    waiting = [value for value in (getattr(gs, name) for name in gs.__all__) if is_ours(value)]
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        for name, (base, value) in members(kind).items():
            function = function_of(value)
            is_property = isinstance(value, property) or hasattr(value, "func")
            annotation = inspect.get_annotations(base).get(name, "")
            if function is not None and is_property:
                annotation = function.__annotations__.get("return", "")
            waiting += named_in(annotation, base.__module__)
    return seen


def test_every_public_name_has_a_docstring() -> None:
    names = [name for name in gs.__all__ if name != "__version__"]
    assert [name for name in names if not inspect.getdoc(getattr(gs, name))] == []


def test_every_public_attribute_is_described() -> None:
    kinds = reached()
    assert {gs.Tensor, gs.Profile, gs.Trace} <= kinds
    assert len(kinds) > 80
    assert {f"{kind.__module__}.{kind.__name__}": names for kind in kinds if (names := undescribed(kind))} == {}


class Described:
    """A class.

    Attributes:
        one, other: both.
    """

    one: int
    other: int
    third: int

    def method(self) -> None: ...


Described.__module__ = "ggufscope.described"


def test_what_lacks_a_description_is_seen() -> None:
    assert undescribed(Described) == ["method", "third"]
