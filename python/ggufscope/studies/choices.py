"""Choices that a study depends on beside the model, checked before any work."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._core import GGUFError
from ..analysis.settings import make_settings
from ..arrays.arguments import thread_count
from ..errors import TraceError
from ..report.writing import chosen_formats
from ..runtime.answering import MOST_TOKENS
from ..runtime.engines.engine import ENGINES
from ..runtime.reading.given import prompts_of
from ..runtime.reading.probes import Probe, parse_probe
from ..runtime.reading.readings import read_prompt_set
from ..runtime.reading.templates import CHOICES
from ..spectral.choice import checked_matrices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from ..analysis.settings import AnalysisSettings
    from ..models.model import Model
    from ..runtime.reading.given import AskedPrompts
    from ..runtime.reading.probes import AskedProbe
    from ..runtime.reading.prompts import NamedPrompts

Setting = str | int  # a choice as it is saved
# Of the random tokens by which the trace tests induction: others than an analysis reads, whose findings it is to
# confirm, and always the same, since a trace with its answers should not be made again for another seed.
SEED_OF_TRACE = 1 << 32
_NO_PROBE = (0, "0")


@dataclass(frozen=True)
class Choices:
    """Choices of the user; see `study`.

    Attributes:
        traced: whether the model is run at all.
        prompts: what the model is to read; the file is read once, it may be a pipe, or change meanwhile.
        analysis: settings of the analysis.
        probe: to read beside the prompts; None: none.
        spectra: matrices whose singular values are computed; None: of none.
        formats: of the report.
        hashed: whether to hash the whole files, too.
    """

    traced: bool
    prompts: NamedPrompts
    template: str
    engine: str
    new_tokens: int | None
    probe: Probe | None
    analysis: AnalysisSettings
    threads: int
    spectra: str | None
    formats: tuple[str, ...]
    hashed: bool

    @property
    def of_analysis(self) -> dict[str, Setting]:
        """Choices that the analysis depends on."""
        settings = self.analysis
        weights = ", ".join(f"{name} {weight!r}" for name, weight in settings.weights.items())
        chosen: dict[str, Setting] = {"weights": weights, "norm": settings.norm, "scale": settings.scale}
        return chosen | {"seed": settings.seed, "opening": settings.opening}

    @property
    def seed(self) -> int:
        """Seed of all draws."""
        return self.analysis.seed

    @property
    def of_trace(self) -> dict[str, Setting]:
        """Choices that the trace depends on: of the prompts their content, not the place of their file."""
        return {
            "prompts": self._content_of_prompts,
            "template": self.template,
            "engine": self.engine,
            "max_new_tokens": f"to the end, at most {MOST_TOKENS}" if self.new_tokens is None else self.new_tokens,
            "induction": SEED_OF_TRACE,
        }

    @property
    def of_probe(self) -> dict[str, Setting] | None:
        """Choices that the trace of the probe depends on: prompts where it has their shape. None without one."""
        if self.probe is None:
            return None
        settings: dict[str, Setting] = {
            "probe": self.probe.setting,
            "seed": self.seed,
            "engine": self.engine,
            "induction": "with the seed",
        }
        if self.probe.length is None:
            settings |= {"prompts": self._content_of_prompts, "template": self.template}
        return settings

    @property
    def of_spectra(self) -> dict[str, Setting] | None:
        """Choices that the spectra depend on; None without any."""
        return None if self.spectra is None else {"matrices": self.spectra}

    @property
    def _content_of_prompts(self) -> str:
        return hashlib.sha256(self.prompts.prompts.model_dump_json().encode()).hexdigest()

    def check_on(self, model: Model) -> None:
        """Find what is wrong with the choices for this model before hours of work.

        Raises:
            MissingExtraError: A package is missing.
            ValueError: The model's vocabulary lacks what the template needs.
        """
        if not self.traced:
            return
        ENGINES[self.engine].require()
        try:
            read_prompt_set(model, self.prompts.prompts, self.prompts.name, self.template)
        except (GGUFError, TraceError):
            return  # the model's own fault, no wrong choice: the trace says it, after what can be done without one


def make_choices(
    *,
    prompts: AskedPrompts,
    template: str,
    engine: str,
    max_new_tokens: int | None,
    probe: AskedProbe,
    opening: int,
    weights: Mapping[str, float] | str | PathLike[str] | None,
    norm: str,
    scale: str,
    seed: int,
    threads: int | None,
    traced: bool,
    spectra: str | None,
    hashed: bool,
) -> Choices:
    """Check the choices, as far as they can be without a model.

    Raises:
        ValueError: One of them is not a choice; the message says which are.
        PromptsError: The file of prompts is malformed.
        OSError: A file cannot be read.
    """
    settings = make_settings(weights, norm, scale, None, _at_least(seed, 0, "seed"), opening=opening)
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    if template not in CHOICES:
        raise ValueError(f"template must be one of {', '.join(CHOICES)}, not {template!r}")
    return Choices(
        traced=traced,
        prompts=prompts_of(prompts),
        template=template,
        engine=engine,
        new_tokens=None if max_new_tokens is None else _at_least(max_new_tokens, 0, "max_new_tokens"),
        probe=_probe(probe),
        analysis=settings,
        threads=thread_count(threads),
        spectra=None if spectra is None else checked_matrices(spectra),
        formats=tuple(chosen_formats()[0]),
        hashed=hashed,
    )


def _probe(asked: AskedProbe) -> Probe | None:
    """The probe that was asked for; 0: none."""
    return None if asked in _NO_PROBE and not isinstance(asked, bool) else parse_probe(asked)


def _at_least(value: int, least: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{what} must be {least} or more, not {value!r}")
    return value
