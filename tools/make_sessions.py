#!/usr/bin/env python3
"""Runs the sessions of the documents and writes their outputs: `python tools/make_sessions.py [--bench]`.

A session is made of the lines `    $ command` of a document and the indented lines behind each, its output. The
commands of a document run in order in one new directory, in a shell of 80 columns, with the package of this checkout.
Where the output in the document has a line `…`, as many lines as before it and behind it are taken from the new one.

README.md, docs/validation.md, docs/diff.md    their sessions; those of `ggufscope bench` only with --bench, on a quiet
                                               machine
docs/images/                                   charts of the same names, as the README's sessions first wrote them
docs/example/                                  the report of `ggufscope demo`

It needs the extras `report` and `runtime` and six gigabytes for a model of full size, and fetches real models that are
not kept yet.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/validation.md", "docs/diff.md")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODELS = Path(os.environ.get("GGUFSCOPE_MODELS") or CACHE / "ggufscope" / "models")
INDENT, PROMPT, GAP = "    ", "    $ ", "…"


class Call(NamedTuple):
    """A command of a session.

    Attributes:
        command: of the shell.
        first: line of the document behind it, where its output begins.
        output: as the document has it, without indent.
    """

    command: str
    first: int
    output: list[str]


def calls(lines: list[str]) -> Iterator[Call]:
    """The commands of a document."""
    call = None
    for number, line in enumerate([*lines, "end"]):
        if call is not None and (line.startswith(PROMPT) or (line and not line.startswith(INDENT))):
            while call.output and not call.output[-1]:
                call.output.pop()
            yield call
            call = None
        if line.startswith(PROMPT):
            call = Call(line.removeprefix(PROMPT), number + 1, [])
        elif call is not None:
            call.output.append(line.removeprefix(INDENT))


def cut_like(new: list[str], old: list[str]) -> list[str]:
    """The new output without what `…` stands for in the old one."""
    gaps = [number for number, line in enumerate(old) if line.strip() == GAP]
    if not gaps:
        return new
    before, behind = gaps[0], len(old) - gaps[-1] - 1
    return [*new[:before], old[gaps[0]], *new[len(new) - behind :]] if before + behind < len(new) else new


def run(document: str, directory: Path, with_bench: bool) -> str:
    """The document with new outputs."""
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    outputs = [(call, output_of(call.command, directory, with_bench)) for call in calls(lines)]
    for call, printed in reversed(outputs):  # from the end, so that places before stay what they were
        if printed is not None:
            new = cut_like(printed, call.output)
            lines[call.first : call.first + len(call.output)] = [f"{INDENT}{line}".rstrip() for line in new]
    return "\n".join(lines) + "\n"


def output_of(command: str, directory: Path, with_bench: bool) -> list[str] | None:
    """What a command prints on standard output; None for one that is not run."""
    if command.startswith("ggufscope bench") and not with_bench:
        return None
    print(f"$ {command}", file=sys.stderr, flush=True)
    python = os.pathsep.join(filter(None, [str(ROOT / "python"), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"COLUMNS": "80", "PYTHONPATH": python, "PYTHON": sys.executable}
    environment["PATH"] = f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shell = shutil.which("bash") or "bash"
    done = subprocess.run(  # noqa: S603
        [shell, "-ec", command], cwd=directory, env=environment, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode("utf-8").rstrip().splitlines()


def prepare(directory: Path) -> None:
    """The command of this checkout, the interpreter it runs in, tools, and the models that were fetched before."""
    (directory / "bin").mkdir(parents=True)
    for name, module in (("ggufscope", " -m ggufscope"), ("python", "")):
        script = directory / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    (directory / "tools").symlink_to(ROOT / "tools")
    (directory / "models").mkdir()
    for path in MODELS.glob("*.gguf"):
        (directory / "models" / path.name).symlink_to(path)


def copy_charts(directory: Path) -> None:
    for image in (ROOT / "docs" / "images").glob("*.svg"):
        made = min(directory.glob(f"*/charts/{image.name}"), key=lambda path: path.stat().st_mtime_ns)
        shutil.copyfile(made, image)


def make_example(directory: Path) -> None:
    example = ROOT / "docs" / "example"
    output_of("ggufscope demo -o demo", directory, with_bench=False)
    shutil.rmtree(example)
    output_of(f"ggufscope report demo -o {example} --format md", directory, with_bench=False)


def main(arguments: list[str]) -> None:
    if arguments not in ([], ["--bench"]):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as temporary:
        for number, document in enumerate(DOCUMENTS):
            directory = Path(temporary) / str(number)
            prepare(directory)
            text = run(document, directory, bool(arguments))
            (ROOT / document).write_text(text, encoding="utf-8")
            if document == "README.md":
                copy_charts(directory)
            shutil.rmtree(directory)
        prepare(Path(temporary) / "example")
        make_example(Path(temporary) / "example")


if __name__ == "__main__":
    main(sys.argv[1:])
