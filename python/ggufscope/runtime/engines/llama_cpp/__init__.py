"""The second engine: llama.cpp, watched through the callback that its scheduler makes for every node of a graph.

    prompt ──▶ llama_decode ──▶ node of the graph ──wanted?──▶ copy ──▶ point of the layer ──▶ Recorder
               session.py        library.py         nodes.py             nodes.py

Its weights are multiplied as llama.cpp does it, activations quantized where weights are: an independent opinion, a few
per cent beside the exact one for quantized files. Names of nodes are no interface of llama.cpp, so that a release other
than the one this was written for is refused, and the names are tried on a tiny model before each run.
"""

from .engine import LlamaCppEngine, open_engine
from .limits import ContextLimits

__all__ = ["ContextLimits", "LlamaCppEngine", "open_engine"]
