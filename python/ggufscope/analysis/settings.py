"""The choices that the numbers of an analysis depend on, beside its input."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime.reading.probes import Probe, parse_probe
from ..saving.reading import open_input
from .presets.registry import NORMS, PRESETS, SCALES, Norm, Scale

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from ..runtime.reading.probes import AskedProbe

# What people write → component
WEIGHT_NAMES = {
    "entropy": "attention_entropy",
    "dominance": "ffn_dominance",
    "sparsity": "value_sparsity",
    "amplification": "norm_amplification",
}
SHORT_NAMES = {component: name for name, component in WEIGHT_NAMES.items()}
_LARGEST_WEIGHT = 1e100
USUAL_OPENING, _LONGEST_OPENING = 8, 1024  # tokens that the model writes
DEFAULT_WEIGHTS = dict.fromkeys(WEIGHT_NAMES.values(), 0.25)


@dataclass(frozen=True)
class AnalysisSettings:
    """Choices of the user.

    Attributes:
        weights: component → weight, normalized.
        norm: scale of a gain vector, its `mean` or its `rms`.
        scale: of a component over the layers, `minmax` or `rank`.
        preset: the one to run; None for all that fit, the first leading.
        seed: of every random draw.
        probe: the probe that the model reads; None without one.
        opening: tokens that the model writes of each exact opening; 0: there are none.
        ablate: whether super weights are counted as zero, to see what that does.
    """

    weights: Mapping[str, float]
    norm: Norm
    scale: Scale
    preset: str | None
    seed: int
    probe: Probe | None = None
    opening: int = USUAL_OPENING
    ablate: bool = False


def make_settings(  # noqa: PLR0917  the choices of `analyze`, in its order
    weights: Mapping[str, float] | str | PathLike[str] | None,
    norm: str,
    scale: str,
    preset: str | None,
    seed: int,
    probe: AskedProbe | None = None,
    opening: int = USUAL_OPENING,
    *,
    ablate: bool = False,
    presets: Iterable[str] = PRESETS,
) -> AnalysisSettings:
    """Check the choices; `presets` are the names to choose from.

    Raises:
        ValueError: One of them is not a choice; the message says which are.
        OSError: The file of weights cannot be read.
    """
    return AnalysisSettings(
        weights=read_weights(weights),
        norm=_chosen("norm", norm, NORMS),
        scale=_chosen("scale", scale, SCALES),
        preset=None if preset is None else _chosen("preset", preset, tuple(presets)),
        seed=seed,
        probe=None if probe is None else parse_probe(probe),
        opening=_opening(opening),
        ablate=ablate,
    )


def _opening(written: int) -> int:
    if isinstance(written, bool) or not isinstance(written, int) or not 0 <= written <= _LONGEST_OPENING:
        raise ValueError(f"opening must be a number of tokens from 0 to {_LONGEST_OPENING}, not {written!r}")
    return written


def _chosen(what: str, value: str, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"{what} must be one of {', '.join(choices)}, not {value!r}")
    return value


def read_weights(weights: Mapping[str, float] | str | PathLike[str] | None) -> dict[str, float]:
    """Weights of the components, normalized.

    Args:
        weights: a mapping from component (or its short name in WEIGHT_NAMES) to weight; a text
            `"entropy=2,dominance=1"`; the path of a TOML file of such keys, at its top or under `[weights]`; None for
            0.25 each. What is not named weighs nothing.

    Raises:
        ValueError: An unknown name, a weight that is negative, no number or not finite, or all of them 0.
        OSError: The file cannot be read.
    """
    if weights is None:
        return dict(DEFAULT_WEIGHTS)
    if isinstance(weights, Mapping):
        return _checked(weights)
    text = str(weights)
    if "=" in text and not Path(text).is_file():
        return _checked(_parse(text))
    if isinstance(weights, str) and not Path(text).suffix and not Path(text).is_file():
        raise ValueError(f"weights: {text!r} is neither of the form name=number nor a file")
    return _checked(_read_toml(text))


def _parse(text: str) -> dict[str, Any]:
    weights: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise ValueError(f"weights: {part!r} is not of the form name=number")
        if name in weights:
            raise ValueError(f"weights: {name!r} is given twice")
        try:
            weights[name] = float(value)
        except ValueError:
            raise ValueError(f"weights: {value!r} of {name!r} is no number") from None
    return weights


def _read_toml(path: str) -> Mapping[str, Any]:
    with open_input(path, pipes=True) as file:
        try:
            document = tomllib.load(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: no valid TOML ({error})") from None
    table = document.get("weights", document)
    if not isinstance(table, Mapping):
        raise ValueError(f"{path}: weights must be a table of numbers")
    return table


def _checked(weight_by_name: Mapping[str, Any]) -> dict[str, float]:
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0.0)
    for key, value in weight_by_name.items():
        name = WEIGHT_NAMES.get(key, key)
        if name not in weights:
            raise ValueError(f"weights: unknown component {key!r}; there are {', '.join(WEIGHT_NAMES)}")
        if not _is_weight(value):
            raise ValueError(f"weights: the weight of {key!r} must be a number from 0 to 1e100, not {value!r}")
        weights[name] += float(value)
    total = sum(weights.values())
    if total == 0:
        raise ValueError("weights: at least one must be above 0")
    return {name: weight / total for name, weight in weights.items()}


def _is_weight(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return 0 <= float(value) <= _LARGEST_WEIGHT
    except OverflowError:  # an integer beyond any float
        return False
