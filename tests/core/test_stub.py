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


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods of the stub, as `"Model.value"`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for entry in node.body:
                if isinstance(entry, ast.FunctionDef) and not is_property(entry):
                    yield f"{node.name}.{entry.name}", entry


def parameters(function: ast.FunctionDef) -> dict[str, object]:
    """Name → default, `...` for none."""
    names = [argument.arg for argument in function.args.args]
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
