"""The search of an analysis for what stands out: while the model read, and in its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runtime.reading.probes import words_of
from ..runtime.standouts import SEEN, seen_on_openings
from ..text.numbers import counted
from .embedding_record import record_embedding
from .standouts import WEIGHTS, Ablation, ReadProbe, Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..runtime import Plan, Trace
    from ..runtime.standout_document import StandoutKind
    from .embedding_document import EmbeddingRecord
    from .exact_openings import ExactOpenings
    from .index.ranking import Ranking
    from .inputs.read_input import AnalysisInput
    from .settings import AnalysisSettings


def search_standouts(
    analysed: AnalysisInput,
    settings: AnalysisSettings,
    rankings: Mapping[str, Ranking],
    exact: ExactOpenings,
    probed: Trace | None,
    *,
    threads: int,
    progress: Callable[[int, int], object] | None,
    announce: Callable[[Plan], object] | None,
) -> tuple[list[StandoutKind], EmbeddingRecord | None]:
    """The findings of every kind, those that take a run first, and the rows of the embedding.

    Args:
        analysed: the input.
        settings: the choices.
        rankings: by preset; one that ran the model has what stood out meanwhile.
        exact: openings, or the reason why there are none.
        probed: a trace of a probe that the model read already.
        threads: at most so many.
        progress: called as `progress(done_bytes, total_bytes)`; may raise to cancel.
        announce: called with the plan before weights are left out.
    """
    weights = Weights(
        table=analysed.table,
        profile=analysed.profile,
        model=analysed.model,
        threads=threads,
        seed=settings.seed,
        progress=progress,
        openings_read=exact.openings,
        no_openings=exact.reason,
        ablation=Ablation(settings.ablate, announce),
        probe=_read_probe(settings, probed, rankings),
    )
    found = [*_seen(analysed, rankings, exact), *WEIGHTS.search(weights)]
    return found, record_embedding(weights)


def _read_probe(settings: AnalysisSettings, probed: Trace | None, rankings: Mapping[str, Ranking]) -> ReadProbe | None:
    """The probe that the model read, for whatever looks at the same tokens."""
    read = next((ranking.scores.sequences for ranking in rankings.values() if ranking.scores.sequences), None)
    if read is None:
        return None
    asked = None if settings.probe is None else settings.probe.kind
    kind = asked if probed is None else probed.document.settings.probe_kind
    return ReadProbe(read, f"{counted(len(read), 'sequence')} of {words_of(kind)}")


def _seen(analysed: AnalysisInput, rankings: Mapping[str, Ranking], exact: ExactOpenings) -> Sequence[StandoutKind]:
    """The findings while the model read a probe or openings, or the reason why it did not run."""
    for ranking in rankings.values():
        if ranking.scores.standouts:
            return ranking.scores.standouts
    if analysed.model is None:
        return SEEN.not_applicable("the model itself is needed, to run it, and the input is a profile")
    if exact.openings is not None:
        seen = seen_on_openings(analysed.model, exact.openings)
        return SEEN.search(seen, seen.words)
    return SEEN.not_applicable(f"the model was not run: {exact.reason}")
