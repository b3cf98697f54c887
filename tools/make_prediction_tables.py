#!/usr/bin/env python3
"""Measure on three trained models how well each way of predicting holds, and write the tables of the documents.

Run by hand, with ggufscope installed and the models that tools/real_models.sh fetches; stories260K comes along:

    python tools/make_prediction_tables.py [--keep DIR] [--seeds 0,1,2]

Each model reads the built-in prompts, which is the truth; then, for every seed, its own words and random tokens, and is
analysed with exact openings and without. Where a document has a line `<!-- table: NAME -->`, what stands between it and
`<!-- end of NAME -->` is replaced. Of several seeds the worst number is told. With --keep traces are saved in that
directory and taken from there again, which is right only as long as the engine and its figures are the same. It takes
some three minutes on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import ggufscope as gs
from ggufscope.validation.compare import BETTER, WORSE
from ggufscope.validation.quantities import BASELINES

if TYPE_CHECKING:
    from ggufscope.validation.quantity_document import Quantity

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("docs/validation.md", "docs/propagation.md")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODELS = Path(os.environ.get("GGUFSCOPE_MODELS") or CACHE / "ggufscope" / "models")
HEADS, LAYERS, INDEX = "head_entropy", "attention_entropy", "risk"
NOTHING = "–"


class Subject(NamedTuple):
    """A model, and what to call it."""

    name: str
    path: Path


SUBJECTS = (
    Subject("SmolLM2 135M", MODELS / "SmolLM2-135M-Instruct.Q4_1.gguf"),
    Subject("Gemma 3 270M", MODELS / "gemma-3-270m-q4_k_m.gguf"),
    Subject("stories260K", Path(gs.demo_model())),
)


@dataclass(frozen=True)
class Tried:
    """A model's validations: by way of predicting those of every seed, and the predictor in them to look at."""

    subject: Subject
    validations: dict[str, list[gs.Validation]]


# Way of predicting → predictor of its validations
WAYS = {"mean field": "propagation", "openings": "propagation", "random": "probe", "own": "probe", "halves": "probe"}


def kept(directory: Path | None, name: str, make: Callable[[], gs.Trace]) -> gs.Trace:
    """A trace from the directory, or made and saved there; rounded as in its file in either case."""
    path = None if directory is None else directory / f"{name}.json"
    if path is not None and path.is_file():
        return gs.Trace.load(path)
    trace = make().as_saved()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        trace.save(path)
    return trace


def halves(prompts: gs.Trace) -> tuple[gs.Trace, gs.Trace]:
    """Every other prompt, and the rest as a probe: how well prompts tell what other prompts do."""
    one, other = (replace(prompts.document, prompts=prompts.document.prompts[start::2]) for start in (0, 1))
    return gs.Trace(one), gs.Trace(replace(other, settings=replace(other.settings, source="probe")))


def try_model(subject: Subject, seeds: Sequence[int], directory: Path | None) -> Tried:
    """All ways of predicting on one model."""
    stem, path = subject.path.stem, subject.path
    prompts = kept(directory, f"{stem}-prompts", lambda: gs.trace(path, max_new_tokens=0))
    found: dict[str, list[gs.Validation]] = {way: [] for way in WAYS}
    for seed in seeds:
        own, random = (
            kept(directory, f"{stem}-{kind}-{seed}", partial(gs.trace, path, probe=kind, seed=seed))
            for kind in ("own", "random")
        )
        behind, alone = gs.analyze(path, seed=seed), gs.analyze(path, seed=seed, opening=0)
        found["own"].append(gs.validate(behind, prompts, probe=own))
        found["openings"].append(found["own"][-1])
        found["random"].append(gs.validate(alone, prompts, probe=random))
        found["mean field"].append(found["random"][-1])
        print(f"{subject.name}: seed {seed}", flush=True)
    one, other = halves(prompts)
    found["halves"].append(gs.validate(gs.analyze(path), one, probe=other))
    return Tried(subject, found)


def correlation(quantity: Quantity, names: Sequence[str]) -> float | None:
    """The highest rank correlation of these predictors."""
    known = [each.spearman.value for each in quantity.predictors if each.name in names and each.spearman is not None]
    return max(known, default=None)


def size_error(validation: gs.Validation, name: str) -> float | None:
    """Median over rms figures and layers of the relative error."""
    errors = [
        abs(predicted / point.measured - 1)
        for quantity in validation.quantities.values()
        if quantity.name.endswith("_rms") and any(each.name == name and each.size for each in quantity.predictors)
        for point in quantity.points
        if (predicted := point.predicted.get(name)) is not None and point.measured
    ]
    return median(errors) if errors else None


def worst(values: Sequence[float | None], *, largest: bool = False) -> float | None:
    """The least of some numbers, or the largest; None without any."""
    known = [value for value in values if value is not None]
    return None if not known else max(known) if largest else min(known)


def number(value: float | None) -> str:
    """As `".98"` and `"−.07"`."""
    if value is None:
        return NOTHING
    return f"{value:.2f}".replace("-", "−").replace("0.", ".", 1)


def cell(validations: Sequence[gs.Validation], names: Sequence[str], *, sized: bool) -> str:
    """Heads by entropy, layers by entropy, median error of sizes; the worst of all seeds."""
    orders = [
        worst([correlation(each.quantities[quantity], names) for each in validations]) for quantity in (HEADS, LAYERS)
    ]
    error = worst([size_error(each, names[0]) for each in validations], largest=True) if sized else None
    return " / ".join([*map(number, orders), NOTHING if error is None else f"{100 * error:.0f} %"])


