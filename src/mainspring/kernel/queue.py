"""Queues: limits, rates, pauses and turns of a named line of tasks; what they let through is decided here, purely.

A queue of which nothing was said is plain: its tasks are placed without a look at it.  The tasks of a managed one are
only ever claimed, with its row locked and its live leases counted, so its limits hold however many claim at once.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat

import msgspec
from msgspec import Struct

from mainspring.clock import SET_BACK_S
from mainspring.errors import SettingInvalidError
from mainspring.kernel.store import QueueRow, Store, WaitingRow

GROUPS_MAX = 500
"""Groups looked at in one claim; the next claim goes on where it stopped."""
PAGE = 50
"""Groups read at a time."""
LIMIT_MAX = 1_000_000_000
ROUNDING_S = 1e-6
"""A clock counts no finer; a token that lacks less than what this brings is there."""


class QueueSettings(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was said of a queue."""

    paused: bool = False
    reason: str = ""
    """Why it is paused."""
    concurrency: int | None = None
    """Attempts at once, of all workers together."""
    group_concurrency: int | None = None
    """Attempts at once of one group."""
    rate_per_s: float | None = None
    """Attempts begun in a second, on average."""
    burst: int | None = None
    """Attempts that may begin at once after a quiet time; default: those of one second, at least one."""
    ageing_s: float | None = None
    """A wait of so many seconds counts as one point of priority."""
    fair: bool = False
    """Groups take turns, whatever the number of their tasks."""
    weights: dict[str, int] = {}
    """Tasks of a group in one of its turns; 1 where nothing is said."""

    @property
    def is_plain(self) -> bool:
        return self == PLAIN

    @property
    def takes_turns(self) -> bool:
        """A group at its own limit must not be in the way of others, so a limit for each group serves them in turn."""
        return self.fair or self.group_concurrency is not None

    @property
    def burst_count(self) -> int:
        return self.burst or max(1, math.ceil(self.rate_per_s or 0))

    def problems(self) -> Iterator[str]:
        """What makes no sense of it."""
        for field in ("concurrency", "group_concurrency", "burst"):
            value = getattr(self, field)
            if value is not None and not 1 <= value <= LIMIT_MAX:
                yield f"{field} must be a whole number from 1, not {value}"
        for field in ("rate_per_s", "ageing_s"):
            value = getattr(self, field)
            if value is not None and not 0 < value <= LIMIT_MAX:
                yield f"{field} must be a number above 0, not {value}"
        if self.burst is not None and self.rate_per_s is None:
            yield "burst says nothing without rate_per_s"
        if self.reason and not self.paused:
            yield "a reason says nothing of a queue that is not paused"
        for group, weight in self.weights.items():
            if not 1 <= weight <= LIMIT_MAX:
                yield f"the weight of group {group!r} must be a whole number from 1, not {weight}"
        if self.weights and not self.takes_turns:
            yield "weights say nothing where groups take no turns: set fair as well"


PLAIN = QueueSettings()
_decode = msgspec.json.Decoder(QueueSettings).decode


def settings_of(row: QueueRow) -> QueueSettings:
    return _decode(row.settings)


class Candidate(Struct, frozen=True, gc=False):
    """A task that may be leased next, and the state of the queue once it is."""

    row: WaitingRow
    cursor: str = ""
    served: int = 0


