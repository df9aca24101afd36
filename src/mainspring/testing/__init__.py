"""Workflows under test: time is skipped, handlers are replaced, processes crash, and nothing waits for a real clock."""

from mainspring.testing.simulation import Simulation
from mainspring.testing.stubs import Call

__all__ = ["Call", "Simulation"]
