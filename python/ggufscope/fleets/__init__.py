"""Fleets: many models into one directory of rows, verdicts and failures, resumable.

    inputs ──sources──▶ tasks ──engine: measure──▶ Measured ──keeping: whole or absent──▶ OUT/model=…/

The package is not called `fleet` because that is the function of ggufscope. A task knows nothing of the others, and its
files depend on the model and the settings alone, so that engines may run tasks anywhere and in any order.
"""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .fleet_result import Fleet
    from .running import FleetInterrupted, fleet

__all__ = ["Fleet", "FleetInterrupted", "fleet"]

__getattr__ = loader(__name__, {"Fleet": "fleet_result", "FleetInterrupted": "running", "fleet": "running"})
