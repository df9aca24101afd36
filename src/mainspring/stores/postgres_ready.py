"""What is ready, in the PostgreSQL store: due events, and tasks that wait, in the order of the queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from mainspring.kernel.store import EventRow, Key, WaitingRow
from mainspring.stores.postgres_forgetting import PostgresForgetting
from mainspring.stores.postgres_lookback import Lookback, Pace
from mainspring.stores.postgres_rows import columns, numbers
from mainspring.stores.sql import postgres_ready as sql


class PostgresReady(PostgresForgetting):
    """A part of `PostgresStore`."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self._lookbacks: defaultdict[int, Lookback] = defaultdict(partial(Lookback, Pace()))
        """By capability."""
        self._found: set[int] = set()
        """Capabilities of which tasks were found in this transaction."""
        self._leased: set[Key] = set()

    # --- The transaction ----------------------------------------------------------------------

    def commit(self) -> None:
        super().commit()
        for capability in self._found:
            self._lookbacks[capability].took(self._leased)
        self._forget_found()

    def rollback(self) -> None:
        super().rollback()
        for capability in self._found:
            self._lookbacks[capability].undo()
        self._forget_found()

    def _forget_found(self) -> None:
        if self._found or self._leased:
            self._found, self._leased = set(), set()

    # --- Events -------------------------------------------------------------------------------

    def due_events(self, now: float, limit: int, unhosted: Iterable[int]) -> list[EventRow]:
        return [EventRow(*row) for row in self._rows(sql.DUE_EVENTS, (now, numbers(unhosted), limit))]

    def next_event_at(self, unhosted: Iterable[int]) -> float | None:
        strangers = list(unhosted)
        rows = (
            self._rows(sql.NEXT_HOSTED_EVENT_AT, (numbers(strangers),)) if strangers else self._rows(sql.NEXT_EVENT_AT)
        )
        return rows[0][0] if rows else None

    # --- Tasks --------------------------------------------------------------------------------

    def waiting(
        self, capability: int, now: float, limit: int, *, group: str | None = None, each: bool = False
    ) -> list[WaitingRow]:
        values = {"capability": capability, "now": now, "limit": limit, "group": group}
        if group is None and not each:
            return self._next_in_line(values, capability, now, limit)
        statement = sql.WAITING_EACH if group is None else sql.WAITING_EACH_OF_GROUP if each else sql.WAITING_OF_GROUP
        return sorted((WaitingRow(*row) for row in self._rows(statement, values)), key=_urgency)

    def _next_in_line(self, values: dict[str, Any], capability: int, now: float, limit: int) -> list[WaitingRow]:
        lookback = self._lookbacks[capability]
        is_short = lookback.is_short(now)
        if is_short:
            starts = [(priority, *place) for priority, place in sorted(lookback.places.items(), reverse=True)]
            values |= zip(("priorities", "since", "instances"), columns(starts, "nnn"), strict=True)
        first, *found, last = self._rows(sql.WAITING_SINCE if is_short else sql.WAITING, values)
        rows = sorted((WaitingRow(*row) for row in found), key=_urgency)
        lookback.seen(rows, limit, now, None if is_short else last[2] - first[2])
        if rows:
            self._found.add(capability)
        return rows

    def lease(self, keys: Sequence[Key], owner: int, now: float) -> None:
        if keys:
            self._has_news = True
            self._write(sql.LEASE, (owner, now, *columns(keys, "nt")))
            self._leased.update(keys)

    def waiting_groups(self, capability: int, after: str | None, limit: int) -> list[str]:
        statement = sql.FIRST_GROUPS if after is None else sql.NEXT_GROUPS
        values = {"capability": capability, "after": after or "", "limit": limit}
        return [name for (name,) in self._rows(statement, values)]

    def next_task_at(self, capability: int, now: float) -> float | None:
        """Or when tasks may be found that an earlier look has passed over."""
        lookback = self._lookbacks[capability]
        is_short = lookback.is_next_short(now)
        values = {"capability": capability, "now": now, "priorities": numbers(lookback.places)}
        first, (at, _), last = self._rows(sql.NEXT_TASK_AT_OF if is_short else sql.NEXT_TASK_AT, values)
        return lookback.next_at(at, now, None if is_short else last[1] - first[1])


def _urgency(row: WaitingRow) -> tuple[int, float, int, str]:
    return -row.priority, row.ready_at, row.instance, row.key
