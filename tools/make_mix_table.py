"""Measure a mix that `bits` chose beside a usual one of the same size, and print a row of the table in docs/bits.md.

    PYTHONPATH=python python tools/make_mix_table.py MODEL LABEL DIR

MODEL is `gemma3` or `smollm2`, LABEL a mix of `llama-quantize` as Q4_K_M; DIR keeps the files. The published files are
quantized themselves, and a copy of theirs as F32 lies on the levels of their types, which those would make again nearly
without an error. So every weight is moved at random, by as much as quantization moved it: the reference is no published
model, and like one in every other respect.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import ggufscope as gs  # noqa: E402
from ggufscope.diffs.budgets.budget import Budget  # noqa: E402
from ggufscope.runtime.engines.llama_cpp.library import load  # noqa: E402
from ggufscope.runtime.reading.readings import text_reading  # noqa: E402
from support.edited_models import float32_copy  # noqa: E402
from support.llama_cpp_oracle import logits  # noqa: E402
from support.quantized_files import quantize_by  # noqa: E402
from support.real_files import MODELS  # noqa: E402
from support.real_models import FILES  # noqa: E402

# Relative squared error of Gaussian weights as docs/metrics.md has it.
NMSE = {"Q4_1": 6.1e-3, "Q5_0": 1.8e-3, "Q8_0": 2.9e-5, "Q4_K": 5.1e-3, "Q6_K": 3.2e-4}
TYPES = ("Q4_0", "IQ4_NL", "Q4_K", "Q5_0", "Q5_K", "Q6_K", "Q8_0")
TEXTS = {
    "tale": (
        "The lighthouse keeper had not spoken to anyone for eleven days when the boat came. He saw it first as a"
        " dark point under the morning fog, then as a sail, and at last as a woman who rowed badly and swore at"
        " the waves in two languages. She tied the boat to the iron ring, climbed the wet steps and asked him"
        " whether he was the one who wrote letters to the newspaper about the tides. He said that he was. She"
        " laughed, took a bundle of paper from her coat and told him that the tide tables of the whole coast had"
        " been wrong since the winter, that four ships had run aground because of them, and that nobody in the"
        " capital believed her. They sat at the small table by the stove until evening and compared her numbers"
        " with his. Every mark that he had scratched into the wall of the cellar agreed with what she had measured"
        " in the harbour. When it grew dark, he lit the lamp, and for the first time he let somebody else turn the"
        " crank."
    ),
    "notes": (
        "To replace the pump, close the two valves on either side of it and wait until the gauge shows no"
        " pressure. Disconnect the cable first. The four bolts of the housing are loosened crosswise, each by half"
        " a turn, so that the seal is not bent. Water that is left in the pipe runs out below the flange; keep a"
        " bucket ready. The new seal is put in dry, without grease. Tighten the bolts crosswise again, at most 25"
        " Nm. Open the valve on the suction side before the other one, or the pump will run dry and the bearing is"
        " damaged within a minute. In the first hour check the temperature of the motor every ten minutes: above"
        " 80 degrees, switch it off and look for air in the line. Note the date, the number on the plate and the"
        " hours of operation in the log. A pump that hums but does not turn is usually blocked by sand; one that"
        " turns and moves no water has lost its prime."
    ),
}
FIRST_COUNTED = 8


def moved_copy(path: Path, copy: Path) -> Path:
    """A model as F32, every quantized weight moved by what its type errs."""
    with gs.open(path) as model:
        kinds = {tensor.name: tensor.type for tensor in model.tensors.values() if len(tensor.shape) > 1}
    float32_copy(path, copy, list(kinds))
    chance = np.random.default_rng(1)
    with gs.open(copy) as model:
        places = {name: (model.tensors[name].offset, model.tensors[name].shape) for name in kinds}
    for name, (offset, shape) in places.items():
        weights = np.memmap(copy, np.float32, "r+", offset, shape)
        for rows in np.array_split(weights, max(1, len(weights) // 4096)):
            blocks = rows.reshape(-1, 32)
            size = np.sqrt(np.mean(np.square(blocks), axis=1, keepdims=True) * 3 * NMSE[kinds[name]])
            blocks += size * chance.uniform(-1, 1, blocks.shape).astype(np.float32)
            rows[...] = blocks.reshape(rows.shape)
    return copy


def usual_mix(label: str, source: Path, target: Path) -> None:
    """What `llama-quantize SOURCE TARGET LABEL` makes."""
    llama_cpp = load()
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.nthread, settings.ftype = 1, getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{label}")
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(settings)):
        raise SystemExit(f"llama.cpp does not make {label} of {source}")


def divergences(reference: Path, models: list[Path]) -> list[dict[str, float]]:
    """Mean KL divergence of next tokens, in nats, and the share of positions with the same top token, by text."""
    found: list[dict[str, float]] = [{} for _ in models]
    for name, text in TEXTS.items():
        with gs.open(reference) as model:
            tokens = text_reading(model, text, name).items[0].tokens.tolist()
        exact = log_shares(logits(reference, tokens))
        for place, path in enumerate(models):
            other = log_shares(logits(path, tokens))
            found[place][name] = float(np.mean(np.sum(np.exp(exact) * (exact - other), axis=1)))
            found[place][f"{name} top"] = float(np.mean(exact.argmax(1) == other.argmax(1)))
    return found


def log_shares(scores: np.ndarray) -> np.ndarray:
    shifted = scores[FIRST_COUNTED:].astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=list(FILES))
    parser.add_argument("label")
    parser.add_argument("directory", type=Path)
    asked = parser.parse_args()
    reference = asked.directory / f"{asked.model}-f32.gguf"
    if not reference.is_file():
        moved_copy(MODELS / FILES[asked.model], reference)
    usual, chosen = (asked.directory / f"{asked.model}-{asked.label}-{kind}.gguf" for kind in ("usual", "bits"))
    usual_mix(asked.label, reference, usual)
    with gs.open(usual) as model:
        budget = Budget(f"the size of {asked.label}", bits_per_weight=model.bits_per_weight)
        embedding = model.tensors["token_embd.weight"].type
    found = gs.bits(reference, usual, budget=budget, types=TYPES, keep={"token_embd": embedding}, threads=1)
    found.save(asked.directory / f"{asked.model}-{asked.label}.json")
    quantize_by(found.recipe, reference, chosen)
    with gs.open(chosen) as model:
        if {name: model.tensors[name].type for name in found.types} != found.types:
            raise SystemExit(f"{chosen}: other types than those that were chosen")
    document = found.document
    measured = divergences(reference, [usual, chosen])
    sizes = [document.given[0].bits_per_weight, document.mix.bits_per_weight]
    predicted = [document.given[0].cost, document.mix.cost]
    print(json.dumps({"bits": sizes, "predicted": predicted, "measured": measured, "command": found.command}, indent=1))


if __name__ == "__main__":
    main()
