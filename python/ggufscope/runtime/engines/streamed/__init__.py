"""The default engine: layer by layer through ggufscope's own decoders.

Every prompt's tokens go through a layer together before the next layer is decoded. Rows of a matrix are decoded in
tiles that stay in cache and are multiplied there by BLAS, or by the core where tokens are few, so that each weight is
decoded once per pass and no layer ever stands in memory as floats. Weights are exact, activations float32.
"""

from .engine import StreamedEngine, open_engine
from .limits import StreamLimits

__all__ = ["StreamLimits", "StreamedEngine", "open_engine"]
