"""Processes in memory: plain objects without a store, for tests, simulations, and what need not survive.

A world has one clock, and passes messages and signals between its instances as the durable engine does.
"""

# ruff: noqa: ARG002 - the rows of a table have one signature

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from mainspring.errors import (
    BusinessError,
    DefinitionNotFoundError,
    DeniedError,
    NotFoundError,
    PayloadInvalidError,
    RefusedError,
)
from mainspring.handler import Handler
from mainspring.models.contract import (
    Cancel,
    CancelInstance,
    CancelRequested,
    CancelTask,
    CancelTimer,
    ChildCompleted,
    ChildFailed,
    Command,
    Complete,
    Event,
    Fail,
    Failure,
    HoldTasks,
    Pause,
    PauseRequested,
    Publish,
    Received,
    Refusal,
    ReleaseTasks,
    Requested,
    Resume,
    ResumeRequested,
    RetryRequested,
    RetryTask,
    SetTimer,
    Started,
    StartInstance,
    StartTask,
    Subscribe,
    TaskCompleted,
    TaskFailed,
    TimerFired,
    Unsubscribe,
)
from mainspring.models.process.document import HELD, MESSAGE, SIGNAL
from mainspring.models.process.expression import encode
from mainspring.models.process.model import PROCESS
from mainspring.models.process.plan import Plan
from mainspring.models.process.starts import starts_of
from mainspring.models.process.state import ROOT, STATUS_NAMES, Incident, Todo
from mainspring.models.retry import failure_of

FAMILIES: dict[str, type[Exception]] = {
    "conflict": RefusedError,
    "denied": DeniedError,
    "missing": NotFoundError,
}
"""The error that a refusal is told as."""
Functions = Mapping[str, Callable[..., Any]]


