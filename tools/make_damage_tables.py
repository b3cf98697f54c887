"""Measure what each matrix of the real models does to answers when it is quantized alone; write the tables of costs.

PYTHONPATH=python python tools/make_damage_tables.py measure --keep DIR [--models …] [--types …] [--texts …]
PYTHONPATH=python python tools/make_damage_tables.py write [--keep DIR]

`measure` has llama.cpp read a text once for each matrix, type and text, and saves each in DIR, from where it goes on
when it is called again: half an hour for two models and one type. Several may run at once, on other models or texts.
`write` gathers what DIR has into `tests/golden/damage`, and replaces in docs/costs.md what stands between
`<!-- table: NAME -->` and `<!-- end of NAME -->`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from make_prediction_tables import NOTHING, header, number, row, write  # noqa: E402
from support.compared_costs import Compared, compare  # noqa: E402
from support.damage_tables import AT_ONCE, DIRECTORY, N_TOKENS, TEXTS, Damage, mean_damages, texts, texts_read  # noqa: E402
from support.real_models import FILES, MODELS  # noqa: E402
from support.true_damage import Damages, Patched, first_tokens, fits, quantized  # noqa: E402

DOCUMENT = ROOT / "docs" / "costs.md"
TITLES = {"smollm2": "SmolLM2 135M", "gemma3": "Gemma 3 270M"}
TYPES = ("Q4_0", "Q8_0", "Q3_K", "IQ4_NL")
FIGURES = (
    "", "texts", "matrices", "order", "of role means", "top ten", "held by the tenth", "spread", "predicted / true",
    "singles / at once", "rescued",
)  # fmt: skip


def measure(model: str, types: Sequence[str], text: str, keep: Path) -> None:
    """Measure one model on one text, and save what there is after each matrix."""
    path = MODELS / FILES[model]
    with tempfile.TemporaryDirectory(dir=keep) as directory:
        patched = Patched(path, Path(directory) / "f32.gguf")
        damages = Damages(patched, first_tokens(path, texts()[text], N_TOKENS[text]))
        for type_name in types:
            saved = keep / f"{model}-{type_name}-{text}.json"
            done: Damage = json.loads(saved.read_text(encoding="utf-8")) if saved.is_file() else {}
            for name in patched.matrices():
                weights = patched.weights(name)
                if name not in done and fits(weights.shape[1], type_name):
                    done[name] = damages.of(name, quantized(weights, type_name))
                    saved.write_text(json.dumps(done), encoding="utf-8")
                    print(f"{model} {type_name} {text} {name} {done[name]:.3e}", flush=True)
            layers = [name for name in done if name.startswith("blk.")]
            if AT_ONCE not in done:
                done[AT_ONCE] = damages.of_all(layers, type_name)
                saved.write_text(json.dumps(done), encoding="utf-8")
        damages.close()


def gather(keep: Path) -> None:
    """Write what was measured into the repository, three digits of each, a line for each matrix."""
    for model in FILES:
        tables: dict[str, dict[str, Damage]] = {}
        for type_name in TYPES:
            for text in N_TOKENS:
                saved = keep / f"{model}-{type_name}-{text}.json"
                if saved.is_file():
                    kept = json.loads(saved.read_text(encoding="utf-8"))
                    tables.setdefault(type_name, {})[text] = {name: float(f"{kept[name]:.3g}") for name in kept}
        (DIRECTORY / f"{model}.json").write_text(f"{json.dumps(tables, indent=0)}\n", encoding="utf-8")


def orders(compared: dict[str, dict[str, Compared]]) -> Iterator[str]:
    """How well each guess orders matrices as one Q4_0 does, by Spearman's correlation."""
    columns = {model: by_type["Q4_0"] for model, by_type in compared.items()}
    yield from header(["Spearman with the measured divergence, Q4_0", *(TITLES[model] for model in columns)])
    for title in next(iter(columns.values())).orders:
        yield row([title, *(number(each.orders[title]) for each in columns.values())])


def figures(compared: dict[str, dict[str, Compared]]) -> Iterator[str]:
    """The cost by model and type."""
    yield from header(FIGURES)
    for model, by_type in compared.items():
        for type_name, each in by_type.items():
            cost, n_texts = each.cost, len(texts_read(model, type_name))
            added = NOTHING if isnan(each.added) else f"{each.added:.2f}"
            roles = NOTHING if isnan(each.role_order) else number(each.role_order)
            rescued = [f"`{name.removesuffix('.weight')}`" for name in each.rescued]
            yield row([
                f"{TITLES[model]}, {type_name}", str(n_texts), str(cost.n), number(cost.order), roles,
                f"{cost.top_overlap} of 10", f"{100 * cost.top_share:.0f} %", f"{cost.spread:.2f}",
                f"{cost.total:.2f}", added, ", ".join(rescued) or "none",
            ])  # fmt: skip


def largest(compared: dict[str, dict[str, Compared]]) -> Iterator[str]:
    """The matrices that do most, as one Q4_0: measured, predicted."""
    yield from header(["Q4_0", "measured", "predicted"])
    for model, by_type in compared.items():
        each = by_type["Q4_0"]
        names = sorted(each.measured, key=each.measured.__getitem__, reverse=True)
        for name in names[:5] + names[-1:]:
            yield row([f"{TITLES[model]} `{name}`", f"{each.measured[name]:.2g}", f"{each.predicted[name]:.2g}"])


TABLES = {"cost-orders": orders, "cost-figures": figures, "cost-largest": largest}


def write_tables() -> None:
    """Compare the costs with what is kept in the repository, and write the tables of the document."""
    compared = {
        model: compare(model, MODELS / FILES[model], [kind for kind in TYPES if mean_damages(model, kind)])
        for model in FILES
    }
    tables = {name: "\n".join(make(compared)) for name, make in TABLES.items()}
    for name, table in tables.items():
        print(f"\n{name}\n{table}")
    print(f"{DOCUMENT}: {', '.join(write(DOCUMENT, tables)) or 'no place for a table'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["measure", "write"])
    parser.add_argument("--keep", type=Path, help="directory of measurements")
    parser.add_argument("--models", default=",".join(FILES))
    parser.add_argument("--types", default=TYPES[0])
    parser.add_argument("--texts", default=",".join(TEXTS))
    options = parser.parse_args()
    if options.what == "measure":
        if options.keep is None:
            parser.error("measure needs --keep")
        options.keep.mkdir(parents=True, exist_ok=True)
        for model in options.models.split(","):
            for text in options.texts.split(","):
                measure(model, options.types.split(","), text, options.keep)
        return
    if options.keep is not None:
        gather(options.keep)
    write_tables()


if __name__ == "__main__":
    main()
