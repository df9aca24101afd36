"""The verbs of a process's instance: what people and operators do with a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Raw, Struct

from mainspring import codec
from mainspring.errors import InstanceNotFoundError
from mainspring.kernel.reader import Reader, SubscriptionView
from mainspring.kernel.records import Ask, Tell
from mainspring.models.contract import Event, Requested
from mainspring.models.process.state import INCIDENT, TASK, Todo
from mainspring.models.process.state import Incident as IncidentState

if TYPE_CHECKING:
    from concurrent.futures import Future

LISTED_MAX = 10_000
"""Open tasks or incidents that one question answers."""


class Host(Protocol):
    """What an instance needs of the engine that it came from."""

    @property
    def reader(self) -> Reader: ...
    def tell(self, id: str, event: Event) -> bool: ...
    def call(self, input: Any) -> Future[Any]: ...


@dataclass(frozen=True, slots=True)
class UserTask:
    """An open user task."""

    id: str
    """By which it is completed; its element alone will do where that is open once."""
    element: str
    name: str
    instance: str
    assignee: str
    owner: str
    """Who delegated it."""
    users: tuple[str, ...]
    groups: tuple[str, ...]
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    form: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """A stop that needs a person."""

    id: str
    element: str
    instance: str
    message: str
    type: str
    """Of the error."""
    phase: str
    """`begin`, `work` or `end` of the element."""
    at: datetime


class Case(Struct, frozen=True, gc=False, eq=False):
    """What an instance of a process can be asked for; each is durable when it returns."""

    _engine: Host
    id: str

    # --- User tasks ---------------------------------------------------------------------------

    def tasks(self) -> list[UserTask]:
        """Its open user tasks, oldest first."""
        return tasks_of(self._engine.reader, self._number())

    def complete(self, task: str, *, by: str = "", data: Mapping[str, Any] | None = None) -> None:
        """Complete a user task; `data` becomes variables.

        Raises `RefusedError` if it is not open, `DeniedError` if it is somebody else's, `PayloadInvalidError` if its
        form asks for something else; then nothing has changed.
        """
        self._ask("complete", task, by, values=dict(data or {}))

    def claim(self, task: str, *, by: str) -> None:
        """Take a user task for oneself."""
        self._ask("claim", task, by)

    def unclaim(self, task: str, *, by: str = "") -> None:
        """Give it back to its candidates."""
        self._ask("unclaim", task, by)

    def assign(self, task: str, to: str, *, by: str = "") -> None:
        """Give it to somebody, whoever has it."""
        self._ask("assign", task, by, to=to)

    def delegate(self, task: str, to: str, *, by: str) -> None:
        """Let somebody else work on it; it comes back when they complete it."""
        self._ask("delegate", task, by, to=to)

    # --- Incidents ----------------------------------------------------------------------------

    def incidents(self) -> list[Incident]:
        """What has stopped in it, oldest first."""
        return incidents_of(self._engine.reader, self._number())

    def resolve(
        self, incident: str, *, data: Mapping[str, Any] | None = None, skip: bool = False, by: str = ""
    ) -> None:
        """Correct variables, and try again what has stopped; or skip it.  `incident`: its id, or its element."""
        self._ask("resolve", incident, by, values=dict(data or {}), skip=skip)

    # --- Changing its course ------------------------------------------------------------------

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the process itself."""
        told = self._engine.call(Ask(self.id)).result()
        return dict(msgspec.json.decode(told)["variables"])

    def set_variables(self, data: Mapping[str, Any], *, by: str = "") -> None:
        """Give variables of the process other values."""
        self._ask("set", "", by, values=dict(data))

    def start_at(
        self, element: str, *, after: bool = False, data: Mapping[str, Any] | None = None, by: str = ""
    ) -> None:
        """Put a token before an element, or after it."""
        self._ask("start", element, by, after=after, values=dict(data or {}))

    def stop_at(self, element: str, *, by: str = "") -> None:
        """Take the tokens at an element away, with all that is inside."""
        self._ask("stop", element, by)

    def move(self, source: str, target: str, *, by: str = "") -> None:
        """Take the tokens at one element away, and put one before another."""
        self._ask("stop", source, by, start=target)

    def trigger(self, element: str, *, data: Mapping[str, Any] | None = None, by: str = "") -> None:
        """Let what an element waits for have come: a timer before its time, a message that nobody sent."""
        self._ask("trigger", element, by, values=dict(data or {}))

    def _ask(self, verb: str, target: str, by: str, **data: Any) -> None:
        payload = Raw(codec.encode(data, f"{verb} {target!r}"))
        self._engine.call(Tell(self.id, Requested(verb, target, by, payload))).result()

    def _number(self) -> int:
        view = self._engine.reader.find_instance(self.id)
        if view is None:
            raise InstanceNotFoundError(self.id)
        return view.number


def tasks_of(reader: Reader, instance: int, limit: int = LISTED_MAX) -> list[UserTask]:
    """The open user tasks of an instance, by its number."""
    return [user_task_of(row) for row in reader.list_subscriptions(TASK, instance=instance, limit=limit)]


def incidents_of(reader: Reader, instance: int, limit: int = LISTED_MAX) -> list[Incident]:
    return [incident_of(row) for row in reader.list_subscriptions(INCIDENT, instance=instance, limit=limit)]


def user_task_of(row: SubscriptionView) -> UserTask:
    todo = msgspec.json.decode(row.data, type=Todo)
    return UserTask(
        id=f"{todo.node}#{todo.token}",
        element=todo.node,
        name=todo.name,
        instance=row.instance,
        assignee=todo.assignee,
        owner=todo.owner,
        users=todo.users,
        groups=todo.groups,
        due_at=_moment(todo.due_at),
        follow_up_at=_moment(todo.follow_up_at),
        priority=todo.priority,
        form=todo.form,
        created_at=datetime.fromtimestamp(todo.created_at, UTC),
    )


def incident_of(row: SubscriptionView) -> Incident:
    incident = msgspec.json.decode(row.data, type=IncidentState)
    return Incident(
        id=f"{incident.node}#{incident.token}",
        element=incident.node,
        instance=row.instance,
        message=incident.message,
        type=incident.type,
        phase=incident.phase,
        at=datetime.fromtimestamp(incident.at, UTC),
    )


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
