"""Messages, signals, and what waits for people, over all instances of a store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mainspring import codec
from mainspring.case import LISTED_MAX, Incident, UserTask, incident_of, user_task_of
from mainspring.errors import SettingInvalidError
from mainspring.instance import Instance
from mainspring.kernel.records import Broadcast, Correlate
from mainspring.models.process.state import INCIDENT, TASK
from mainspring.starting import Starting


class Messaging(Starting):
    """What can be told to instances that are known by what they wait for."""

    def publish(
        self, message: str, data: Mapping[str, Any] | None = None, *, key: str = "", ttl_s: float = 0.0, id: str = ""
    ) -> Instance | None:
        """Give a message to the one instance that waits for it under this key, or let it begin one; returns that.

        With `ttl_s` it waits so long for somebody to want it (None is returned); with an `id` it is given once, however
        often it is published.  Raises `MessageUnwantedError` if nobody wants it and it is not to wait, and
        `MessageAmbiguousError` if several do; then nothing has changed.
        """
        if not 0 <= ttl_s < float("inf"):
            raise SettingInvalidError(f"ttl_s must be seconds from 0, not {ttl_s!r}")
        payload = codec.encode(dict(data or {}), f"data of message {message!r}")
        told: str | None = self.call(Correlate(message, key, payload, ttl_s, id)).result()
        return None if told is None else Instance(self, told, True, None)

    def signal(self, name: str, data: Mapping[str, Any] | None = None) -> int:
        """Give a signal to all instances that wait for it, and let it begin others; returns how many."""
        payload = codec.encode(dict(data or {}), f"data of signal {name!r}")
        return int(self.call(Broadcast(name, payload)).result())

    def user_tasks(
        self, *, assignee: str | None = None, user: str | None = None, group: str | None = None,
        element: str | None = None,
    ) -> list[UserTask]:  # fmt: skip
        """Open user tasks of all instances, oldest first.

        `assignee`: whose they are; `user`, `group`: who is a candidate; `element`: of what.
        """
        rows = self.reader.list_subscriptions(TASK, name=element, match=assignee, limit=LISTED_MAX)
        found = [user_task_of(row) for row in rows]
        return [
            task for task in found if (user is None or user in task.users) and (group is None or group in task.groups)
        ]

    def incidents(self, *, element: str | None = None) -> list[Incident]:
        """What has stopped in all instances, oldest first."""
        return [incident_of(row) for row in self.reader.list_subscriptions(INCIDENT, name=element, limit=LISTED_MAX)]
