"""The stub of the compiled module says which parameters its functions take; pybind11 says it in their docstrings.

Which names there are, and which attributes are read-only, mypy's stubtest checks (tools/lint.sh); it cannot see
parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ggufscope
from ggufscope import _core

STUB = ast.parse(Path(ggufscope.__file__).with_name("_core.pyi").read_text(encoding="utf-8"))


def is_property(function: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list)


def is_for_type_checkers(node: ast.ClassDef) -> bool:
    """The module has no such class; its methods are those of the classes below it."""
    return any(isinstance(mark, ast.Name) and mark.id == "type_check_only" for mark in node.decorator_list)


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods of the stub, as `"Model.value"`."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and not is_for_type_checkers(node):
            bases = [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
            for member in (*node.body, *(member for base in bases for member in base.body)):
                if isinstance(member, ast.FunctionDef) and not is_property(member):
                    yield f"{node.name}.{member.name}", member


def parameters(function: ast.FunctionDef) -> dict[str, object]:
    """Name → default, `...` for none."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    defaults = [ast.literal_eval(default) for default in function.args.defaults]
    return dict(zip(names, [...] * (len(names) - len(defaults)) + defaults, strict=True))


FUNCTIONS = dict(functions(STUB))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_those_of_the_module(name: str) -> None:
    compiled: object = _core
    for part in name.split("."):
        compiled = getattr(compiled, part)
    signature = next(line for line in (compiled.__doc__ or "").splitlines() if ") -> " in line)
    (declared,) = ast.parse(f"def {signature}: ...").body
    assert isinstance(declared, ast.FunctionDef)
    assert parameters(declared) == parameters(FUNCTIONS[name])


def test_every_function_is_in_the_stub() -> None:
    compiled = {name for name, value in vars(_core).items() if callable(value) and not isinstance(value, type)}
    assert compiled <= set(FUNCTIONS)
