"""Sessions of the documents: every command is one of this version, and every file in it comes from a command before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import typer

from ggufscope.commands.app import COMMANDS, build_app, with_usual_values
from make_sessions import drift, outputs_of
from sessions.comparing import difference, same_pictures, with_old_figures
from sessions.documents import OPERATORS, calls, cut_like, documents, rewrite, words
from sessions.running import CommandError, Runs, Workshop
from support.documents import ROOT, document
from support.real_models import FILES

DOCUMENTS = documents(ROOT)
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))]


def commands(name: str) -> Iterator[list[str]]:
    """Words of every command of a document, and of what runs before it; `>` and the file behind it are left out."""
    for call in calls(document(name).splitlines()):
        for line in (*call.first, call.command):
            yield from simple_commands(line)


def simple_commands(line: str) -> Iterator[list[str]]:
    redirected = re.sub(r"[12]?>(&1|\s*\S+)", "", line)
    for is_operator, parts in groupby(words(redirected, operators=True), lambda word: set(word) <= OPERATORS):
        if not is_operator:
            one = list(parts)
            yield one[1:] if one[0] == "python" else one


def made_by(words: list[str]) -> list[str]:
    """Files and directories that a command leaves."""
    if words[0] == "tools/real_models.sh":
        return [f"{words[1]}/{file}" for file in FILES.values()]
    if words[0] in {"tools/quantize.py", "tools/checkpoint.py", "cp"}:
        return [words[2]]
    options = {"-o", "--output", "--html", "--manifest", "--sarif"}
    outputs = [words[place + 1] for place, word in enumerate(words) if word in options]
    return [*outputs, words[3]] if words[:2] == ["ggufscope", "synth"] else outputs


def check_command(words: list[str]) -> None:
    words = ["ggufscope", *with_usual_values(words[1], words[1:])]
    group = typer.main.get_command(build_app(words[1]))
    assert words[1] in COMMANDS
    group.commands[words[1]].make_context(words[1], words[2:])  # raises where it cannot be


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_are_those_of_this_version(name: str) -> None:
    for one in commands(name):
        if one[0] == "ggufscope":
            check_command(one)
        elif one[0].startswith("tools/"):
            assert (ROOT / one[0]).is_file()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_come_from_a_command_before(name: str) -> None:
    known = {"models/", *(f"models/{file}" for file in FILES.values())}  # README.md fetches them, and says so
    for one in commands(name):
        made = made_by(one)
        named = [word.rpartition("=")[2] for word in one[1:] if not word.startswith("if=/dev/")]
        read = [word for word in named if Path(word).suffix in {".gguf", ".json"} or "/" in word]
        for path in set(read) - set(made):
            assert path in known or str(Path(path).parent) in known, (one, path)
        known.update(made)


SYNOPSIS = re.compile(r"^(?:    )?(ggufscope .*?)(?: {2,}.*| +#.*)?$")


def synopses(name: str) -> Iterator[list[str]]:
    """Commands that a page lists with what they are for; those of scripts, with variables, are left out."""
    text = re.sub(r" *\\\n\s*", " ", document(name))
    for line in text.splitlines():
        found = SYNOPSIS.match(line)
        if found and not set("$|[{(…") & set(found[1].replace("[507,1229]", "")):
            yield words(found[1])


@pytest.mark.parametrize("name", PAGES)
def test_synopses_are_of_this_version(name: str) -> None:
    for one in synopses(name):
        if one[1] in COMMANDS and not {"COMMAND"} & set(one):
            check_command(one)


SESSION = """\
text

    $ one
    a

    b
    $ two
    $ three
    1
      …
    9

    no more
text
    indented
"""


def test_a_session_is_commands_and_their_outputs() -> None:
    one, two, three = calls(SESSION.splitlines())
    assert (one.command, one.begin, one.output) == ("one", 3, ["a", "", "b"])
    assert (two.command, two.output) == ("two", [])
    assert three.output == ["1", "  …", "9", "", "no more"]


FENCED = """\
<!-- session: first: three -->
```console
$ one \\
  more
a
$ two
```

<!-- session: slow: it takes minutes -->

    $ four
    b
    $ ggufscope bench

<!-- session: not run: a server is needed -->

    $ five

text

    $ ggufscope synth mixtral-8x7b m.gguf
    $ ggufscope inspect m.gguf --json
    $ ggufscope synth tiny t.gguf
