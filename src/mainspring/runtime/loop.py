"""The executor of `async def` handlers: an event loop of its own in one thread.

An attempt that waits is an asyncio task; those that end at once share one (`Carrier`).  A batch enters with one call
into the loop, and the outcomes of one pass of the loop leave with one report.  The watchdog, which lives elsewhere,
sees to it that a handler which swallows its cancellation or blocks the loop is settled all the same; a loop that stays
blocked is replaced.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from typing import Any

from mainspring.handler_context import current
from mainspring.kernel.records import Attempt
from mainspring.runtime.carrier import Carrier, Step
from mainspring.runtime.failure import where_is, where_waits
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.runs import CANCELLED, STOPPED, TIMED_OUT, Line, Run, Runs, too_late
from mainspring.runtime.watchdog import Alarm

YIELD_GRACE_S = 1.0
"""How long a cancelled handler may take to clean up before it is settled without waiting for it."""

BEAT_S = 0.5
"""While handlers run, their loop says so often that it is alive."""

BLOCKED_S = 1.0
"""A loop without a sign of life for so long is held by a handler; that is worth a warning."""

JOIN_S_MAX = 0.5
"""For the loop's thread to end; it does at once, unless a handler blocks it."""

PASS_COUNT_MAX = 1_000
"""Attempts that begin in one pass of the loop, so that it sees to its clocks and connections in between."""

CARRIERS_MAX = 256
"""That begin in one pass; each costs nothing unless its attempt waits."""

REPLACED_COUNT_MAX = 8
"""Blocked loops that are replaced; more would hide a fault rather than mend it."""

logger = logging.getLogger("mainspring.worker")


class LoopExecutor:
    """Runs attempts on an event loop."""

    def __init__(self, handlers: Handlers, runs: Runs) -> None:
        self.runs = runs
        self.replaced = 0
        """Loops that were given up because a handler did not let go of them."""
        self.handlers = handlers
        self.queue = Line()
        self._warned: set[str] = set()
        self._numbers = itertools.count(1)
        self._stopping = False
        self._lane: Lane | None = None
        self._lock = threading.Lock()

    def submit(self, attempts: list[Attempt]) -> None:
        lane = self._lane
        if lane is None:
            with self._lock:
                lane = self._lane = self._lane or self._open()
        self.queue.extend(attempts)
        lane.post(lane.begin)
        successor = self._lane
        if successor is not None and successor is not lane:  # replaced in this moment, it begins nothing any more
            successor.post(successor.begin)

    def cancel(self, instance: int, key: str) -> None:
        """Take waiting attempts back; cancel running ones."""
        self.runs.release(self.queue.withdraw(instance, key))
        for run in self.runs.find(instance, key):
            self._tell(run, CANCELLED)

    def release(self) -> None:
        """Give back what never began."""
        self.runs.release(self.queue.withdraw())

    def interrupt(self) -> None:
        """Cancel all that run."""
        for run in tuple(self.runs.live):
            self._tell(run, STOPPED)

    def stop(self) -> None:
        """End the loop; what still runs on it is given up."""
        self._stopping = True
        lane = self._lane
        if lane is not None:
            lane.post(lane.loop.stop)
            if lane.thread is not threading.current_thread():
                lane.thread.join(JOIN_S_MAX)

    # --- Loops --------------------------------------------------------------------------------

    def _open(self) -> Lane:
        lane = Lane(self, f"mainspring-loop-{next(self._numbers)}")
        try:
            lane.thread.start()
        except RuntimeError:  # the system has no more threads
            lane.loop.close()
            raise
        return lane

    def _replace(self, lane: Lane) -> None:
        """Leave a blocked loop to its handler and go on with another; what had not begun on it begins there."""
        with self._lock:
            if self._lane is not lane or self._stopping or self.replaced == REPLACED_COUNT_MAX:
                return
            self.replaced += 1
            self._lane = self._open()
            lane.given_up = True
        logger.error("the event loop is blocked and was replaced; handlers on the old one go on if it comes free")
        self.submit([])

    # --- Telling runs to end ------------------------------------------------------------------

    def _tell(self, run: Run, verdict: str) -> None:
        """Set the verdict and cancel the task, on its own loop."""
        run.cancel()
        run.lane.post(self._tell_here, run, verdict)

    def _tell_here(self, run: Run, verdict: str) -> None:
        run.verdict = run.verdict or verdict
        if run in self.runs.live:
            run.carrier.cancel()

    def expire(self, run: Run) -> None:
        """Time is up; called by the watchdog."""
        run.alarm = self.runs.watchdog.set(YIELD_GRACE_S, self._give_up, run)
        self._tell(run, TIMED_OUT)

    def _give_up(self, run: Run) -> None:
        """It was told to end and has not; settle it all the same."""
        lane: Lane = run.lane
        heard = run.verdict == TIMED_OUT
        holder = lane.holder()  # asked while the run can still be found
        if not self.runs.claim(run):
            return
        if heard:
            why = " and did not yield: it goes on although it was cancelled"
            trace = where_waits(run.carrier.coroutine)
        else:
            who = "it" if holder is run else f"handler {holder.handler}" if holder else "something"
            why = f" and did not yield: {who} holds the event loop; `await`, or use `def` to run in a thread"
            trace = where_is(lane.thread.ident)
        run.verdict = TIMED_OUT
        logger.warning("handler %s took longer than %g s%s", run.handler, run.record.timeout_s, why)
        self.runs.report([self.runs.failed(run, too_late(run, why), trace)])
        if not heard:
            self._replace(lane)

    # --- Blocked loops ------------------------------------------------------------------------

    def look(self, watch: tuple[Lane, int]) -> None:
        """Whether a loop has given a sign of life since the watch was set; called by the watchdog."""
        lane, sign = watch
        if lane.signs != sign or lane.given_up:
            return
        holder = lane.holder()
        if holder is not None and holder.handler not in self._warned:
            self._warned.add(holder.handler)
            logger.warning(
                "handler %s holds the event loop for more than %g s, so no other can go on; "
                "`await`, or use `def` to run in a thread\n%s",
                holder.handler,
                BLOCKED_S,
                where_is(lane.thread.ident),
            )


