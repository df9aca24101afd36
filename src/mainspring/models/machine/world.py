"""Machines in memory, with their timers and children: no store, no thread, and a clock that is told the time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

from mainspring.errors import MachineEndlessError, MachineFailedError, MainspringError
from mainspring.models.machine.actions import Resolve
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.effects import Begin, Delay, Pass, Revoke, Say, Stop
from mainspring.models.machine.event import ERROR_COMMUNICATION, PLATFORM, MachineEvent
from mainspring.models.machine.invocation import MACHINE
from mainspring.models.machine.plan import compile_machine
from mainspring.models.machine.session import Session

Load = Callable[[str], Chart]
"""Finds a machine by the source that an invocation names; raises `MainspringError`."""

SESSIONS_MAX = 1_000
"""Machines that one machine has running at once, with their children."""

UNHANDLED = (MachineFailedError, MachineEndlessError)
"""What stops a machine."""


class World:
    """Some machines that send each other events, and the time that passes for them."""

    def __init__(self, root: Session, resolve: Resolve, load: Load, say: Callable[[str, Any], None]) -> None:
        self._root = root
        """The one that invokes the others."""
        self.now_s = 0.0
        """Seconds since the beginning."""
        self._resolve = resolve
        self._load = load
        self._say = say
        self._ready: deque[Session] = deque()
        self._timers: list[tuple[float, int, Session, Delay]] = []
        self._revoked: set[int] = set()
        self._count = 0
        self._sessions = 0
        self._parents: dict[Session, tuple[Session, str]] = {}
        """Of a child that runs: its parent, and the id of the invocation."""
        self._children: dict[tuple[Session, str], Session] = {}

    # --- Time ---------------------------------------------------------------------------------

    @property
    def next_s(self) -> float | None:
        """In how many seconds the next delayed event is due; None: there is none."""
        while self._timers and self._timers[0][1] in self._revoked:
            self._revoked.remove(heapq.heappop(self._timers)[1])
        return self._timers[0][0] - self.now_s if self._timers else None

    def pass_time(self, seconds: float) -> None:
        """Deliver what becomes due meanwhile, each at its time; what fails is told at its time, and is over."""
        until = self.now_s + seconds
        while (wait_s := self.next_s) is not None and self.now_s + wait_s <= until:
            at, _, session, delay = heapq.heappop(self._timers)
            self.now_s = max(self.now_s, at)
            saved = self.save()
            try:
                self._route(session, Pass(delay.event, delay.target))
                self.run()
            except MainspringError:
                self.restore(saved)
                raise
        self.now_s = until

    # --- Taking back --------------------------------------------------------------------------

    def save(self) -> tuple[Any, ...]:
        """All machines and timers as they stand."""
        sessions = [(session, session.save()) for session in (self._root, *self._parents)]
        return sessions, self.now_s, self._timers.copy(), self._revoked.copy(), self._parents.copy()

    def restore(self, saved: tuple[Any, ...]) -> None:
        sessions, self.now_s, self._timers, self._revoked, self._parents = saved
        self._children = {(parent, id): child for child, (parent, id) in self._parents.items()}
        self._ready.clear()
        for session, kept in sessions:
            session.restore(kept)

    # --- Running ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Do what the machine asks for, and all that follows from it."""
        self._flush(self._root)
        self.run()

    def run(self) -> None:
        """Until no session has an event left."""
        while self._ready:
            session = self._ready.popleft()
            if session.external and not session.has_ended:
                self._handle(session, session.external.popleft())
            self._flush(session)

    def _handle(self, session: Session, event: MachineEvent) -> None:
        try:
            if not session.handle(event) and event.type == PLATFORM and session.plan.document.strict:
                raise MachineFailedError(session.plan.name, session.active_ids(), str(event.data["message"]))
        except UNHANDLED as error:
            self._fail(session, error)

    def _fail(self, session: Session, error: Exception) -> None:
        """A child that fails is an event for its parent; what has none tells whoever sent the event."""
        known = self._parents.get(session)
        if known is None:
            raise error
        parent, id = known
        self._stop(parent, Stop(id))
        parent.calls.pop(id, None)
        data = {"type": type(error).__name__, "message": str(error)}
        self.deliver(parent, MachineEvent(f"error.invoke.{id}", data, PLATFORM, invoke_id=id))

    def _flush(self, session: Session) -> None:
        while session.outbox:
            effects, session.outbox = session.outbox, []
            for effect in effects:
                self._DO[type(effect)](self, session, effect)
        if session.external:
            self._ready.append(session)
        if session.has_ended and session in self._parents:
            parent, id = self._parents.pop(session)
            self._children.pop((parent, id), None)
            self.deliver(parent, MachineEvent(f"done.invoke.{id}", session.output, invoke_id=id))

    def deliver(self, session: Session, event: MachineEvent) -> None:
        session.external.append(event)
        self._ready.append(session)

    # --- Effects ------------------------------------------------------------------------------

    def _delay(self, session: Session, effect: Delay) -> None:
        self._count += 1
        heapq.heappush(self._timers, (self.now_s + effect.delay_s, self._count, session, effect))

    def _revoke(self, session: Session, effect: Revoke) -> None:
        self._revoked |= {
            number for _, number, own, delay in self._timers if own is session and delay.key == effect.key
        }

    def _route(self, session: Session, effect: Pass) -> None:
        event, target = effect.event, effect.target
        if session.has_ended and session not in self._parents and target != "#_parent":
            return
        if not target:
            self.deliver(session, event)
        elif target == "#_parent":
            known = self._parents.get(session)
            if known is not None:
                parent, event.invoke_id = known
                self.deliver(parent, event)
        elif (child := self._children.get((session, target[2:]))) is not None:
            self.deliver(child, event)

    def _begin(self, session: Session, effect: Begin) -> None:
        try:
            chart = self._chart(session, effect)
        except MainspringError as error:
            session.calls.pop(effect.invoke_id, None)
            self.deliver(session, MachineEvent(ERROR_COMMUNICATION, {"message": str(error)}, PLATFORM))
            return
        self._sessions += 1
        child = Session(chart, f"{session.id}.{self._sessions}", parent=session.id)
        self._parents[child] = session, effect.invoke_id
        self._children[session, effect.invoke_id] = child
        try:
            child.start(effect.input)
        except UNHANDLED as error:
            self._fail(child, error)
        self._flush(child)

    def _chart(self, session: Session, effect: Begin) -> Chart:
        if effect.type != MACHINE:
            raise UnknownSourceError(f"a {effect.type} needs an engine: nothing but machines runs in memory")
        if len(self._parents) >= SESSIONS_MAX:
            raise UnknownSourceError(f"more than {SESSIONS_MAX:,} machines would run at once")
        if effect.machine is None:
            return self._load(effect.source)
        calling = session.plan.calls[effect.number]
        if effect.machine is not calling.machine:
            return Chart(compile_machine(effect.machine, self._resolve))
        if calling.chart is None:
            calling.chart = Chart(compile_machine(effect.machine, self._resolve))
        return cast("Chart", calling.chart)

    def _stop(self, session: Session, effect: Stop) -> None:
        """Its exit actions are done, but what it sends goes nowhere any more (6.4.3)."""
        child = self._children.pop((session, effect.invoke_id), None)
        if child is None:
            return
        del self._parents[child]
        self._timers = [timer for timer in self._timers if timer[2] is not child]
        heapq.heapify(self._timers)
        if not child.has_ended:
            child.leave()
        effects, child.outbox = child.outbox, []
        for each in effects:
            if isinstance(each, Stop | Say):
                self._DO[type(each)](self, child, each)

    def _tell(self, session: Session, effect: Say) -> None:  # noqa: ARG002 - one signature for every row
        self._say(effect.label, effect.value)

    _DO: Mapping[type, Callable[[Any, Session, Any], None]] = {
        Delay: _delay,
        Revoke: _revoke,
        Pass: _route,
        Begin: _begin,
        Stop: _stop,
        Say: _tell,
    }


class UnknownSourceError(MainspringError):
    """What is to be invoked is not there."""