class World:
    """Processes that know each other, and the time that passes for them."""

    def __init__(self, functions: Functions | None = None, at: float = 0.0) -> None:
        self.at = at
        self.plans: dict[str, Plan] = {}
        self.instances: list[LiveProcess] = []
        self._handlers = {name: Handler.of(function, name) for name, function in (functions or {}).items()}
        self._timers: list[tuple[float, int, LiveProcess, str]] = []
        self._count = 0
        self._subscriptions: dict[tuple[str, str, str], dict[tuple[LiveProcess, str], None]] = {}
        self._starts: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
        self._queue: deque[tuple[LiveProcess, Event]] = deque()
        self._busy = False

    def add(self, plan: Plan) -> None:
        """Know a process: it can be started by its id, called by others, and begun by its messages and signals."""
        self.plans[plan.id] = plan
        for start in starts_of(plan):
            if start.kind in (MESSAGE, SIGNAL):
                self._starts.setdefault((start.kind, start.name), {})[plan.id, start.entry] = None

    def start(
        self, process: str, data: Mapping[str, Any] | None = None, *, key: str = "", entry: str = ""
    ) -> LiveProcess:
        """Begin a process, and run it until it waits."""
        live = self._begin(process, encode(dict(data or {})), key, entry)
        self.settle()
        return live

    def _begin(
        self, process: str, data: bytes, key: str, entry: str = "", parent: tuple[LiveProcess, str] | None = None
    ) -> LiveProcess:
        if process not in self.plans:
            raise DefinitionNotFoundError(f"no process {process!r} here; there are {', '.join(self.plans) or 'none'}")
        live = LiveProcess(self, self.plans[process], f"{process}:{len(self.instances) + 1}", parent)
        self.instances.append(live)
        depth = 0 if parent is None else parent[0].state.depth + 1
        self._queue.append((live, Started(Raw(data), key=key, entry=entry, depth=depth)))
        return live

    # --- Running --------------------------------------------------------------------------------

    def tell(self, live: LiveProcess, event: Event) -> Refusal | None:
        """Give an instance an event, and run all until they wait."""
        refused = self._step(live, event)
        self.settle()
        return refused

    def settle(self) -> None:
        """Hand on what instances have sent each other, until nothing is left."""
        if self._busy:
            return
        self._busy = True
        try:
            while self._queue:
                self._step(*self._queue.popleft())
        finally:
            self._busy = False

    def _step(self, live: LiveProcess, event: Event) -> Refusal | None:
        plan, state, at = live.plan, live.state, self.at
        decisions = PROCESS.decide(plan, state, event, at)
        if isinstance(decisions, Refusal):
            return decisions
        for decision in decisions:
            PROCESS.evolve(plan, state, event, decision, at)
            for command in PROCESS.commands(plan, state, event, decision, at):
                _APPLY[type(command)](self, live, command)
        if isinstance(event, TaskCompleted | TaskFailed) and event.key not in live.retries:
            live.tasks_open.pop(event.key, None)
        return None

    def pass_time(self, seconds: float) -> None:
        """Let time pass: what becomes due meanwhile happens, each at its time."""
        until = self.at + seconds
        while self._timers and self._timers[0][0] <= until:
            ready_at, _, live, key = heapq.heappop(self._timers)
            if live.timers.get(key) != ready_at:
                continue
            self.at = max(self.at, ready_at)
            del live.timers[key]
            if key in live.retries:
                self.run_task(live, live.tasks_open[key], live.retries.pop(key))
                self.settle()
            else:
                self.tell(live, TimerFired(key))
        self.at = until

    @property
    def next_s(self) -> float | None:
        """In how many seconds the next thing is due; None: nothing is."""
        due = [ready_at for live in self.instances for ready_at in live.timers.values()]
        return min(due) - self.at if due else None

    # --- Messages -------------------------------------------------------------------------------

    def publish(self, name: str, data: Mapping[str, Any] | None = None, *, key: str = "") -> bool:
        """Give a message to the first that waits for it, or let it begin a process; False: nobody wants it."""
        taken = self._publish(MESSAGE, name, key, encode(dict(data or {}))) > 0
        self.settle()
        return taken

    def signal(self, name: str, data: Mapping[str, Any] | None = None) -> int:
        """Give a signal to all that wait for it; returns how many do."""
        count = self._publish(SIGNAL, name, "", encode(dict(data or {})))
        self.settle()
        return count

    def _publish(self, kind: str, name: str, key: str, data: bytes) -> int:
        waiting = list(self._subscriptions.get((kind, name, key), ()))
        if kind == MESSAGE:
            waiting = waiting[:1]
        for live, wait in waiting:
            self._queue.append((live, Received(wait, name, Raw(data))))
        is_wanted = waiting or (kind == MESSAGE and self._subscriptions.get((HELD, name, key)))
        starts = [] if kind == MESSAGE and is_wanted else list(self._starts.get((kind, name), ()))
        for process, entry in starts if kind == SIGNAL else starts[:1]:
            self._begin(process, data, key, entry)
        return len(waiting) + len(starts)

    # --- What the model asks for ----------------------------------------------------------------

    def start_task(self, live: LiveProcess, command: StartTask) -> None:
        self.run_task(live, command, 1)

    def run_task(self, live: LiveProcess, command: StartTask, attempt: int) -> None:
        """A handler is called at once; a task that has none here waits to be settled by hand."""
        live.tasks_open[command.key] = command
        live.attempts[command.key] = attempt
        handler = self._handlers.get(command.spec.handler)
        if handler is None:
            return
        try:
            args, kwargs = handler.decode(command.payload, None)
            result = handler.function(*args, **kwargs)
            event: Event = TaskCompleted(command.key, attempt, self.at, self.at, Raw(encode(result)))
        except Exception as error:  # noqa: BLE001 - what a handler raises is its outcome
            event = TaskFailed(command.key, attempt, self.at, self.at, _failure(error))
        self._queue.append((live, event))

    def retry_task(self, live: LiveProcess, command: RetryTask) -> None:
        live.retries[command.key] = live.attempts[command.key] + 1
        self.set_timer(live, SetTimer(command.key, command.ready_at))

    def cancel_task(self, live: LiveProcess, command: CancelTask) -> None:
        live.tasks_open.pop(command.key, None)
        live.timers.pop(command.key, None)

    def set_timer(self, live: LiveProcess, command: SetTimer) -> None:
        self._count += 1
        live.timers[command.key] = command.ready_at
        heapq.heappush(self._timers, (command.ready_at, self._count, live, command.key))

    def cancel_timer(self, live: LiveProcess, command: CancelTimer) -> None:
        live.timers.pop(command.key, None)

    def subscribe(self, live: LiveProcess, command: Subscribe) -> None:
        self.unsubscribe(live, Unsubscribe(command.key))
        if command.kind in (MESSAGE, SIGNAL, HELD):
            place = (command.kind, command.name, command.match)
            live.subscriptions[command.key] = place
            self._subscriptions.setdefault(place, {})[live, command.key] = None

    def unsubscribe(self, live: LiveProcess, command: Unsubscribe) -> None:
        place = live.subscriptions.pop(command.key, None)
        if place is not None:
            self._subscriptions[place].pop((live, command.key), None)

    def send(self, live: LiveProcess, command: Publish) -> None:
        self._publish(command.kind, command.name, command.match, command.data)

    def start_instance(self, live: LiveProcess, command: StartInstance) -> None:
        _, name = command.newest
        try:
            live.children[command.key] = self._begin(name, command.input, command.business_key, "", (live, command.key))
        except DefinitionNotFoundError as error:
            self._queue.append((live, ChildFailed(command.key, failure_of(error))))

    def cancel_instance(self, live: LiveProcess, command: CancelInstance) -> None:
        child = live.children.pop(command.key, None)
        if child is not None:
            child.parent = None
            self._queue.append((child, CancelRequested("its parent does not need it any more")))

    def end(self, live: LiveProcess, command: Complete | Fail | Cancel) -> None:
        for key in list(live.subscriptions):
            self.unsubscribe(live, Unsubscribe(key))
        live.timers.clear()
        live.tasks_open.clear()
        live.retries.clear()
        for key in list(live.children):
            self.cancel_instance(live, CancelInstance(key))
        if live.parent is None:
            return
        parent, key = live.parent
        if isinstance(command, Complete):
            self._queue.append((parent, ChildCompleted(key, Raw(command.output))))
        elif isinstance(command, Fail):
            self._queue.append((parent, ChildFailed(key, command.error)))

    def nothing(self, live: LiveProcess, command: Command) -> None:
        """Tasks run at once here, so there are none to hold."""