class Lane:
    """One event loop and its thread."""

    def __init__(self, executor: LoopExecutor, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self.given_up = False
        self.signs = 0
        """Signs of life so far."""
        self._present: Run | None = None
        """Whose first step is under way."""
        self._coming = 0
        """Carriers that have not begun."""
        self._wanted = 1
        """Carriers to begin with next: more where attempts were seen to wait."""
        self._beating = False
        self._watch: Alarm | None = None
        self._executor = executor
        self._outbox: list[Any] = []

    def post(self, action: Any, *arguments: Any) -> None:
        """Call something on the loop, from any thread."""
        try:
            self.loop.call_soon_threadsafe(action, *arguments)
        except RuntimeError:  # the loop was closed: what ran on it is given up
            logger.debug("a message came after the loop's end")

    def holder(self) -> Run | None:
        """The run whose handler has the loop in this moment."""
        present, task = self._present, asyncio.current_task(self.loop)
        return present or next((run for run in tuple(self._executor.runs.live) if run.carrier is task), None)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            try:
                self.loop.run_forever()
                break
            except BaseException:  # a task of a handler's own raised SystemExit or KeyboardInterrupt
                logger.exception("something that a handler had started tried to end the event loop")
        self._flush()
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - given up on purpose
        self.loop.close()

    # --- On the loop --------------------------------------------------------------------------

    def begin(self) -> None:
        """Have carriers begin what waits, unless some are about to."""
        if self._coming or self.given_up:
            return
        self._coming = min(self._wanted, len(self._executor.queue))
        for _ in range(self._coming):
            Carrier(self.loop, self._begin)

    def _begin(self, carrier: Carrier) -> Step | None:
        """Begin attempts until one waits."""
        self._coming -= 1
        waiting = self._first_steps(carrier)
        self._wanted = 1 if waiting is None else min(2 * self._wanted, CARRIERS_MAX)
        if self._executor.queue:
            self.begin()
        return waiting

    def _first_steps(self, carrier: Carrier) -> Step | None:
        executor = self._executor
        queue, runs = executor.queue, executor.runs
        make, get, add = runs.make, executor.handlers.get, runs.live.add
        before = carrier.trace()
        for _ in range(PASS_COUNT_MAX):
            if self.given_up or not queue:
                return None
            try:
                attempt = queue.popleft()
            except IndexError:  # it was taken back in this moment
                return None
            self._present = run = make(attempt, get(attempt.handler))
            run.lane = self
            add(run)
            waiting = carrier.step(self._attempt(run))
            self._present = None
            if waiting is not None:
                run.carrier = carrier
                carrier.set_name(attempt.handler)
                return waiting
            if carrier.trace() != before:
                return None
        return None

    async def _attempt(self, run: Run) -> None:
        """One attempt, from payload to outcome."""
        executor = self._executor
        runs, record, target = executor.runs, run.record, run.target
        if not self._beating:
            self._beat()
        run.started_at = runs.now()
        current.set(run)
        runs.limit(run, executor.expire)
        try:
            args, kwargs = target.decode(record.payload, run)
            result = await target.function(*args, **kwargs)
            outcome: Any = runs.returned(run, target.encode(result, runs.bytes_max))
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its failure, not ours
            outcome = runs.ended(run, error)
        if run.alarm is not None:
            executor.runs.watchdog.silence(run.alarm)
        if runs.claim(run):
            if not self._outbox:
                self.loop.call_soon(self._flush)
            self._outbox.append(outcome)

    def _flush(self) -> None:
        """Report what ended in the last pass of the loop."""
        outbox, self._outbox = self._outbox, []
        if outbox:
            self._executor.runs.report(outbox)

    # --- Signs of life ------------------------------------------------------------------------

    def _beat(self) -> None:
        """Say that the loop is alive, and have the watchdog look for the next sign."""
        self._beating = True
        self.signs += 1
        self._watch = self._executor.runs.watchdog.set(BLOCKED_S, self._executor.look, (self, self.signs))
        self.loop.call_later(BEAT_S, self._beat_on)

    def _beat_on(self) -> None:
        """Again, for as long as anything runs."""
        runs = self._executor.runs
        if self._watch is not None:
            runs.watchdog.silence(self._watch)
        if any(run.lane is self for run in tuple(runs.live)):
            self._beat()
            return
        self._beating = False
        if self.given_up:
            self.loop.stop()
