"""How every command is called on a small model: a row of each.

A new command joins with a row in ROWS; the contract, and the faults that commands have to stand, take it from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ggufscope.analysis.analysis_result import REPORT_JSON


@dataclass(frozen=True)
class Output:
    """A call that writes.

    Attributes:
        arguments: of the call; `{file}` or `{directory}` is where it writes, other names are files it reads.
        inside: name of a file that it writes into the directory.
        ends_well: whether the small model has what the call needs. Refusals come first in any case.
    """

    arguments: str
    inside: str | None = None
    ends_well: bool = True


@dataclass(frozen=True)
class Row:
    """How a command is called.

    Attributes:
        call: arguments with which it ends well.
        wrong: arguments behind those that are wrong usage.
        outputs: calls that write; the first one is made in full.
        extras: arguments that need an extra → its name.
        prints_json: whether there is `--json`.
        judges: whether what is wrong with a model is the answer, and no failure to answer.
        beyond: arguments behind the others of which it takes none.
    """

    call: str
    wrong: str
    outputs: tuple[Output, ...] = ()
    extras: dict[str, str] = field(default_factory=dict)
    prints_json: bool = True
    judges: bool = False
    beyond: str = "one two three"


ROWS = {
    "inspect": Row("{model}", "--top 0"),
    "profile": Row(
        "{model}",
        "--threads 0",
        (Output("{model} -o {file}"), Output("{model} --html {file}")),
        {"{model} --html {file}": "report"},
    ),
    "check": Row(
        "{model}",
        "--threads 0",
        (Output("{model} -o {file}"), Output("{model} --sarif {file}"), Output("{model} --manifest {file}")),
        judges=True,
        beyond="--explain one",
    ),
    "diff": Row(
        "{model} {model}",
        "--threads 0",
        (Output("{model} {model} -o {file}"), Output("{model} {model} --html {file}")),
        {"{model} {model} --html {file}": "report"},
        beyond="--layers",
    ),
    "bits": Row(
        "{model} {model} --budget 32bpw",
        "--keep nonsense",
        (Output("{model} {model} --budget 32bpw -o {file}"),),
        {"{model} {model} --budget 8bpw --types Q4_0": "runtime"},
        beyond="--types",
    ),
    "analyze": Row(
        "{model}",
        "--norm max",
        (
            Output("{model} -o {directory}", "report.md"),
            Output("{model} -o {directory} --weights {weights}", REPORT_JSON),
            Output("{profile} -o {directory}", REPORT_JSON),
        ),
    ),
    "trace": Row(
        "{model} --probe 8",
        "--text {text}",
        (
            Output("{model} --probe 8 -o {file}"),
            Output("{model} --probe -o {file}"),
            Output("{model} --probe 8 --keep q -o {directory}/t.json", "t.npz"),
            Output("{model} --prompts {prompts} -o {file}", ends_well=False),
            Output("{model} --text {text} -o {file}", ends_well=False),
        ),
        {"{model} --engine llama.cpp --probe 8": "runtime"},
    ),
    "validate": Row(
        "{analysis} {trace}",
        "--seed -1",
        (
            Output("{analysis} {trace} -o {directory}", "validation.json"),
            Output("{analysis} {trace} --probe {trace} -o {directory}", "weights.toml"),
        ),
    ),
    "study": Row(
        "{model} --no-trace -o {scratch}",
        "--template nonsense",
        (
            Output("{model} --no-trace -o {directory}", "profile.json"),
            Output("{model} --weights {weights} --prompts {prompts} -o {directory}", "weights.toml", ends_well=False),
        ),
        {"{model} --engine llama.cpp -o {scratch}": "runtime"},
    ),
    "fleet": Row(
        "{model} -o {scratch}",
        "--shard 0/2",
        (Output("{model} -o {directory}", "fleet.json"),),
        {"{model} -o {scratch}": "parquet"},
        judges=True,
        beyond="--shard",
    ),
    "report": Row(
        "{profile}",
        "--format html",
        (
            Output("{profile} --format md -o {directory}", "report.md"),
            Output("{analysis} --format csv -o {directory}", "layers.csv"),
        ),
        {
            "{profile} --format parquet -o {scratch}": "parquet",
            "{profile} --format html -o {scratch}": "report",
            "{profile} --format svg -o {scratch}": "report",
            "{profile} --format png -o {scratch}": "report",
        },
        prints_json=False,
    ),
    "bench": Row("{model} --threads 1 --seconds 0.01", "--threads 0"),
    "synth": Row(
        "tiny {scratch}.gguf --layers 1 --type Q4_0",
        "--shards 0",
        (Output("tiny {file} --layers 1 --type Q4_0"),),
    ),
    "demo": Row("-o {scratch}", "--threads 0", (Output("-o {directory}", "profile.json"),), prints_json=False),
}
WRITING = [(name, output) for name, row in ROWS.items() for output in row.outputs]
READING = [(name, each) for name, row in ROWS.items() for each in ("model", "analysis", "profile", "trace")
           if f"{{{each}}}" in row.call]  # fmt: skip