class Queue:
    """A managed queue in one claim: its row is locked, so what it says is so."""

    def __init__(self, row: QueueRow, running: Mapping[str, int], now: float) -> None:
        self.row = row
        self.settings = settings_of(row)
        self.running = dict(running)
        self.now = now
        self.tokens = tokens_at(row, self.settings, now)
        self.waits = False
        """Whether tasks may be left that its limits keep back; known once its candidates are."""

    @property
    def room(self) -> int:
        """How many more may begin now."""
        settings, room = self.settings, LIMIT_MAX
        if settings.paused:
            return 0
        if settings.concurrency is not None:
            room = settings.concurrency - sum(self.running.values())
        if settings.rate_per_s is not None:
            room = min(room, math.floor(self.tokens + ROUNDING_S * settings.rate_per_s))
        return max(0, room)

    @property
    def token_at(self) -> float:
        """When a token is there again, if that is what is missing; infinity: it is not."""
        rate = self.settings.rate_per_s
        if rate is None or self.settings.paused or self.tokens >= 1:
            return math.inf
        return self.now + (1 - self.tokens) / rate

    def candidates(self, store: Store, capabilities: Sequence[int], limit: int) -> Iterator[Candidate]:
        """Its tasks in the order in which they are to begin, at most as many as may."""
        limit = min(limit, self.room)
        if limit <= 0:
            self.waits = True
            return
        found = self._in_turn if self.settings.takes_turns else self._in_order
        for count, candidate in enumerate(found(store, capabilities, limit), start=1):
            yield candidate
            if count == limit:
                self.waits = True
                return

    def taken(self, candidates: Sequence[Candidate]) -> QueueRow:
        """Its row, once these have begun."""
        last, row = candidates[-1], self.row
        tokens = self.tokens - len(candidates) if self.settings.rate_per_s is not None else 0.0
        self.tokens = tokens
        # Never earlier than it was: whoever comes next may read the clock a little ahead, and bring that time twice.
        filled_at = self.now if _was_set_back(row, self.now) else max(row.filled_at, self.now)
        return QueueRow(row.id, row.name, row.settings, tokens, filled_at, last.cursor, last.served)

    # --- One order ----------------------------------------------------------------------------

    def _in_order(self, store: Store, capabilities: Sequence[int], limit: int) -> Iterator[Candidate]:
        row = self.row
        return (Candidate(one, row.cursor, row.served) for one in self._urgent(store, capabilities, limit, group=None))

    def _urgent(self, store: Store, capabilities: Sequence[int], limit: int, *, group: str | None) -> list[WaitingRow]:
        """The most urgent tasks of all, or of one group; who has waited long is more urgent than he was."""
        ageing_s, now = self.settings.ageing_s, self.now
        found = [
            row
            for capability in capabilities
            for row in store.waiting(capability, now, limit, group=group, each=ageing_s is not None)
        ]
        found.sort(key=lambda row: (-urgency(row, ageing_s, now), row.ready_at, row.instance, row.key))
        return found[:limit]

    # --- Turns --------------------------------------------------------------------------------

    def _in_turn(self, store: Store, capabilities: Sequence[int], limit: int) -> Iterator[Candidate]:
        """Round after round, each group so many tasks as it weighs (deficit round robin; every task costs one)."""
        lines = {group: Line(self, store, capabilities, group, limit) for group in self._groups(store, capabilities)}
        for group, served in self._visits(lines):
            line = lines.get(group)
            if line is None:
                continue
            while served < self._weight(group) and (row := line.take()) is not None:
                served += 1
                yield Candidate(row, group, served)
            if line.is_empty:
                del lines[group]

    def _visits(self, lines: Mapping[str, Line]) -> Iterator[tuple[str, int]]:
        """Whose turn it is, and how much of it was had before: first that which the last claim interrupted."""
        if self.row.served:
            yield self.row.cursor, self.row.served
        while lines:
            for group in list(lines):
                yield group, 0

    def _groups(self, store: Store, capabilities: Sequence[int]) -> list[str]:
        """The groups in the order of their turns, without those that are at their limit."""
        cursor = self.row.cursor
        found = dict.fromkeys(
            islice(
                chain(groups_after(store, capabilities, cursor), groups_after(store, capabilities, None)), GROUPS_MAX
            )
        )
        open_groups = [group for group in found if self.room_of(group)]
        self.waits = len(open_groups) < len(found) or len(found) == GROUPS_MAX
        return open_groups

    def room_of(self, group: str) -> int:
        """How many more of a group may begin now."""
        most = self.settings.group_concurrency
        return LIMIT_MAX if most is None else max(0, most - self.running.get(group, 0))

    def _weight(self, group: str) -> int:
        return self.settings.weights.get(group, 1)


