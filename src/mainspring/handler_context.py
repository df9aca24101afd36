"""What a handler may ask while it runs: who it is, how far it got, whether it should stop, and where to log.

@task
def copy(source: str, context: Context) -> int: ...      # by annotation

mainspring.context().report_progress(0.4)                # or from anywhere below the handler
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

from mainspring.codec import storable
from mainspring.errors import RefusedError, SettingInvalidError
from mainspring.transaction import Transaction

LINE_COUNT_MAX = 1_000
"""Lines kept of one attempt; what comes after is counted.  A handler that says more writes its own file."""

LINE_LENGTH_MAX = 2_000
"""Characters kept of one line; a traceback fits."""

REPORT_INTERVAL_S = 0.5
"""Progress and lines are handed on at most this often: a reader sees no more, and each costs the store a row."""

LogLine = tuple[float, str, str]
"""When, level name, message."""

Send = Callable[["Context", float | None, tuple[LogLine, ...]], None]
"""Hands on how far an attempt has come (None: only lines) and what it logged since the last time."""


class Lines:
    """What one attempt said, bounded."""

    __slots__ = ("_closed", "_count", "_dropped", "_kept", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a handler may log from threads of its own
        self._kept: list[LogLine] = []
        self._count = self._dropped = 0
        self._closed = False

    def add(self, at: float, level: str, text: str) -> None:
        with self._lock:
            if self._closed:
                return
            if self._count == LINE_COUNT_MAX:
                self._dropped += 1
                return
            self._count += 1
            if len(text) > LINE_LENGTH_MAX:
                text = f"{text[:LINE_LENGTH_MAX]}… ({len(text) - LINE_LENGTH_MAX:,} more characters)"
            self._kept.append((at, level, storable(text)))

    def drop(self, count: int) -> None:
        """Count lines that somebody else left out."""
        with self._lock:
            self._dropped += count

    def take(self) -> tuple[LogLine, ...]:
        """What was added since the last time, in the order of time."""
        with self._lock:
            kept, self._kept = self._kept, []
        kept.sort(key=lambda line: line[0])  # a process sends what it logs and what it prints by different ways
        return tuple(kept)

    def close(self, at: float) -> tuple[LogLine, ...]:
        """The rest, and how much was left out; what comes later is ignored."""
        self._closed = True
        lines = self.take()
        if self._dropped:
            lines += ((at, "WARNING", f"{self._dropped:,} more lines were not kept (at most {LINE_COUNT_MAX:,} are)"),)
        return lines


class Context:
    """One attempt, as its handler sees it."""

    # What begins alike for all stands here: a context is made for every attempt.
    _sent_at = 0.0
    _fraction: float | None = None
    _cancelled = False
    keeps_others_waiting = False
    """Whether its handler is in a transaction that keeps all others from writing to the store."""
    _lines: Lines | None = None

    def __init__(
        self,
        instance: str,
        key: str,
        attempt: int,
        handler: str,
        send: Send,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.instance = instance
        """Id of the instance, as `engine.get` takes it."""
        self.key = key
        """Key of the task, unique within the instance."""
        self.attempt = attempt
        """Numbered from 1."""
        self.handler = handler
        self._send = send
        self._now = now

    @property
    def idempotency_key(self) -> str:
        """The same for all attempts of this task and for no other: for whoever must do a thing only once."""
        return f"{self.instance}:{self.key}"

    @property
    def cancelled(self) -> bool:
        """Time is up, the instance was cancelled, or the worker stops: return soon, the result is no longer wanted."""
        return self._cancelled

    @property
    def transaction(self) -> Transaction:
        """What a handler gets that asks for a `Transaction`; raises `RefusedError` where there is none."""
        raise RefusedError(f"handler {self.handler} asks for a transaction, and there is none here; use a stub for it")

    @property
    def logger(self) -> TaskLogger:
        """A logger of the standard library whose lines are kept with the task (bounded) and go on to your handlers."""
        return TaskLogger(logging.getLogger("mainspring.task"), self)

    def report_progress(self, fraction: float, text: str = "") -> None:
        """Say how far the attempt has come, from 0 to 1, and what it does; cheap enough for a loop."""
        told = checked_fraction(fraction)
        if text:
            self.keep("INFO", text)
        self._hand_on(told)

    # What follows is for the runtime.

    def keep(self, level: str, text: str) -> None:
        """Keep a line with the task."""
        self._line_up().add(self._now(), level, text)

    def log(self, level: str, text: str) -> None:
        """Keep a line, and hand it on soon."""
        self.keep(level, text)
        self._hand_on(None)

    def relay(self, fraction: float | None, lines: tuple[LogLine, ...]) -> None:
        """What a handler in another process has said."""
        if lines:
            kept = self._line_up()
            for at, level, text in lines:
                kept.add(at, level, text)
        self._hand_on(fraction)

    def drop(self, count: int) -> None:
        """Count lines that could not be kept."""
        if count:
            self._line_up().drop(count)

    def cancel(self) -> None:
        self._cancelled = True

    def flush(self) -> None:
        """Hand on what had to wait."""
        self._sent_at = self._now()
        fraction, self._fraction = self._fraction, None
        lines = () if self._lines is None else self._lines.take()
        if lines or fraction is not None:
            self._send(self, fraction, lines)

    def close(self) -> tuple[LogLine, ...]:
        """The lines that were not handed on yet; later ones are ignored."""
        if self._lines is None:
            self._lines = _NO_MORE
        return self._lines.close(self._now())

    def _line_up(self) -> Lines:
        if self._lines is None:
            self._lines = Lines()
        return self._lines

    def _hand_on(self, fraction: float | None) -> None:
        """Now, or, where something was handed on just before, a little later."""
        if fraction is not None:
            self._fraction = fraction
        since_s = self._now() - self._sent_at
        if fraction == 1 or not 0 <= since_s < REPORT_INTERVAL_S:
            self.flush()
        else:
            self._flush_later(REPORT_INTERVAL_S - since_s)

    def _flush_later(self, seconds: float) -> None:
        """A runtime with an alarm clock sets it; without one, the next word or the end takes the rest along."""


_NO_MORE = Lines()
_NO_MORE.close(0.0)


class TaskLogger(logging.LoggerAdapter[logging.Logger]):
    """The logger of one attempt."""

    def __init__(self, logger: logging.Logger, context: Context) -> None:
        super().__init__(logger, {"instance": context.instance, "key": context.key, "attempt": context.attempt})
        self._context = context

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's own name
        # From INFO upwards lines are kept whatever the logging of the program is set to.
        return level >= logging.INFO or self.logger.isEnabledFor(level)

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if not self.isEnabledFor(level):
            return
        self._context.log(logging.getLevelName(level), _text(msg, args, kwargs.get("exc_info")))
        if self.logger.isEnabledFor(level):
            self.process(msg, kwargs)
            kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # this method is not the caller
            self.logger.log(level, msg, *args, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        extra = kwargs.get("extra")
        kwargs["extra"] = {**(self.extra or {}), **extra} if isinstance(extra, Mapping) else self.extra
        return msg, kwargs


current: ContextVar[Context] = ContextVar("mainspring.context")
"""The attempt that runs here; set by the executors."""


def context() -> Context:
    """The attempt that runs here; raises `RefusedError` outside of a handler."""
    try:
        return current.get()
    except LookupError:
        raise RefusedError("no task runs here; context() can only be asked from within a handler") from None


def _text(message: object, args: tuple[object, ...], error: object) -> str:
    """The line as `logging` would write it, with the traceback where one was asked for."""
    record = logging.LogRecord("", 0, "", 0, message, args, None)
    try:
        text = record.getMessage()
    except (TypeError, ValueError) as problem:
        # As in logging itself, a wrong format must not stop the handler.
        text = f"{message} {args!r} ({problem})"
    if isinstance(error, BaseException):
        text += "\n" + "".join(traceback.format_exception(error)).rstrip()
    elif error:
        text += "\n" + traceback.format_exc().rstrip()
    return text


def checked_fraction(fraction: float) -> float:
    """How far an attempt has come; raises `SettingInvalidError`."""
    if not 0 <= fraction <= 1:
        raise SettingInvalidError(f"progress is a fraction from 0 to 1, not {fraction!r}")
    return float(fraction)
