"""Tiny random models of every architecture as data, and their comparison with llama.cpp.

    specimens (dense.py, …) ──▶ Specimen ──▶ file ──▶ streamed engine, llama.cpp ──▶ Differences
                                specimen.py           comparison.py

A new architecture is an entry in one of the tables below.
"""

from support.architectures.both_ways import BOTH_WAYS_MODELS
from support.architectures.dense import DENSE
from support.architectures.experts import EXPERT_MODELS
from support.architectures.gemmas import GEMMAS
from support.architectures.latent import LATENT
from support.architectures.layer_norms import LAYER_NORMS
from support.architectures.llama_kin import LLAMA_KIN
from support.architectures.mixers import MIXERS
from support.architectures.specimen import Specimen

SPECIMENS: dict[str, Specimen] = {
    **DENSE,
    **LLAMA_KIN,
    **LAYER_NORMS,
    **BOTH_WAYS_MODELS,
    **EXPERT_MODELS,
    **LATENT,
    **MIXERS,
    **GEMMAS,
}
