"""Whether a converter wrote what a checkpoint has: the reference is seen as a faithful converter would write it.

what differs                        what it is
a view that explains it             a rule that was forgotten, or followed twice: permuted rows, 1 of gains
other weights than any type's       tensors exchanged, experts in another order, a matrix transposed
tensors on one side alone           missing, or the output lost
metadata                            hyperparameters, vocabulary
"""

from .exchanged import exchanged_views
from .judging import judge

__all__ = ["exchanged_views", "judge"]
