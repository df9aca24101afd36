"""A machine in memory: a plain object that takes events, and shows where it stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from mainspring.errors import MainspringError, SettingInvalidError
from mainspring.models.machine.asking import available, innermost, refusal_of
from mainspring.models.machine.chart import Choice
from mainspring.models.machine.definition import Machine
from mainspring.models.machine.event import MachineEvent, event_name
from mainspring.models.machine.outcome import Move, Outcome, moves_of
from mainspring.models.machine.session import Session
from mainspring.models.machine.world import World

HISTORY_MAX = 1_000
"""Events whose outcome a machine remembers; older ones are forgotten."""


class LiveMachine:
    """One running machine of a definition.  Not for several threads at once."""

    def __init__(self, definition: Machine, data: Mapping[str, Any]) -> None:
        self.definition = definition
        self._world: World | None = None
        self._past: deque[Outcome] = deque(maxlen=HISTORY_MAX)
        self._busy = True
        self._session = session = Session(definition.chart, host=self)
        session.start(data)
        if session.outbox or session.external:
            self._run_on()
        session.trail.clear()
        self._busy = False

    def __repr__(self) -> str:
        return f"<{self.definition.name}: {', '.join(self.configuration)}>"

    # --- Events -------------------------------------------------------------------------------

    def send(self, event: str, data: Any = None, /, **fields: Any) -> Outcome:
        """Take an event, and all that follows from it; `fields` are its data by name.

        In a strict machine an event that no transition takes raises `EventRefusedError`, and one that comes after the
        end `MachineEndedError`; otherwise the outcome says so.  A condition or an action that fails, unhandled, raises
        `MachineFailedError`.  In all these cases nothing has changed.
        An event that an action sends to its own machine waits until the machine has settled.
        """
        session = self._session
        if not self._busy:
            choice = session.node.choices.get(event)
            if choice is not None and (plain := choice.plain) is not None:
                session.node = plain[0]
                self._past.append(plain[1])
                return plain[1]  # type: ignore[no-any-return]
        return self._send(MachineEvent(event_name(event), fields if data is None and fields else data))

    def _send(self, event: MachineEvent) -> Outcome:
        session = self._session
        if self._busy:
            session.external.append(event)
            return Outcome(event.name, (), True)
        if session.has_ended:
            return self._refused(event.name, None)
        world = self._world
        saved = session.save() if world is None else world.save()
        self._busy = True
        try:
            node = session.node
            taken = session.handle(event)
            if session.outbox or session.external:
                self._run_on()
        except MainspringError:
            if world is None:
                self._world = None
                session.restore(saved)
            else:
                world.restore(saved)
            raise
        finally:
            self._busy = False
        if not taken:
            return self._refused(event.name, node.choices.get(event.name))
        outcome = Outcome(event.name, moves_of(session.plan, session.trail), True)
        self._remember(node.choices.get(event.name), outcome)
        session.trail.clear()
        self._past.append(outcome)
        return outcome

    def _remember(self, choice: Choice | None, outcome: Outcome) -> None:
        """Where a step asks and does nothing, and nothing follows, the next time is a look into a table."""
        step = None if choice is None else choice.step
        if step is None or step.ops or self._session.plan.calls:
            return
        if step.node.eventless is None and not step.node.is_final and choice is not None:
            choice.plain = step.node, outcome

    def _refused(self, event: str, choice: Choice | None) -> Outcome:
        session = self._session
        session.trail.clear()
        error = refusal_of(session, event, choice)
        if self.definition.document.strict:
            raise error
        outcome = Outcome(event, (), False, str(error))
        self._past.append(outcome)
        return outcome

    # --- Time and children --------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Let time pass: delayed events that become due meanwhile are taken, each at its time.

        Raises `SettingInvalidError` for less than 0 s.
        """
        if not seconds >= 0:  # nor what is no number
            raise SettingInvalidError(f"time passes by 0 s or more, not by {seconds!r} s")
        if self._world is not None:
            self._busy = True
            try:
                self._world.pass_time(seconds)
            finally:
                self._busy = False
            self._note()

    @property
    def next_s(self) -> float | None:
        """In how many seconds the next delayed event is due; None: there is none."""
        return None if self._world is None else self._world.next_s

    def _run_on(self) -> None:
        """Timers, children and events for oneself need somebody who looks after them."""
        if self._world is None:
            self._world = World(self._session, self.definition.resolve, self.definition.load, self.said)
        self._world.settle()

    def _note(self) -> None:
        session = self._session
        if session.trail:
            self._past.append(Outcome(session.trail[0][0], moves_of(session.plan, session.trail), True))
            session.trail.clear()

    def said(self, label: str, value: Any) -> None:
        """What an action logs; does nothing, for a subclass to replace."""

    # --- Looking ------------------------------------------------------------------------------

    @property
    def configuration(self) -> tuple[str, ...]:
        """The ids of all active states, in document order."""
        return tuple(self._session.active_ids())

    @property
    def state(self) -> str:
        """The innermost active state; of parallel ones all, joined by commas."""
        return ", ".join(innermost(self._session))

    def is_in(self, state: str) -> bool:
        """Whether a state is active."""
        return state in self.configuration

    @property
    def has_ended(self) -> bool:
        """Whether a final state of the machine itself has been reached."""
        return self._session.has_ended

    @property
    def output(self) -> Any:
        """The data of that final state."""
        return self._session.output

    @property
    def data(self) -> dict[str, Any]:
        """The machine's data by name; what Python changes here, expressions see."""
        self._session.touch()
        return self._session.data

    @property
    def history(self) -> list[Move]:
        """What was taken so far, oldest first; of at most the last `HISTORY_MAX` events."""
        return [move for outcome in self._past for move in outcome.moves]

    def available(self, **fields: Any) -> list[str]:
        """The events that a transition would take now, in document order; `fields` as the events would carry them."""
        return self.available_for(fields or None)

    def available_for(self, data: Any) -> list[str]:
        """The same for events that carry any data."""
        return available(self._session, data)