"""


def test_a_fence_is_a_session_and_comments_say_when_it_runs() -> None:
    made = list(calls(FENCED.splitlines()))
    assert [(call.command, call.kind, call.first) for call in made[:2]] == [
        ("one \\\n  more", "always", ("three",)),
        ("two", "always", ()),
    ]
    assert [(call.command, call.kind) for call in made[2:]] == [
        ("four", "slow"),
        ("ggufscope bench", "bench"),
        ("five", "never"),
        ("ggufscope synth mixtral-8x7b m.gguf", "slow"),
        ("ggufscope inspect m.gguf --json", "slow"),
        ("ggufscope synth tiny t.gguf", "always"),
    ]


def test_new_outputs_take_the_places_of_the_old() -> None:
    lines = FENCED.splitlines()
    one, two, *_ = made = list(calls(lines))
    rewrite(lines, [(one, ["x", "y"]), (two, ["z"]), *((call, call.output) for call in made[2:])])
    assert "\n".join(lines) + "\n" == FENCED.replace("\na\n", "\nx\ny\n").replace("two\n", "two\nz\n")


@pytest.mark.parametrize(
    ("new", "old", "cut"),
    [
        ("12345", "1…5", "1…5"),
        ("abcdefg", "12…", "ab…"),
        ("abcd", "1…23", "a…cd"),
        ("abc", "1…23", "abc"),
        ("ab", "123", "ab"),
        ("abcdefg", "1…d2…3", "a…de…g"),
        ("abcdefg", "…e…", "…e…"),
        ("abcdefg", "…x…", "……"),
    ],
)
def test_outputs_are_cut_as_before(new: str, old: str, cut: str) -> None:
    assert cut_like(list(new), list(old)) == list(cut)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("profile     0.3 s    profile.json", "profile     12 s     profile.json"),
        (
            "scanned  100 % in 2.56 s · 1.92 GB/s · 3.13 Gparam/s · 2 threads · avx512icl",
            "scanned  100 % in 25 s · 1 GB/s · 313 Mparam/s · 1 thread · neon",
        ),
        ("answered in 15 s · 365 MB of memory", "answered in 100 ms · 1.2 GB of memory"),
        (
            r"ggufscope 0\.1\.0, 2026\-11\-30T08\:25\:56\+00\:00, 3 s",
            r"ggufscope 0\.1\.0, 2027\-01\-02T08\:25\:56\+00\:00, 4 s",
        ),
    ],
)
def test_what_depends_on_the_machine_is_no_difference(old: str, new: str) -> None:
    assert difference([old], [new]) == []
    assert with_old_figures([old, "a"], ["b", new]) == ["b", old]


@pytest.mark.parametrize(
    ("old", "new"), [("0.132", "0.133"), ("2 errors in 3 s", "1 error in 3 s"), ("98 MB", "99 MB")]
)
def test_everything_else_is_a_difference(old: str, new: str) -> None:
    assert difference(["a", old], ["a", new])[3:4] == [" a"]


@pytest.mark.parametrize(("new", "same"), [("<p d='M0.5,-1e-3'/>a 7", True), ("<p d='M0,1'/>b 3", False), ("a", False)])
def test_pictures_are_the_same_where_their_marks_are(new: str, same: bool) -> None:
    assert same_pictures("<p d='M0,1'/>a 3", new) is same


class Printing(Workshop):
    """A place where every command prints its own words, and nothing runs."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, command: str) -> list[str]:
        self.ran.append(command)
        return command.split()


def test_what_has_drifted_is_shown_at_its_place() -> None:
    document = ["<!-- session: first: before -->", "", "    $ b 3 s", "    b", "    4 s", "    $ c", "    c"]
    workshop = Printing()
    outputs = outputs_of(document, workshop, {"always"})
    assert workshop.ran == ["before", "b 3 s", "c"]
    assert drift("page.md", outputs) == ["page.md:3: $ b 3 s", "@@ -1,2 +1,3 @@", " b", "- <time>", "+3", "+s", ""]
    assert outputs_of(document, workshop, {"slow"}) == []


def test_a_command_that_fails_ends_its_document(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "work", Runs(tmp_path / "kept", frozenset()))
    assert workshop.run("printf x | tee made") == ["x"]
    with pytest.raises(CommandError, match="exit code 3 of: exit 3"):
        workshop.run("exit 3")


def test_a_command_of_the_package_is_taken_from_the_document_before(tmp_path: Path) -> None:
    command = "ggufscope synth tiny made.gguf --layers 1 --type Q8_0"
    runs = Runs(tmp_path / "kept", frozenset({command}))
    printed = []
    for number in range(2):
        workshop = Workshop(tmp_path / str(number), runs)
        printed.append(workshop.run(command))
        assert (workshop.directory / "made.gguf").stat().st_size > 1000
    assert printed[0] == printed[1]
    assert list(runs.seconds) == [command]
    assert len(runs.outcomes) == 1
    workshop.run(f"{command} --seed 1 --force")  # another file of that name
    assert workshop.origins["made.gguf"] not in runs.outcomes
