"""The statechart that pictures of machines are made of: states in states, and arrows between any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["state", "parallel", "final", "initial", "shallow", "deep"]

ROOT = ""
"""The id of what is around all states."""


@dataclass(frozen=True, slots=True)
class State:
    """One state; those inside a parallel one are its regions."""

    id: str
    label: str = ""
    """What is written in it; empty: its id."""
    kind: Kind = "state"
    lines: tuple[str, ...] = ()
    """What it does, in small letters below."""
    status: Literal["", "running", "completed"] = ""
    states: tuple[State, ...] = ()

    @property
    def text(self) -> str:
        return self.label or self.id


@dataclass(frozen=True, slots=True)
class Arrow:
    source: str
    target: str
    labels: tuple[str, ...] = ()
    """One for each transition that goes this way: `event [guard] / action`."""


@dataclass(frozen=True, slots=True)
class Statechart:
    """States and arrows in the order of their definition, which pictures keep where they can."""

    states: tuple[State, ...]
    arrows: tuple[Arrow, ...] = ()

    def all_states(self) -> Iterator[tuple[State, str]]:
        """Each state with the id of the one around it, in document order."""
        waiting = [(state, ROOT) for state in reversed(self.states)]
        while waiting:
            state, around = waiting.pop()
            yield state, around
            waiting += [(inner, state.id) for inner in reversed(state.states)]
