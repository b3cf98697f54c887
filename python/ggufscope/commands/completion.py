"""Completion of values in a shell: models, names of columns, roles and keys of the model on the line, and choices.

`ggufscope --install-completion` writes the script for the shell; that calls the program with what is typed, by click's
protocol of environment variables. Where a word cannot be completed, the shell offers files.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import typer

PROGRAM = "ggufscope"
PROTOCOL = f"_{PROGRAM.upper()}_COMPLETE"  # what a shell asks for, as `complete_bash`

_MODEL_ENDINGS = (".gguf", ".safetensors", ".safetensors.index.json")
_RESULT_ENDINGS = (".json",)
_MOST = 500  # offered
# Names that mean nothing else to a shell: zsh evaluates what it is offered, and a model or a directory is a stranger's.
_PLAIN = re.compile(r"[\w.:,/~+=@-]+", re.ASCII)

Completer = Callable[..., list[str]]


def typed_words(environment: Mapping[str, str]) -> list[str] | None:
    """The words that were typed behind the program's name, where a shell asks for completions; None where it does not.

    Bash and the others hand them over by different variables.
    """
    if PROTOCOL not in environment:
        return None
    line = environment.get("COMP_WORDS") or environment.get("_TYPER_COMPLETE_ARGS") or ""
    return line.split()[1:]


def choices(*names: str) -> Completer:
    """Completion to one of a few words."""

    def complete(incomplete: str) -> list[str]:
        return _beginning(incomplete, names)

    return complete


def comma_choices(load: Callable[[], Iterable[str]]) -> Completer:
    """Completion of the last word of a list with commas; `load` gives the words."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in _beginning(last, load())]

    return complete


def loaded_choices(load: Callable[[], Iterable[str]]) -> Completer:
    """Completion to one of the words that `load` gives, when somebody asks."""

    def complete(incomplete: str) -> list[str]:
        return _beginning(incomplete, load())

    return complete


def complete_model(incomplete: str) -> list[str]:
    """Model files, and directories beside them; nothing where the shell's own completion of files does as well."""
    return _files(incomplete, _MODEL_ENDINGS)


def complete_model_or_result(incomplete: str) -> list[str]:
    """Models and saved results."""
    return _files(incomplete, (*_MODEL_ENDINGS, *_RESULT_ENDINGS))


def complete_columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """The columns of the command's table, for a list with commas."""
    return comma_choices(lambda: _columns(ctx.info_name))(incomplete)


def complete_sort(ctx: typer.Context, incomplete: str) -> list[str]:
    """The columns of the command's table."""
    return _beginning(incomplete, _columns(ctx.info_name))


def complete_role(incomplete: str) -> list[str]:
    """The roles in the model on the line."""
    return _of_model(incomplete, lambda model: [each.role for each in model.tensors.values() if each.role])


def complete_tensor(incomplete: str) -> list[str]:
    """The names of tensors in the model on the line."""
    return _of_model(incomplete, lambda model: model.tensors)


def complete_key(incomplete: str) -> list[str]:
    """The keys of the metadata of the model on the line."""
    return _of_model(incomplete, lambda model: model.metadata)


def _columns(command: str | None) -> Iterable[str]:
    if command == "profile":
        from ..profiles.rows import column_names  # noqa: PLC0415  only the command's own table

        return column_names()
    if command == "diff":
        from ..diffs.rows import COLUMNS  # noqa: PLC0415

        return COLUMNS
    from ..models.inspection import TENSOR_COLUMNS  # noqa: PLC0415

    return TENSOR_COLUMNS


def _of_model(incomplete: str, names: Callable[[Any], Iterable[str]]) -> list[str]:
    """Names from the header of the first model on the line that lies here; nothing is fetched to complete a word.

    The parser has no arguments yet: it stops at the option that waits for its value.
    """
    typed = [os.path.expanduser(word) for word in (typed_words(os.environ) or [])[1:]]
    path = next((word for word in typed if os.path.exists(word)), None)
    if path is None:
        return []
    from ..models.model import open as open_model  # noqa: PLC0415  takes a tenth of a second

    try:
        with open_model(path) as model:
            return _beginning(incomplete, names(model))
    except (OSError, ValueError):  # whoever runs the line will hear of it
        return []


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete) and _PLAIN.fullmatch(name)][:_MOST]


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    directory, _, beginning = incomplete.rpartition("/")
    root = f"{directory}/" if "/" in incomplete else ""
    try:
        listed = sorted(os.scandir(os.path.expanduser(root) or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    here = [entry for entry in listed if entry.name.startswith(beginning) and (beginning or entry.name[0] != ".")]
    files = [f"{root}{entry.name}" for entry in here if entry.name.endswith(endings)]
    directories = [f"{root}{entry.name}/" for entry in here if entry.is_dir()]
    offered = [*files, *directories]
    return offered[:_MOST] if files and all(map(_PLAIN.fullmatch, offered)) else []
