"""Sessions in the text of a document: their commands, what stands in front of them, outputs with gaps."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

INDENT, MARK, GAP = "    ", "$ ", "…"
FENCE = re.compile(r"```console\s*$")
COMMENT = re.compile(r"<!-- session: (?P<what>first|slow|not run): (?P<text>.*) -->$")
OPERATORS = set(";|&<>()")
LARGE = re.compile(r"ggufscope synth (?!tiny\b)\S+ (?P<path>\S+)")


@dataclass
class Call:
    """A command of a session.

    Attributes:
        command: of the shell; of several lines where they end in a backslash.
        begin: line of the document where its output begins.
        end: line behind the output.
        indent: in front of every line.
        kind: when it runs: `always`, `slow`, `bench`, or `never`.
        first: commands that run before it and are not shown.
        output: as the document has it, without indent and without empty lines at the end.
    """

    command: str
    begin: int
    indent: str
    kind: str = "always"
    first: tuple[str, ...] = ()
    output: list[str] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.begin + len(self.output)


def documents(root: Path) -> list[str]:
    """Every document with a session, by its path below the root."""
    paths = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    texts = {path: path.read_text(encoding="utf-8").splitlines() for path in paths}
    return [path.relative_to(root).as_posix() for path, lines in texts.items() if any(calls(lines))]


def calls(lines: list[str]) -> Iterator[Call]:
    """The commands of a document, those of large models marked slow and those of `ggufscope bench` as such."""
    large: set[str] = set()
    for call in _calls(lines):
        named = set(words(call.command))
        made = LARGE.match(call.command)
        if made:
            large.add(made["path"])
        if call.kind == "always" and named & large:
            call.kind = "slow"
        if call.kind != "never" and call.command.startswith("ggufscope bench"):
            call.kind = "bench"
        yield call


def words(command: str, operators: bool = False) -> list[str]:
    """Words of a command line; operators of the shell if they are asked for."""
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    return [word for word in lexer if operators or not set(word) <= OPERATORS]


def _calls(lines: list[str]) -> Iterator[Call]:
    call: Call | None = None
    fenced, more = False, False
    first: list[str] = []
    kind = "always"
    for number, line in enumerate(lines):
        indent = "" if fenced else INDENT
        if call is not None and more:  # the command goes on
            call.command += "\n" + line.removeprefix(call.indent)
            call.begin, more = number + 1, line.endswith("\\")
            continue
        is_prompt = line.startswith(indent + MARK)
        leaves = line.startswith("```") if fenced else bool(line) and not line.startswith(INDENT)
        if call is not None and (is_prompt or leaves):
            yield _trimmed(call)
            call = None
            kind = kind if is_prompt else "always"  # a comment is about one block
        if not fenced and FENCE.match(line):
            fenced = True
        elif fenced and leaves:
            fenced = False
        elif is_prompt:
            call = Call(line.removeprefix(indent + MARK), number + 1, indent, kind, tuple(first))
            first, more = [], line.endswith("\\")
        elif call is not None:
            call.output.append(line.removeprefix(call.indent))
        elif comment := COMMENT.match(line):
            if comment["what"] == "first":
                first.append(comment["text"])
            else:
                kind = {"slow": "slow", "not run": "never"}[comment["what"]]
    if call is not None:
        yield _trimmed(call)


def _trimmed(call: Call) -> Call:
    while call.output and not call.output[-1].strip():
        call.output.pop()
    return call


def cut_like(new: list[str], old: list[str]) -> list[str]:
    """The new output without what `…` stands for in the old one.

    As many lines as before the first `…` and behind the last are taken from the new output; a piece between two begins
    at the first new line whose first word is that of the piece.
    """
    pieces = _pieces(old)
    if len(pieces) == 1:
        return new
    before, *middle, behind = pieces
    if sum(len(piece) for piece in pieces) >= len(new):
        return new
    gaps = [line for line in old if line.strip() == GAP]
    place, end = len(before), len(new) - len(behind)
    cut = new[:place]
    for gap, piece in zip(gaps, middle, strict=False):
        place = next((at for at in range(place, end) if new[at].split()[:1] == piece[0].split()[:1]), end)
        cut += [gap, *new[place : min(place + len(piece), end)]]
        place = min(place + len(piece), end)
    return [*cut, gaps[-1], *new[end:]]


def _pieces(lines: list[str]) -> list[list[str]]:
    """What stands before, between and behind the gaps of an output."""
    pieces: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == GAP:
            pieces.append([])
        else:
            pieces[-1].append(line)
    return [pieces[0], *(piece for piece in pieces[1:-1] if piece), *pieces[1:][-1:]]


def rewrite(lines: list[str], outputs: list[tuple[Call, list[str]]]) -> None:
    """Put new outputs into a document, from the end, so that places before stay what they were."""
    for call, output in reversed(outputs):
        lines[call.begin : call.end] = [f"{call.indent}{line}".rstrip() for line in output]