def predictions(tried: Sequence[Tried]) -> Iterator[str]:
    """How well each way of predicting tells what the prompts do."""
    yield from header(["head entropy ρ / layer entropy ρ / error of sizes", *(each.subject.name for each in tried)])
    rows = {
        "best baseline (norms, depth)": ("own", BASELINES, False),
        "mean field alone (`opening=0`)": ("mean field", ("propagation",), True),
        "exact openings, then mean field": ("openings", ("propagation",), True),
        "random tokens in the shape of prompts": ("random", ("probe",), True),
        "**own words**": ("own", ("probe",), True),
        "ten of the prompts, of the other ten": ("halves", ("probe",), True),
    }
    for title, (way, names, sized) in rows.items():
        yield row([title, *(cell(each.validations[way], names, sized=sized) for each in tried)])


def indices(tried: Sequence[Tried]) -> Iterator[str]:
    """How well each index orders layers as the one that is measured on prompts does."""
    yield from header(["layers by index, ρ", *(each.subject.name for each in tried)])
    rows = {
        "depth": ("own", ("depth",)),
        "`heuristic`, the study's formulas": ("own", ("heuristic",)),
        "`propagation`, behind exact openings": ("openings", ("propagation",)),
        "`probe`, random tokens in the shape of prompts": ("random", ("probe",)),
        "**`probe`, own words**": ("own", ("probe",)),
    }
    for title, (way, names) in rows.items():
        values = [worst([correlation(one.quantities[INDEX], names) for one in each.validations[way]]) for each in tried]
        yield row([title, *map(number, values)])


def verdicts(tried: Sequence[Tried]) -> Iterator[str]:
    """Of all orders that were tested, how many beat every baseline, and how many are beaten by one."""
    yield from header(["better than every baseline / worse than one / tested", *(each.subject.name for each in tried)])
    rows = {
        "`heuristic`": ("own", "heuristic"),
        "mean field alone (`opening=0`)": ("mean field", "propagation"),
        "exact openings, then mean field": ("openings", "propagation"),
        "random tokens in the shape of prompts": ("random", "probe"),
        "**own words**": ("own", "probe"),
    }
    for title, (way, name) in rows.items():
        yield row([title, *(_counted(each.validations[way], name) for each in tried)])


def _counted(validations: Sequence[gs.Validation], name: str) -> str:
    """Verdicts on the orders of a predictor: the fewest that are better, the most that are worse."""
    counts = [
        [each.verdict for quantity in one.quantities.values() for each in quantity.predictors if each.name == name]
        for one in validations
    ]
    better, worse = min(each.count(BETTER) for each in counts), max(each.count(WORSE) for each in counts)
    return f"{better} / {worse} / {max(len([verdict for verdict in each if verdict]) for each in counts)}"


def quantities(tried: Sequence[Tried]) -> Iterator[str]:
    """Orders by mean field alone, behind exact openings and on own words, quantity by quantity."""
    yield from header(["ρ: mean field alone / exact openings / own words", *(each.subject.name for each in tried)])
    first = tried[0].validations["own"][0]
    for name, quantity in first.quantities.items():
        if any(each.name == "propagation" and each.size is not None for each in quantity.predictors):
            cells = [
                " / ".join(
                    number(worst([correlation(one.quantities[name], (WAYS[way],)) for one in each.validations[way]]))
                    for way in ("mean field", "openings", "own")
                )
                for each in tried
            ]
            yield row([f"{quantity.per}s by {quantity.label}", *cells])


def header(cells: Sequence[str]) -> Iterator[str]:
    """The first two lines of a table."""
    yield row(cells)
    yield f"|{'---|' * len(cells)}"


def row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


TABLES = {"predictions": predictions, "indices": indices, "verdicts": verdicts, "quantities": quantities}


def write(document: Path, tables: dict[str, str]) -> list[str]:
    """Replace the tables that a document has places for; gives their names."""
    text = document.read_text(encoding="utf-8")
    names = [name for name in tables if f"<!-- table: {name} -->" in text]
    for name in names:
        place = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text, count = place.subn(lambda found, name=name: f"{found[1]}{tables[name]}\n{found[2]}", text)
        if count != 1:
            raise SystemExit(f"{document}: {count} places for the table {name}")
    document.write_text(text, encoding="utf-8")
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="directory of traces to take up again")
    parser.add_argument("--seeds", default="0,1,2", help="as 0,1,2")
    options = parser.parse_args()
    lacking = [subject.path.name for subject in SUBJECTS if not subject.path.is_file()]
    if lacking:
        raise SystemExit(f"{', '.join(lacking)} not there: tools/real_models.sh fetches them")
    seeds = [int(seed) for seed in options.seeds.split(",")]
    tried = [try_model(subject, seeds, options.keep) for subject in SUBJECTS]
    tables = {name: "\n".join(make(tried)) for name, make in TABLES.items()}
    for name, table in tables.items():
        print(f"\n{name}\n{table}")
    for document in DOCUMENTS:
        print(f"{document}: {', '.join(write(ROOT / document, tables)) or 'no place for a table'}")


if __name__ == "__main__":
    main()
