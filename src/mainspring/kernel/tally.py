"""What a process has done since it last said so: counts and times of attempts, by capability.

They are written with the renewal of the lease, and at the end; a process that is killed takes the last seconds with it.
"""

from __future__ import annotations

from collections.abc import Iterable

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

    def take(self, event: TaskCompleted | TaskFailed) -> None:
        if isinstance(event, TaskCompleted):
            self.completed += 1
        else:
            self.failed += 1
        if event.ready_at:
            self.waiting.add(event.started_at - event.ready_at)
        self.running.add(event.finished_at - event.started_at)

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

    def take(self, settled: Iterable[Settled], *, is_written: bool) -> None:
        """A turn is durable in which these ended; `is_written`: and in which they were written, with all before."""
        if is_written:
            self._times = {}
        for capability, event in settled:
            if isinstance(event, TaskCompleted):
                self.completed += 1
            else:
                self.failed += 1
            if not is_written:
                self._times.setdefault(capability, Times()).take(event)

    def write(self, store: Census, settled: Iterable[Settled]) -> bool:
        """Add what was gathered, and what ends in this very turn; False: there is nothing."""
        fresh: dict[int, Times] = {}
        for capability, event in settled:
            fresh.setdefault(capability, Times()).take(event)
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


def times_of(row: TimesRow) -> Times:
    return Times(row.completed, row.failed, _sketch(row.waiting), _sketch(row.running))


def _row_of(capability: int, times: Times) -> TimesRow:
    texts = (_encode(times.waiting).decode(), _encode(times.running).decode())
    return TimesRow(capability, times.completed, times.failed, *texts)
