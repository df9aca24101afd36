"""A time in which this process works: it watches, reacts to Ctrl-C, and says how it ended.

Ctrl-C or SIGTERM once: nothing more is begun, what runs may end.  Twice: stop at once.  Nothing is lost either way;
what is given up runs again, uncounted, when somebody works on the store again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

from mainspring.cli import INTERRUPTED
from mainspring.cli.moments import instant
from mainspring.cli.output import Output, paint, sign
from mainspring.cli.parser import Options
from mainspring.cli.progress import view_for
from mainspring.cli.result import show_end
from mainspring.cli.stores import hint, store_of
from mainspring.cli.values import failure_json
from mainspring.cli.view import View
from mainspring.cli.waiting import WAITED_LONG_S, Stranger, family_of, strangers_in, strangers_of
from mainspring.engine import DRAIN_S, NOTICE_S, Engine
from mainspring.errors import MainspringError, UnavailableError
from mainspring.instance import Info, Instance
from mainspring.watch import Family, Watch

TICK_S = 0.1
"""Between two looks; a tick that took long is followed by a pause that is longer still."""
SHARE_MAX = 0.1
"""Of the time that may be spent on looking."""
WORK_TICK_S = 0.3
LOOK_S = 10.0
"""Between two looks at what nobody takes."""
GIVE_BACK_S = 1.0
"""To give back what is leased; if it takes longer, others notice that this process is gone."""

Seen = TypeVar("Seen")


class Session:
    """An engine, from its start to its orderly end; Ctrl-C is counted from before it is opened."""

    engine: Engine

    def __init__(self, options: Options, output: Output, *, grace_s: float = DRAIN_S, **terms: Any) -> None:
        """`terms`: more of what `Engine` takes."""
        self._options = options
        self._output = output
        self._url = store_of(options)
        self._grace_s = grace_s
        self._terms = terms
        self._signals = 0
        self._first_signal = 0
        self._is_away = False
        """Whether the last look at the store was in vain."""
        self._opened_at = 0.0
        """What the journal holds from before is no news."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Session:
        # What tasks say is kept with them; it goes on to handlers that the user has set up, and not to the screen.
        logging.getLogger("mainspring.task").addHandler(logging.NullHandler())
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._count)
        self._opened_at = time.time()
        try:
            self.engine = Engine(self._url, slots=self._options.slots, **self._terms)
        except BaseException:
            self._restore_signals()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.engine.close(drain_s=self._grace_s if kind is None else 0.0)
        self._restore_signals()

    def _restore_signals(self) -> None:
        for number, handler in self._before.items():
            # Whoever presses Ctrl-C once more while Python ends has seen that it was heard.
            signal.signal(number, signal.SIG_IGN if self._signals else handler)

    def _count(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a signal handler
        self._signals += 1
        self._first_signal = self._first_signal or number

    # --- One instance -------------------------------------------------------------------------

    def watch(self, instance: Instance, *, title: str, go_on: str) -> int:
        """Watch until it has ended; returns the exit code."""
        started = time.monotonic()
        watch = Watch.of(self.engine, instance.id)
        quiet = self._output.is_json or getattr(self._options, "quiet", False)
        was_over = False
        if instance.existed:
            # The engine goes on with it since it is open: the rest of the journal is told as it happens.
            watch.advance(before=self._opened_at)
            was_over = watch.view.ended_at is not None and watch.view.ended_at < self._opened_at
            if not quiet:
                self._tell_existed(watch, was_over)
        view = view_for(self._output, title=title, instance=instance.id, quiet=quiet or was_over)
        family = Family(self.engine.reader, watch, self._opened_at)
        with view:
            ending = instance.ending()
            told: set[str] = set()
            look_at = started + LOOK_S
            while not (ending.done() or self._signals):
                tick = time.monotonic()
                self._seen(lambda: view.update(watch, family.advance()), view.say)
                if tick >= look_at:
                    waits = self._seen(lambda: strangers_of(family_of(watch), time.time(), WAITED_LONG_S), view.say)
                    self._tell_strangers(waits or [], told, view.say)
                    look_at = tick + LOOK_S
                wait([ending], timeout=max(TICK_S, (time.monotonic() - tick) / SHARE_MAX))
            if not ending.done():
                return self._interrupted(view, go_on)
            ending.result()  # raises if the engine broke while we waited
            self._seen_at_last(lambda: view.update(watch, family.advance()), view.say)
            info = self._seen_at_last(instance.info, view.say)
        return self._tell_end(info, time.monotonic() - started, existed=instance.existed)

    def _tell_existed(self, watch: Watch, was_over: bool) -> None:
        """The id was there before: what that means for the one who typed it."""
        view = watch.view
        if was_over:
            again = "another --id starts another one"
            self._output.line(f"{view.public_id} {view.status} already, at {instant(view.ended_at)}; {again}")
            return
        nodes = watch.nodes()
        done = sum(node.status in ("completed", "skipped") for node in nodes)
        items = sum(node.completed for node in nodes if node.status == "running")
        more = f" and {items:,} items of those that run" if items else ""
        self._output.line(
            f"{view.public_id} goes on where it was: {done} of {len(nodes)} nodes{more} are done"
            + (
                f"; it is paused, {hint(self._options, 'resume', view.public_id)} goes on"
                if view.status == "paused"
                else ""
            )
        )

    def _tell_end(self, info: Info, seconds: float, *, existed: bool) -> int:
        if self._output.is_json:
            self._output.json({
                "id": info.id, "existed": existed, "status": info.status, "output": info.output,
                "failure": failure_json(info.failure), "reason": info.reason, "seconds": round(seconds, 3),
            })  # fmt: skip
        else:
            show_end(info, seconds, self._options, self._output)
        return 0 if info.status == "completed" else 1

    # --- Whatever comes -----------------------------------------------------------------------

    def work(self, *, until_idle: bool) -> int:
        """Work until interrupted, or until every instance has ended or is paused; returns the exit code."""
        self._output.note(f"working on {self.engine.shown_url}; Ctrl-C stops in good order")
        told: set[str] = set()
        look_at = time.monotonic() + LOOK_S
        while not self._signals:
            if self.engine.broken is not None:
                raise self.engine.broken
            if until_idle and self._seen(self._is_idle, self._output.note):
                if self._output.is_json:
                    self._output.json({"interrupted": False})
                return 0
            if time.monotonic() >= look_at:
                waits = self._seen(lambda: strangers_in(self.engine, time.time(), WAITED_LONG_S), self._output.note)
                self._tell_strangers(waits or [], told, self._output.note)
                look_at = time.monotonic() + LOOK_S
            time.sleep(WORK_TICK_S)
        # Whoever manages workers ends them by SIGTERM, and takes any other code for a failure.
        return self._interrupted(None, "", code=0 if self._first_signal == signal.SIGTERM else INTERRUPTED)

    def _is_idle(self) -> bool:
        """Nothing runs, and no schedule is going to begin anything; a deployment only looks after what it began."""
        if self.engine.list(status=("created", "running"), children=True, limit=1):
            return False
        return not self.engine.schedules(status="running")

    def _tell_strangers(self, strangers: list[Stranger], told: set[str], tell: Callable[[str], None]) -> None:
        """Say once what waits for handlers that nobody takes, so that it does not wait unnoticed."""
        for stranger in strangers:
            if stranger.handler not in told:
                told.add(stranger.handler)
                why = hint(self._options, "why", stranger.instance)
                tell(f"{stranger.tasks} for {stranger.handler}, which nobody takes; {why} tells what keeps it")

    # --- A store that is away for a while ---------------------------------------------------------

    def _seen(self, look: Callable[[], Seen], tell: Callable[[str], None]) -> Seen | None:
        """What a look at the store gives; None while it is away, which is said once: the engine waits it out too."""
        try:
            seen = look()
        except UnavailableError as error:
            if not self._is_away:
                tell(f"{error}; this goes on when it is back")
            self._is_away = True
            return None
        self._is_away = False
        return seen

    def _seen_at_last(self, look: Callable[[], Seen], tell: Callable[[str], None]) -> Seen:
        """The same, as soon as it is back; raises what is wrong if somebody stops us before."""
        while True:
            seen = self._seen(look, tell)
            if not self._is_away:
                return cast(Seen, seen)
            if self._signals:
                return look()
            time.sleep(WORK_TICK_S)

    # --- Ctrl-C, SIGTERM ----------------------------------------------------------------------

    def _interrupted(self, view: View | None, go_on: str, *, code: int = INTERRUPTED) -> int:
        """Stop in good order, unless asked a second time."""
        tell = self._output.note if view is None else view.say
        closing = threading.Thread(target=self._close, args=[tell], daemon=True)
        closing.start()
        while closing.is_alive() and self._signals < 2:
            closing.join(TICK_S)
        at_once = closing.is_alive()
        if view is not None:
            view.close()
        self._output.note(f"{sign('paused', self._output)} stopped{' at once' if at_once else ''}; nothing is lost")
        if go_on:
            self._output.note(f"  go on with  {paint(go_on, 'name', self._output)}")
        if self._output.is_json:
            self._output.json({"interrupted": True, "at_once": at_once, "go_on": go_on or None})
        if at_once:
            self._leave_at_once(code)
        return code

    def _close(self, tell: Callable[[str], None]) -> None:
        """Begin nothing more, only then say so, and wait for what runs; whatever is wrong with the store."""
        running = "what runs"
        try:
            if self.engine.broken is None:
                self.engine.pause(timeout_s=NOTICE_S)
            running = self._running()
        except MainspringError as error:
            tell(str(error))
        if running:
            tell(f"stopping: waiting up to {self._grace_s:.0f} s for {running}; Ctrl-C once more stops at once")
        self.engine.close(drain_s=self._grace_s)

    def _running(self) -> str:
        """What runs in this process; empty: nothing."""
        count = self.engine.running_count
        return "1 task that runs" if count == 1 else f"{count} tasks that run" if count else ""

    def _leave_at_once(self, code: int) -> None:
        """Handlers in threads cannot be ended, and Python would wait for them: end the process instead."""
        helper = threading.Thread(target=self.engine.stop, daemon=True)
        helper.start()
        helper.join(GIVE_BACK_S)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
