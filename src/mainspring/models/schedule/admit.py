"""What becomes of an occurrence that falls due: started, left out, or kept waiting, as `overlap` has it."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.models.schedule.settings import QUEUE_MAX, Overlap
from mainspring.models.schedule.state import (
    Fired,
    Queued,
    ScheduleDecision,
    ScheduleState,
    Skipped,
    Stopped,
)


class Admission:
    """Keeps count of what runs and waits while several occurrences are decided upon together."""

    def __init__(self, state: ScheduleState, overlap: Overlap) -> None:
        self._overlap = overlap
        self._active = list(state.active)
        self._queue = [(run.key, run.occurrence) for run in state.queue]
        self._fired = 0

    @property
    def is_busy(self) -> bool:
        return bool(self._active or self._queue)

    @property
    def begun(self) -> int:
        """Started by now, or waiting to be."""
        return self._fired + len(self._queue)

    @property
    def is_full(self) -> bool:
        """Whether the next occurrence would be left out."""
        if not self._active or self._overlap in ("allow", "cancel", "terminate"):
            return False
        room = {"skip": 0, "queue_one": 1}.get(self._overlap, QUEUE_MAX)
        return len(self._queue) >= room

    def admit(self, key: str, occurrence: float, due_at: float | None) -> Iterator[ScheduleDecision]:
        """What is decided about one occurrence."""
        if self._overlap == "allow" or not self._active:
            yield self._fire(key, occurrence, due_at)
        elif self.is_full:
            yield Skipped(key, occurrence)
        elif self._overlap == "cancel":
            for waiting, its_occurrence in self._queue:
                yield Skipped(waiting, its_occurrence)
            if not self._queue:
                yield Stopped(tuple(self._active))
            self._queue = [(key, occurrence)]
            yield Queued(key, occurrence)
        elif self._overlap == "terminate":
            yield Stopped(tuple(self._active), is_forgotten=True)
            self._active = []
            yield self._fire(key, occurrence, due_at)
        else:
            self._queue.append((key, occurrence))
            yield Queued(key, occurrence)

    def _fire(self, key: str, occurrence: float, due_at: float | None) -> Fired:
        self._active.append(key)
        self._fired += 1
        return Fired(key, occurrence, due_at)
