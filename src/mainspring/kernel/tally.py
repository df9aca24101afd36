"""What a process has done since it last said so: counts and times of attempts, by capability.

They are written with the renewal of the lease, and at the end; a process that is killed takes the last seconds with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct, field

from mainspring.kernel.census import Census, TimesRow
from mainspring.models.contract import TaskCompleted, TaskFailed
from mainspring.sketch import Sketch

Settled = tuple[int, TaskCompleted | TaskFailed]
"""(capability, how an attempt ended)"""

_encode = msgspec.json.Encoder().encode
_sketch = msgspec.json.Decoder(Sketch).decode


class Times(Struct):
    """Of attempts of one capability."""

    completed: int = 0
    failed: int = 0
    waiting: Sketch = field(default_factory=Sketch)
    running: Sketch = field(default_factory=Sketch)

    def take(self, events: Sequence[TaskCompleted | TaskFailed]) -> None:
        completed = completed_count(events)
        self.completed += completed
        self.failed += len(events) - completed
        self.waiting.add(*[event.started_at - event.ready_at for event in events if event.ready_at])
        self.running.add(*[event.finished_at - event.started_at for event in events])

    def merge(self, other: Times) -> None:
        self.completed += other.completed
        self.failed += other.failed
        self.waiting.merge(other.waiting)
        self.running.merge(other.running)


class Tally:
    """Taken from turns that are durable, written in one that is about to be."""

    def __init__(self) -> None:
        self.completed = 0
        """Attempts of this process that ended well."""
        self.failed = 0
        self._times: dict[int, Times] = {}

    def take(self, settled: Sequence[Settled], *, is_written: bool) -> None:
        """A turn is durable in which these ended; `is_written`: and in which they were written, with all before."""
        completed = completed_count([event for _, event in settled])
        self.completed += completed
        self.failed += len(settled) - completed
        if is_written:
            self._times = {}
        else:
            _gather(self._times, settled)

    def write(self, store: Census, settled: Sequence[Settled]) -> bool:
        """Add what was gathered, and what ends in this very turn; False: there is nothing."""
        fresh: dict[int, Times] = {}
        _gather(fresh, settled)
        capabilities = sorted({*fresh, *self._times})
        if not capabilities:
            return False
        found = {row.capability: times_of(row) for row in store.lock_times(capabilities)}
        rows = []
        for capability in capabilities:
            total = found.get(capability) or Times()
            for part in (self._times.get(capability), fresh.get(capability)):
                if part is not None:
                    total.merge(part)
            rows.append(_row_of(capability, total))
        store.put_times(rows)
        return True


def completed_count(events: Sequence[TaskCompleted | TaskFailed]) -> int:
    """How many of these ends are good ones."""
    return sum([type(event) is TaskCompleted for event in events])


def _gather(times: dict[int, Times], settled: Iterable[Settled]) -> None:
    """Add ends to the times of their capabilities."""
    events: dict[int, list[TaskCompleted | TaskFailed]] = {}
    for capability, event in settled:
        events.setdefault(capability, []).append(event)
    for capability, mine in events.items():
        times.setdefault(capability, Times()).take(mine)


def times_of(row: TimesRow) -> Times:
    return Times(row.completed, row.failed, _sketch(row.waiting), _sketch(row.running))


def _row_of(capability: int, times: Times) -> TimesRow:
    texts = (_encode(times.waiting).decode(), _encode(times.running).decode())
    return TimesRow(capability, times.completed, times.failed, *texts)
