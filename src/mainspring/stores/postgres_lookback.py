"""How far back PostgreSQL is asked for tasks that wait: to the beginning, unless that has become dear.

A row that is deleted stays in its index for as long as some session on the server may still see it.  While one is left
open (a backup, a report, a forgotten transaction), a look from the beginning walks over all that has been done since.
Then most looks begin where nothing has been waiting lately, and only now and then one begins at the beginning, for what
came late.  Decided here, purely; times are the server's (docs/adr/0701).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from mainspring.kernel.store import WaitingRow

DEAR = 5_000
"""Entries of the index, of rows that were not wanted; these are walked over in a millisecond."""
PAUSE_S, PAUSE_S_MAX = 2e-5, 10.0
"""For each of them, until a look from the beginning is afforded again: a hundred times as long as it took."""
LATE_S = 2.0
"""What becomes ready may be committed so much later, and is not overlooked."""
LEVELS_MAX = 50
"""Priorities that are looked through one by one; whoever has more of them pays for it."""


class Place(NamedTuple):
    """In the order of the tasks of one priority."""

    ready_at: float
    instance: int


BEGINNING = Place(-inf, 0)


class Pace:
    """How often something is done that may be dear."""

    def __init__(self) -> None:
        self._done_at, self._again_at = 0.0, 0.0
        self._is_owed = False
        """Whether it was left out since it was done last."""

    def affords(self, now: float) -> bool:
        return not self._done_at <= now < self._again_at  # a clock that is set back stops nobody

    def did(self, walked: int, now: float) -> None:
        self._done_at, self._is_owed = now, False
        self._again_at = now + min(walked * PAUSE_S, PAUSE_S_MAX) if walked > DEAR else 0.0

    def spare(self) -> None:
        """It is left out this time."""
        self._is_owed = True

    def again_at(self, now: float) -> float:
        """When what was left out can be made good; infinity: nothing was, or it can be now."""
        return self._again_at if self._is_owed and not self.affords(now) else inf


class Lookback:
    """Of one capability: where its looks begin, by priority, and when they begin at the beginning again.

    Invariant: before a place there is only what came more than `LATE_S` late, or was given back.  It is found by the
    next look from the beginning.
    """

    def __init__(self) -> None:
        self.places: dict[int, Place] = {0: BEGINNING}
        self.tasks, self.levels = Pace(), Pace()
        """Looks from the beginning for what is ready, and for priorities of what will be."""
        self._taken: dict[int, Place] = {}
        """What becomes of the places when the tasks that were found are taken."""

    def is_short(self, now: float) -> bool:
        return not self.tasks.affords(now) and len(self.places) <= LEVELS_MAX

    def seen(self, rows: Sequence[WaitingRow], limit: int, now: float) -> None:
        """What a look found, most urgent first."""
        late = Place(now - LATE_S, 0)
        self._learn(row.priority for row in rows)
        if len(rows) < limit:
            found = dict.fromkeys(self.places, late)
        else:
            last = rows[-1]  # of what is less urgent nothing was looked at
            found = {priority: late for priority in self.places if priority > last.priority}
            found[last.priority] = min(late, Place(last.ready_at, last.instance))
        if rows:
            self._taken = found
        else:
            self.places |= found

    def _learn(self, priorities: Iterable[int]) -> None:
        for priority in {*priorities} - self.places.keys():
            self.places[priority] = BEGINNING

    def keep(self, *, taken: bool) -> None:
        """What was found is taken for good; or not, and is to be found again."""
        if taken:
            self.places |= self._taken
        self._taken = {}
