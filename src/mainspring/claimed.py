"""Tasks that are carried out by hand: claimed from an engine, and settled by whoever claimed them."""

from __future__ import annotations

from typing import Any

import msgspec

from mainspring import codec
from mainspring.clock import Clock
from mainspring.codec import PAYLOAD_BYTES_MAX
from mainspring.handler_context import checked_fraction
from mainspring.kernel.records import Attempt, Progress, Release, Settle
from mainspring.models.contract import Failure, TaskCompleted, TaskFailed
from mainspring.runtime.failure import failure_of
from mainspring.runtime.pump import Pump

__all__ = ["Claimed"]


class Claimed:
    """One attempt, leased until it is settled, released, or the engine that it was claimed from ends.

        for attempt in engine.claim("resize", limit=4, worker="camera-7"):
            try:
                attempt.complete(resize(**attempt.arguments))
            except OSError as error:
                attempt.fail(error)

    Its `timeout_s` and `memory_max_mb` are for the one who carries it out to keep.
    """

    def __init__(self, attempt: Attempt, pump: Pump, *, worker: str, clock: Clock) -> None:
        self._attempt, self._pump, self._clock = attempt, pump, clock
        self.worker = worker
        self.started_at = clock.now()
        """Seconds since 1970."""

    def __repr__(self) -> str:
        return f"<attempt {self.attempt} of {self.key} in {self.instance}>"

    @property
    def instance(self) -> str:
        """The id of its instance."""
        return self._attempt.public_id

    @property
    def key(self) -> str:
        return self._attempt.key

    @property
    def handler(self) -> str:
        return self._attempt.handler

    @property
    def attempt(self) -> int:
        """Numbered from 1."""
        return self._attempt.attempt

    @property
    def timeout_s(self) -> float | None:
        return self._attempt.timeout_s

    @property
    def memory_max_mb(self) -> float | None:
        return self._attempt.memory_max_mb

    @property
    def arguments(self) -> dict[str, Any]:
        """By name; variadic ones under `*`."""
        return dict(msgspec.json.decode(self._attempt.payload))

    # --- Settling -----------------------------------------------------------------------------
    # Each is durable when it returns, and raises `LeaseLostError` where the attempt does not count any more.

    def complete(self, output: Any = None) -> None:
        """Report what it returned; raises `PayloadInvalidError` for what is no JSON, or too large."""
        told = msgspec.Raw(codec.encode(output, f"output of {self.handler!r}", PAYLOAD_BYTES_MAX))
        mine, now = self._attempt, self._clock.now()
        self._settle(TaskCompleted(mine.key, mine.attempt, self.started_at, now, told, self.worker, mine.ready_at))

    def fail(self, error: BaseException | str) -> None:
        """Report that it failed, and why; its retries apply."""
        failure = Failure("Failure", error) if isinstance(error, str) else failure_of(error)
        mine = self._attempt
        self._settle(
            TaskFailed(mine.key, mine.attempt, self.started_at, self._clock.now(), failure, self.worker, mine.ready_at)
        )

    def release(self) -> None:
        """Give it back, uncounted."""
        self._pump.call(Release(self._attempt)).result()

    def report_progress(self, fraction: float) -> None:
        """How far it has come, from 0 to 1; nobody waits for it to be durable."""
        self._pump.put([Progress(self._attempt, checked_fraction(fraction))])

    def _settle(self, event: TaskCompleted | TaskFailed) -> None:
        self._pump.call(Settle(self._attempt, event)).result()
