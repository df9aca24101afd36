"""The pump: one thread that owns the writing connection and turns whatever waits into one commit after another."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, InvalidStateError
from typing import Any, Protocol

from mainspring.clock import SET_BACK_S, Clock
from mainspring.errors import BrokenError, EngineClosedError, MainspringError, RefusedError, UnavailableError
from mainspring.handler_context import current
from mainspring.kernel.kernel import Kernel
from mainspring.kernel.records import Attempt, Attend, Await, Input, Leave, Progress, Recorded, Release, Report, Settle
from mainspring.runtime.bell import Bell
from mainspring.runtime.collector import uncollected

BATCH_MAX = 4_000
"""Inputs of one turn: enough to make a commit cheap, few enough to keep it short."""
WAIT_S_MAX = 60.0
"""An idle pump looks at the clock this often, because clocks are set back and machines sleep."""
BACKOFF_S = (0.05, 5.0)
"""First and longest pause while the store cannot be written."""

logger = logging.getLogger("mainspring.pump")


class Performer(Protocol):
    """Who carries attempts out (`runtime.worker.Worker`)."""

    def dispatch(self, attempts: list[Attempt]) -> None: ...
    def cancel(self, instance: int, key: str) -> None: ...


class Pump:
    """Inputs may be put from any thread; the kernel is touched by the pump's own thread alone."""

    def __init__(self, kernel: Kernel, clock: Clock) -> None:
        self.commits = 0
        """Turns taken; for those who measure."""
        self._kernel = kernel
        self._clock = clock
        self._performer: Performer | None = None
        self._inputs: deque[Input] = deque()
        self._present: list[Input] = []
        """Of the turn under way."""
        self._bell = Bell()
        self._awake = True
        self._closing = False
        self._ended = False
        """Whether the thread answers nobody any more."""
        self._draining = False
        self.broken: MainspringError | None = None
        """Why the thread ended although nobody asked for it."""
        self._process = os.getpid()
        self._wake_at = 0.0
        self._turned_at = 0.0
        """When the last turn began; earlier than that it is only after the clock was set back."""
        self._pause_s = 0.0
        self._thread = threading.Thread(target=self._run, name="mainspring-pump", daemon=True)

    def start(self, performer: Performer) -> None:
        self._performer = performer
        self._thread.start()

    # --- From any thread ----------------------------------------------------------------------

    def put(self, inputs: Iterable[Input]) -> None:
        """Hand inputs over for the next turn."""
        self._inputs.extend(inputs)
        if not self._awake:
            self._bell.set()

    def call(self, input: Any, reply: Future[Any] | None = None) -> Future[Any]:
        """Hand one input over; its reply arrives in the future once it is durable."""
        input.reply = reply = Future() if reply is None else reply
        attempt = current.get(None)
        if os.getpid() != self._process:
            reply.set_exception(
                EngineClosedError("this engine belongs to the process that was forked; open another one in the copy")
            )
        elif self.broken is not None:
            reply.set_exception(self.broken)
        elif attempt is not None and attempt.keeps_others_waiting:
            reply.set_exception(
                RefusedError(
                    f"handler {attempt.handler} is in a transaction that keeps all others from writing, so this would"
                    " wait for ever; give connection=transaction.connection, or do it before the transaction begins"
                )
            )
        elif self._closing:
            reply.set_exception(EngineClosedError("the engine is closed; open another one"))
        else:
            self.put((input,))
            if self._ended:  # it did so meanwhile, and may not have seen this one
                resolve(reply, EngineClosedError("the engine is closed; open another one"))
        return reply

    def drain(self, is_wanted: bool = True) -> Future[Any]:
        """Take no new work from now on, or take it again; what runs may finish.

        Done when it is so, or, while the store is away, when it is sure to be so once it is back.
        """
        self._draining = is_wanted
        return self.call(Attend(draining=is_wanted))

    def offer(self) -> None:
        """Handlers were added: what could not run here before may now."""
        self.put((Attend(draining=self._draining),))

    def stop(self) -> None:
        """Take in what waits, give back what is leased, and end; blocks until the thread has ended."""
        self.put((Leave(),))
        self._closing = True
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join()

    # --- The thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while True:
                inputs = self._gather()
                if inputs is None:
                    return
                self._present = inputs
                self._turn(inputs)
                self._present = []
        except MainspringError as error:
            logger.critical("the engine has stopped: %s", error)
            self.broken = error
        except BaseException as error:
            logger.critical("the engine has stopped", exc_info=error)
            self.broken = BrokenError(f"the engine has stopped: {type(error).__name__}: {error}")
        finally:
            self._answer_all()
            self._kernel.store.close()
            self._bell.close()

    def _gather(self) -> list[Input] | None:
        """The inputs of the next turn: at once if any wait, else when something is due; None: stop."""
        inputs = self._inputs
        while True:
            if inputs:
                return [inputs.popleft() for _ in range(min(len(inputs), BATCH_MAX))]
            if self._closing:
                return None
            now = self._clock.now()
            wait_s = min(self._wake_at - now, WAIT_S_MAX)
            if wait_s <= 0 or self._turned_at - now > SET_BACK_S:
                return []
            poll_s = self._kernel.store.poll_s
            if poll_s is None:
                self._sleep(wait_s)
            elif self._kernel.store.socket is not None and self._kernel.store.foreign():
                return []  # what has arrived already, the socket tells no more
            else:
                self._sleep(min(wait_s, poll_s))
                if not inputs and self._kernel.store.foreign():
                    return []

    def _sleep(self, seconds: float) -> None:
        self._awake = False
        if not self._inputs and not self._closing:
            self._bell.wait(seconds, self._kernel.store.socket)
        self._awake = True
        self._bell.clear()

    def _turn(self, inputs: list[Input]) -> None:
        try:
            with uncollected():
                self._turned_at = self._clock.now()
                report = self._kernel.turn(inputs, self._turned_at)
        except UnavailableError as error:
            self._hold(inputs, error)
            return
        self._pause_s = 0.0
        self.commits += 1
        self._act(report)

    def _act(self, report: Report) -> None:
        """The turn is durable: now it may show."""
        self._wake_at = report.wake_at
        performer = self._performer
        assert performer is not None
        # In this order: a task that was taken from us may be ours again, under another lease.
        for instance, key in report.cancelled:
            performer.cancel(instance, key)
        if report.dispatch:
            performer.dispatch(report.dispatch)
        for reply, value in report.replies:
            resolve(reply, value)
        self._inputs.extendleft(reversed(report.left))

    def _hold(self, inputs: list[Input], error: UnavailableError) -> None:
        """The store cannot be written: callers are told, outcomes are kept until it can."""
        first, longest = BACKOFF_S
        if not self._pause_s:
            logger.warning("%s", error)
        self._pause_s = min(max(first, self._pause_s * 2), longest)
        kept: list[Input] = []
        for input in inputs:
            if isinstance(input, Settle | Recorded | Release | Progress | Await | Attend):
                kept.append(input)
                if isinstance(input, Attend) and input.draining:
                    resolve(input.reply, None)  # nothing begins until it is back, and then this is taken in first
            else:
                resolve(input.reply, error)
        if self._closing:
            logger.error("%d outcomes could not be recorded; their tasks will run again", len(kept))
            for input in kept:
                resolve(getattr(input, "reply", None), error)
            return
        self._inputs.extendleft(reversed(kept))
        self._wake_at = 0.0  # the turn may be durable all the same: then we have leased what nobody runs yet
        self._rest(self._pause_s)

    def _rest(self, seconds: float) -> None:
        """Pause, but not when asked to stop."""
        self._awake = False
        self._bell.wait(seconds)
        self._awake = True
        self._bell.clear()

    def _answer_all(self) -> None:
        """Nobody waits for an engine that has stopped."""
        self._closing = self._ended = True
        error = self.broken or EngineClosedError(
            "the engine was closed before the answer came; what was started goes on when it is opened again"
        )
        waiting = [reply for replies in self._kernel.awaited.values() for reply in replies]
        waiting.extend(getattr(input, "reply", None) for input in (*self._present, *self._inputs))
        for reply in waiting:
            resolve(reply, error)


def resolve(reply: Future[Any] | None, value: Any) -> None:
    """Answer once; a caller that has gone, or was answered in an earlier try of the turn, is no reason to stop."""
    if reply is None:
        return
    try:
        if isinstance(value, Exception):
            reply.set_exception(value)
        else:
            reply.set_result(value)
    except InvalidStateError:
        pass
