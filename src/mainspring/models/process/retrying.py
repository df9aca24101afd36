"""One that has failed, or was cancelled, goes on from where it stood before.

The step that failed is taken once more, from the state before it and with the variables as they were corrected: what
led to it comes again.  What was open besides begins anew, for all of it was taken back at the end.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from mainspring.models.contract import (
    ChildCompleted,
    Event,
    Received,
    Refusal,
    Requested,
    TaskCompleted,
    TimerFired,
)
from mainspring.models.process.arrivals import ARRIVE
from mainspring.models.process.expression import NoValueError, encode
from mainspring.models.process.game.activities import do_call
from mainspring.models.process.game.incidents import BEGIN, report
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.tasks import ask
from mainspring.models.process.plan import Plan
from mainspring.models.process.requests import REQUEST, try_again
from mainspring.models.process.state import CHILD, NEVER, ROOT, RUNNING, WORK, ProcessState, Token, dump, load

COME_AGAIN: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (TaskCompleted, TimerFired, ChildCompleted, Received, Requested)
}
"""Events that a retry takes once more.  A task or a child that failed is not among them: it begins anew."""
Kept = tuple[tuple[str, Any], ...]


def kept(*events: Event) -> Kept:
    """Of some events, those that come again."""
    return tuple(
        (kind, msgspec.json.decode(msgspec.json.encode(event)))
        for event in events
        if (kind := type(event).__name__) in COME_AGAIN
    )


def before(state: ProcessState) -> ProcessState:
    """The state to go on from, as a copy: that before the failure, or before the end by a cancellation.

    What was counted goes on, for no key may be used twice; and whoever repeats a message is still known.
    """
    again = load(dump(state) if state.before is NEVER else bytes(state.before))
    again.visits, again.told = dict(state.visits), dict(state.told)
    again.status, again.kept, again.corrected = RUNNING, (), {}
    if again.tokens:
        again.counter = state.counter
        again.values.setdefault(ROOT, {}).update(state.corrected)
    else:
        again.input = Raw(encode({**msgspec.json.decode(again.input), **state.corrected}))
    return again


def came(state: ProcessState) -> Kept:
    """What comes again: what led to the failure, or what came in the pause in which it was cancelled."""
    return tuple((kind, data) for kind, data in (*state.came, *state.kept) if kind in COME_AGAIN)


class Retaking(Session):
    """A step that is taken once more: what was corrected wins over what comes again."""

    def __init__(self, plan: Plan, state: ProcessState, at: float, corrected: dict[str, Any]) -> None:
        super().__init__(plan, state, at)
        self.corrected = self.winning = corrected
        self.has_new_values = bool(corrected)

    def set(self, scope: int, name: str, value: Any) -> None:
        super().set(scope, name, self.winning.get(name, value) if scope == ROOT else value)

    def take(self, events: Kept) -> Refusal | None:
        """All that led to the step, in its order; then everything else that was open begins anew."""
        self.came, open_then = events, list(self.state.tokens.values())
        for kind, data in events:
            event: Any = msgspec.json.decode(msgspec.json.encode(data), type=COME_AGAIN[kind])
            refused = self._take(event)
            if refused is not None:
                return refused
        self.winning = {}
        for token in open_then:
            if self.find(token.id) is token and token.id not in self.incidents:
                self._begin_anew(token)
        return None

    def _take(self, event: Any) -> Refusal | None:
        if not isinstance(event, Requested):
            ARRIVE[type(event)](self, event)
            return None
        self.by = event.by
        return REQUEST[event.verb](self, event, msgspec.json.decode(event.data))

    def _begin_anew(self, token: Token) -> None:
        incident = self.state.incidents.get(token.id)
        if incident is not None:
            try_again(self, incident, token)
        elif token.role in (WORK, CHILD):
            vertex = self.vertex(token)
            try:
                (do_call if token.role == CHILD else ask)(self, vertex, token)
            except NoValueError as error:
                report(self, token, BEGIN, str(error))
