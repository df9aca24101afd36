"""What the journals of a process tell of its elements: how often, how long, and where something stopped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mainspring.models.process.decisions import Ran
from mainspring.models.process.state import ProcessState


@dataclass(slots=True)
class Trace:
    """What is known of one element."""

    tokens: int = 0
    visits: int = 0
    incidents: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Of each token that has left it."""

    @property
    def mean_s(self) -> float | None:
        return sum(self.seconds) / len(self.seconds) if self.seconds else None


@dataclass(slots=True)
class Traces:
    """Of one instance, or of many."""

    elements: dict[str, Trace] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    """How often each was taken."""

    def of(self, element: str) -> Trace:
        return self.elements.setdefault(element, Trace())

    def stand(self, state: ProcessState) -> None:
        """Where an instance is now, and has been."""
        for element, count in state.visits.items():
            if element.startswith(">"):
                self.flows[element[1:]] = self.flows.get(element[1:], 0) + count
            else:
                self.of(element).visits += count
        for token in state.tokens.values():
            self.of(token.node).tokens += 1
        for incident in state.incidents.values():
            self.of(incident.node).incidents.append(incident.message)


class Stopwatch:
    """How long the tokens of one instance stay, from its decisions in order."""

    def __init__(self, traces: Traces) -> None:
        self.traces = traces
        self._since: dict[int, tuple[str, float]] = {}

    def note(self, at: float, decisions: Iterable[object]) -> None:
        for decision in decisions:
            if not isinstance(decision, Ran):
                continue
            for id in decision.gone:
                self._leave(id, at)
            for token in decision.tokens:
                known = self._since.get(token.id)
                if known is None or known[0] != token.node:
                    self._leave(token.id, at)
                    self._since[token.id] = token.node, at

    def _leave(self, id: int, at: float) -> None:
        known = self._since.pop(id, None)
        if known is not None:
            self.traces.of(known[0]).seconds.append(at - known[1])