class LiveProcess:
    """One running process in memory.  Not for several threads at once."""

    def __init__(self, world: World, plan: Plan, id: str, parent: tuple[LiveProcess, str] | None) -> None:
        self.world = world
        self.plan = plan
        self.id = id
        self.parent = parent
        self.state = PROCESS.initial(plan, id)
        self.timers: dict[str, float] = {}
        self.tasks_open: dict[str, StartTask] = {}
        """Tasks that no handler here does."""
        self.attempts: dict[str, int] = {}
        self.retries: dict[str, int] = {}
        self.subscriptions: dict[str, tuple[str, str, str]] = {}
        self.children: dict[str, LiveProcess] = {}

    def __repr__(self) -> str:
        return f"<{self.id}: {self.status}>"

    # --- Looking --------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        return STATUS_NAMES[self.state.status]

    @property
    def variables(self) -> dict[str, Any]:
        """Of the process itself; after its end, as they were then."""
        return dict(self.state.output if self.status == "completed" else self.state.values.get(ROOT, {}))

    @property
    def failure(self) -> Failure | None:
        return self.state.failure

    @property
    def incidents(self) -> list[Incident]:
        return list(self.state.incidents.values())

    @property
    def active(self) -> list[str]:
        """The elements that tokens are at, in the order in which they came."""
        return [token.node for token in self.state.tokens.values() if token.id != ROOT]

    def tasks(self) -> list[Todo]:
        """Open user tasks."""
        return list(self.state.todos.values())

    def visits(self, element: str) -> int:
        """How often an element was entered, or a flow (`>id`) taken."""
        return self.state.visits.get(element, 0)

    # --- Doing ----------------------------------------------------------------------------------

    def complete(self, task: str, data: Mapping[str, Any] | None = None, *, by: str = "") -> None:
        """Complete a user task; raises `RefusedError`, `DeniedError` or `PayloadInvalidError`, and changes nothing."""
        self.ask("complete", task, by=by, values=dict(data or {}))

    def resolve(self, element: str, *, skip: bool = False, by: str = "", **values: Any) -> None:
        """Correct variables, and try again what has stopped at an element, or skip it."""
        self.ask("resolve", element, by=by, skip=skip, values=values)

    def ask(self, verb: str, target: str = "", *, by: str = "", **data: Any) -> None:
        """Ask what a person may ask; `mainspring.models.process.requests` has the verbs."""
        refused = self.world.tell(self, Requested(verb, target, by, Raw(encode(data))))
        if refused is not None:
            if refused.family == "invalid":
                raise PayloadInvalidError(f"{verb} {target!r}", refused.reason)
            raise FAMILIES[refused.family](f"process {self.id!r}: {refused.reason}")

    def settle_task(self, key: str, output: Any = None, *, error: BaseException | None = None) -> None:
        """Give the outcome of a task that no handler here does."""
        attempt, at = self.attempts[key], self.world.at
        if error is None:
            self.world.tell(self, TaskCompleted(key, attempt, at, at, Raw(encode(output))))
        else:
            self.world.tell(self, TaskFailed(key, attempt, at, at, _failure(error)))

    def steer(self, event: CancelRequested | PauseRequested | ResumeRequested | RetryRequested) -> None:
        refused = self.world.tell(self, event)
        if refused is not None:
            raise RefusedError(f"process {self.id!r}: {refused.reason}")


def _failure(error: BaseException) -> Failure:
    if isinstance(error, BusinessError):
        return msgspec.structs.replace(failure_of(error), type=error.code)
    return failure_of(error)


_APPLY: dict[type[Command], Callable[[World, LiveProcess, Any], None]] = {
    StartTask: World.start_task,
    RetryTask: World.retry_task,
    CancelTask: World.cancel_task,
    SetTimer: World.set_timer,
    CancelTimer: World.cancel_timer,
    Subscribe: World.subscribe,
    Unsubscribe: World.unsubscribe,
    Publish: World.send,
    StartInstance: World.start_instance,
    CancelInstance: World.cancel_instance,
    Complete: World.end,
    Fail: World.end,
    Cancel: World.end,
    HoldTasks: World.nothing,
    ReleaseTasks: World.nothing,
    Pause: World.nothing,
    Resume: World.nothing,
}
