"""Definitions that were deployed, as users hold them: their versions, and whether instances of them begin."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from mainspring.case import Host
from mainspring.errors import RefusedError
from mainspring.history import end_fold
from mainspring.kernel.gate import deployment_id
from mainspring.kernel.lifecycle import CREATED, PAUSED, RUNNING
from mainspring.kernel.reader import PAGE_MAX, Filter
from mainspring.kernel.records import Start, StartEntry
from mainspring.models.contract import PauseRequested, ResumeRequested
from mainspring.models.deployment.model import DEFINITION, DeploymentState, News


@dataclass(frozen=True, slots=True)
class DeploymentInfo:
    """A definition at one moment."""

    name: str
    model: str
    version: int
    """The newest."""
    status: str
    """`running` or `paused`."""
    reason: str
    """Why it is paused."""
    by: str
    """Who has paused it."""
    paused_at: datetime | None
    paused_count: int
    """Of its instances, in whatever version, that are paused, whoever paused them."""
    schedules: tuple[str, ...]
    """By which it begins: those of its timer start events."""


class Deployment:
    """A definition in all its versions.

        claims = engine.deployment("claim")
        claims.pause("the register is down", instances=True)
        claims.resume(instances=True)

    While it is paused no instance begins: a start is refused, messages that would begin one wait as long as their
    sender has said, signals begin none, and its own timers rest.
    """

    def __init__(self, engine: Host, model: str, name: str) -> None:
        self._engine = engine
        self.model = model
        self.name = name
        self.id = deployment_id(model, name)
        """Of the instance that looks after it, once there is one: its journal tells who paused it, and when."""

    def __repr__(self) -> str:
        return f"<deployment of {self.model} {self.name}>"

    def info(self) -> DeploymentInfo:
        row = self._engine.reader.find_definition(self.name, model=self.model)
        view = self._engine.reader.find_instance(self.id)
        state = DeploymentState() if view is None else end_fold(self._engine.reader, view).state
        chosen = Filter(status=(PAUSED,), definition=self.name, model=self.model, children=True)
        return DeploymentInfo(
            name=self.name,
            model=self.model,
            version=0 if row is None else row.version,
            status=PAUSED if view is not None and view.status == PAUSED else RUNNING,
            reason=state.reason,
            by=state.by,
            paused_at=None if state.paused_at is None else datetime.fromtimestamp(state.paused_at, UTC),
            paused_count=self._engine.reader.count_instances(chosen).get(PAUSED, 0),
            schedules=tuple(f"{self.name}/{key}" for key in state.timers),
        )

    @property
    def status(self) -> str:
        """`running` or `paused`."""
        view = self._engine.reader.find_instance(self.id)
        return PAUSED if view is not None and view.status == PAUSED else RUNNING

    def pause(self, reason: str = "", *, instances: bool = False, by: str = "") -> int:
        """Begin no instance any more; `instances`: and pause those that run.  Returns how many were paused."""
        news = msgspec.json.encode(News(self.model, self.name))
        self._engine.call(Start(DEFINITION, [StartEntry(news, self.id)])).result()
        self._engine.tell(self.id, PauseRequested(reason, by))
        return self._tell_all((CREATED, RUNNING), PauseRequested(reason, by)) if instances else 0

    def resume(self, *, instances: bool = False) -> int:
        """Let instances begin again, first by the messages that have waited; `instances`: and let those go on that are
        paused, whoever paused them.  Returns how many were resumed."""
        if self._engine.reader.find_instance(self.id) is not None:
            self._engine.tell(self.id, ResumeRequested())
        return self._tell_all((PAUSED,), ResumeRequested()) if instances else 0

    def _tell_all(self, statuses: tuple[str, ...], event: PauseRequested | ResumeRequested) -> int:
        told, before = 0, None
        chosen = Filter(status=statuses, definition=self.name, model=self.model, children=True)
        while rows := self._engine.reader.list_instances(chosen, before=before, limit=PAGE_MAX):
            for row in rows:
                with contextlib.suppress(RefusedError):  # it has ended meanwhile
                    self._engine.tell(row.public_id, event)
                    told += 1
            before = rows[-1].number
        return told
