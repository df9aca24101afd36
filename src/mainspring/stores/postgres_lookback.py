"""How far back PostgreSQL is asked for tasks that wait: to the beginning, unless that has become dear.

A row that is deleted stays in its index for as long as some session on the server may still see it.  While one is left
open (a backup, a report, a forgotten transaction), a look from the beginning walks over all that has been done since.
Then most looks begin where nothing has been waiting lately, and only now and then one begins at the beginning, for what
came late.  Decided here, purely; times are the server's (docs/adr/0701).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import inf
from typing import NamedTuple

from mainspring.kernel.store import Key, WaitingRow

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
    """How often looks begin at the beginning: all those of one turn do, or none."""

    def __init__(self) -> None:
        self._done_at, self.again_at = -inf, -inf
        self._walked = 0

    @property
    def is_cheap(self) -> bool:
        return self._walked <= DEAR

    def affords(self, now: float) -> bool:
        return not self._done_at < now < self.again_at  # a clock that is set back stops nobody

    def is_done(self, now: float) -> bool:
        return now == self._done_at

    def did(self, walked: int, now: float) -> None:
        self._walked = walked + self._walked * self.is_done(now)
        self._done_at = now
        self.again_at = now if self.is_cheap else now + min(self._walked * PAUSE_S, PAUSE_S_MAX)


class Lookback:
    """Of one capability: where its short looks begin, by priority.

    Invariant: before a place there is only what came more than `LATE_S` late, or was given back.  It is found by the
    next look from the beginning.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.places: dict[int, Place] = {0: BEGINNING}
        self._rows: Sequence[WaitingRow] = ()
        self._beyond: dict[int, Place] = {}
        """What was found in this turn, and what becomes of the places when all of that is taken."""
        self._is_owed = False
        """Whether something may have been passed over since the last look from the beginning."""

    # --- For what is ready ------------------------------------------------------------------------

    def is_short(self, now: float) -> bool:
        return not self.pace.affords(now) and len(self.places) <= LEVELS_MAX

    def seen(self, rows: Sequence[WaitingRow], limit: int, now: float, walked: int | None) -> None:
        """What a look found, most urgent first; walked: over how many entries, None: it was short."""
        self._is_owed = walked is None
        if walked is not None:
            self.pace.did(walked - len(rows), now)
        late = Place(now - LATE_S, 0)
        for row in rows:
            self.places.setdefault(row.priority, BEGINNING)
        if len(rows) < limit:
            found = dict.fromkeys(self.places, late)
        else:
            last = rows[-1]  # of what is less urgent nothing was looked at
            found = {priority: late for priority in self.places if priority > last.priority}
            found[last.priority] = min(late, Place(last.ready_at, last.instance))
        if rows:
            self._rows, self._beyond = rows, found
        else:
            self.places |= found

    def took(self, leased: Container[Key]) -> None:
        """Of what was found this is gone for good; the rest is to be found again."""
        for row in self._rows:
            if (row.instance, row.key) not in leased:
                here = Place(row.ready_at, row.instance)
                self._beyond[row.priority] = min(here, self._beyond[row.priority])
        self.places |= self._beyond
        self.undo()

    def undo(self) -> None:
        """Nothing of it is gone: the turn was rolled back."""
        self._rows, self._beyond = (), {}

    # --- For what will be -------------------------------------------------------------------------

    def is_next_short(self, now: float) -> bool:
        """The priorities are looked for together with a look from the beginning, never in the place of one."""
        return not (self.pace.is_cheap or self.pace.is_done(now))

    def next_at(self, at: float | None, now: float, walked: int | None) -> float | None:
        """When there is more: the time that was found, or that of the next look from the beginning, if one is owed."""
        if walked is None:
            self._is_owed = True
        else:
            self.pace.did(walked, now)
        if not self._is_owed or self.pace.affords(now):
            return at
        return self.pace.again_at if at is None else min(at, self.pace.again_at)
