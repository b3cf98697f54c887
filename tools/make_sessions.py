#!/usr/bin/env python3
"""Runs the sessions of all documents and writes or checks their outputs.

    python tools/make_sessions.py                    run, and write the outputs that are no longer so
    python tools/make_sessions.py --check            run, write nothing, and show what has drifted: exit code 1
    python tools/make_sessions.py --only README.md   one document; again for more
    python tools/make_sessions.py --slow             those with a model of full size, too: 6 GB on the disk
    python tools/make_sessions.py --bench            those of `ggufscope bench`, too, on a quiet machine
    python tools/make_sessions.py --anew             lines that differ in seconds and the like alone are written, too

A session is made of commands and the lines behind each, its output: `    $ command` and indented lines, or
`$ command` in a block that is fenced as `console`. README.md and every page below docs/ that has one takes part.
The commands of a document run in order in one new directory, in a shell of 80 columns, with the package of this
checkout and fetched models in `models`; a command that stands in several documents, with the same files, runs once.
Where an output has a line `…`, as many lines as before it and behind it are compared and written; a piece between
two of them begins at the line with its first word.

Comments in front of a block say what is not to be seen:

    <!-- session: first: COMMAND -->     runs before the next command, and is not shown
    <!-- session: slow: REASON -->       the block runs with --slow alone; so does what needs a large synthetic model
    <!-- session: not run: REASON -->    the block never runs

Charts in docs/images/ that a document shows are those that its sessions make, and docs/example/ is the report of
`ggufscope demo`. It needs the extras `report`, `parquet` and `runtime`, and the models of `tools/real_models.sh`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from sessions.comparing import difference, same_pictures, with_old_figures
from sessions.documents import Call, calls, cut_like, documents, rewrite
from sessions.running import ROOT, CommandError, Runs, Workshop

EXAMPLE = "docs/example/report.md"
DEMO = "ggufscope demo -o results > demo.txt"


def outputs_of(lines: list[str], workshop: Workshop, kinds: set[str]) -> list[tuple[Call, list[str]]]:
    """The commands that were run, and what they printed, cut as the document has it."""
    outputs = []
    for call in calls(lines):
        if call.kind in kinds:
            for command in call.first:
                workshop.run(command)
            outputs.append((call, cut_like(workshop.run(call.command), call.output)))
    return outputs


def drift(document: str, outputs: list[tuple[Call, list[str]]]) -> list[str]:
    """Differences of outputs, each behind its place in the document."""
    lines = []
    for call, output in outputs:
        changed = difference(call.output, output)
        if changed:
            lines += [f"{document}:{call.begin}: $ {call.command}", *changed[2:], ""]
    return lines


def make_charts(text: str, workshop: Workshop, options: argparse.Namespace) -> list[str]:
    """Charts that a document shows, as the first of its sessions that writes them does; those that have drifted."""
    drifted = []
    charts = sorted(workshop.directory.glob("**/charts/*.svg"), key=lambda path: path.stat().st_mtime_ns)
    for image in sorted((ROOT / "docs" / "images").glob("*.svg")) if charts else []:
        if f"images/{image.name})" not in text:
            continue
        made = next((path for path in charts if path.name == image.name), None)
        if made is None:
            drifted += [f"{image.relative_to(ROOT)}: no session makes a chart of this name", ""]
            continue
        changed = not same_pictures(*(path.read_text(encoding="utf-8") for path in (image, made)))
        drifted += [f"{image.relative_to(ROOT)}: the chart of this name", ""] if changed else []
        if (changed or options.anew) and not options.check:
            shutil.copyfile(made, image)
    return drifted


def repeated(chosen: list[str]) -> frozenset[str]:
    """Commands that stand in several places of the documents, those of the example among them."""
    counts = Counter(DEMO if document == EXAMPLE else "" for document in chosen)
    for document in chosen:
        found = calls((ROOT / document).read_text(encoding="utf-8").splitlines())
        counts.update(command for call in found for command in (*call.first, call.command))
    return frozenset(command for command, count in counts.items() if count > 1)


def make_example(workshop: Workshop, options: argparse.Namespace) -> list[str]:
    """The report of `ggufscope demo`; what has drifted in it."""
    workshop.run(DEMO)
    workshop.run("ggufscope report results -o example --format md")
    new, old = workshop.directory / "example", (ROOT / EXAMPLE).parent
    changed = difference(*((path / "report.md").read_text(encoding="utf-8").splitlines() for path in (old, new)))
    if changed and not options.check:
        shutil.rmtree(old)
        shutil.copytree(new, old)
    return [f"{EXAMPLE}: the report of `ggufscope demo`", *changed[2:], ""] if changed else []


def make(document: str, workshop: Workshop, options: argparse.Namespace) -> list[str]:
    """Run one document and write it, unless it is to be checked; what has drifted in it."""
    kinds = {"always", *(kind for kind in ("slow", "bench") if getattr(options, kind))}
    path = ROOT / document
    lines = path.read_text(encoding="utf-8").splitlines()
    outputs = outputs_of(lines, workshop, kinds)
    drifted = drift(document, outputs)
    if not options.check:
        kept = outputs if options.anew else [(call, with_old_figures(call.output, output)) for call, output in outputs]
        rewrite(lines, kept)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return drifted + make_charts("\n".join(lines), workshop, options)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--check", "--slow", "--bench", "--anew"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--only", action="append", choices=[*documents(ROOT), EXAMPLE], metavar="DOCUMENT")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    drifted: list[str] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        chosen = options.only or [*documents(ROOT), EXAMPLE]
        runs = Runs(Path(temporary) / "kept", repeated(chosen))
        for document in chosen:
            print(f"== {document}", file=sys.stderr, flush=True)
            workshop = Workshop(Path(temporary) / "work", runs)
            try:
                drifted += make_example(workshop, options) if document == EXAMPLE else make(document, workshop, options)
            except CommandError as error:
                failed.append(f"{document}: {error}")
            shutil.rmtree(workshop.directory)
        if os.environ.get("GGUFSCOPE_SESSION_TIMES"):
            for command, seconds in sorted(runs.seconds.items(), key=lambda item: -item[1]):
                print(f"{seconds:7.1f} s  {command}", file=sys.stderr)
    print(*drifted, *failed, sep="\n")
    return bool(failed or (drifted and options.check))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