class Line:
    """The tasks of one group in one claim, read as they are needed."""

    def __init__(self, queue: Queue, store: Store, capabilities: Sequence[int], group: str, limit: int) -> None:
        self._left = min(limit, queue.room_of(group))
        self._queue, self._store, self._capabilities, self._group = queue, store, capabilities, group
        self._rows: list[WaitingRow] = []
        self._taken = 0
        self.is_empty = False

    def take(self) -> WaitingRow | None:
        """The next one; None: there is none, or the group is at its limit."""
        if self._taken == len(self._rows):
            self._read()
        if self._taken == len(self._rows):
            self.is_empty = True
            return None
        self._taken += 1
        if self._taken == self._left:
            self.is_empty = self._queue.waits = True
        return self._rows[self._taken - 1]

    def _read(self) -> None:
        """Twice as many as before, so that long lines are read in few steps and short ones cost little."""
        wanted = min(self._left, max(2, 2 * len(self._rows)))
        if wanted > len(self._rows):
            self._rows = self._queue._urgent(self._store, self._capabilities, wanted, group=self._group)  # noqa: SLF001


def groups_after(store: Store, capabilities: Sequence[int], after: str | None) -> Iterator[str]:
    """All groups that have tasks which wait, in order, behind the one given."""
    while True:
        pages = [store.waiting_groups(capability, after, PAGE) for capability in capabilities]
        found = sorted({group for page in pages for group in page})[:PAGE]
        if not found:
            return
        yield from found
        after = found[-1]


def with_settings(row: QueueRow, settings: QueueSettings, now: float, *, id: int) -> QueueRow:
    """The row of a queue of which something else is said now; a rate that is new begins with its burst."""
    before = settings_of(row)
    tokens = float(settings.burst_count) if before.rate_per_s is None else tokens_at(row, before, now)
    text = msgspec.json.encode(settings).decode()
    return QueueRow(id, row.name, text, min(tokens, settings.burst_count), now, row.cursor, row.served)


def tokens_at(row: QueueRow, settings: QueueSettings, now: float) -> float:
    """How many attempts may begin (token bucket): as many as the time since has brought, up to the burst."""
    if settings.rate_per_s is None:
        return 0.0
    if _was_set_back(row, now):
        return max(1.0, row.tokens)  # how long ago it was filled nobody knows; with the next one the count begins anew
    brought = max(0.0, now - row.filled_at) * settings.rate_per_s
    return min(float(settings.burst_count), row.tokens + brought)


def _was_set_back(row: QueueRow, now: float) -> bool:
    """Whether the clock was, since the queue was filled."""
    return row.filled_at - now > SET_BACK_S


def urgency(row: WaitingRow, ageing_s: float | None, now: float) -> float:
    """The priority, and what the wait adds to it."""
    return row.priority if ageing_s is None else row.priority + (now - row.ready_at) // ageing_s


def changed(row: QueueRow, change: Mapping[str, object]) -> QueueSettings:
    """Settings with some of them changed; raises `SettingInvalidError` with all that makes no sense."""
    try:
        settings = msgspec.convert({**msgspec.structs.asdict(settings_of(row)), **change}, QueueSettings)
    except msgspec.ValidationError as error:
        raise SettingInvalidError(f"queue {row.name!r}: {error}") from None
    problems = list(settings.problems())
    if problems:
        raise SettingInvalidError(f"queue {row.name!r}: {'; '.join(problems)}")
    return settings


def merged(lines: Sequence[Iterable[Candidate]]) -> Iterator[tuple[int, Candidate]]:
    """The candidates of several lines by urgency, each line's own order kept; with the line of each."""
    numbered = (zip(repeat(place), line, strict=False) for place, line in enumerate(lines))
    return heapq.merge(*numbered, key=lambda pair: _head(pair[1].row))


def _head(row: WaitingRow) -> tuple[float, float, int, str]:
    return (-row.priority, row.ready_at, row.instance, row.key)
