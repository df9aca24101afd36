"""What a handler finds around it in a child process, and leaves changed behind: put back for the next.

Taken when the handler's module has been imported: what a module sets up is meant to last, what an attempt sets up is
not.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Any

from mainspring.runtime.connection import Connection, identity

STREAMS = {"stdin": 0, "stdout": 1, "stderr": 2}


class Surroundings:
    """The working directory, the environment, signals and standard streams of one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        _reopen()  # a stream may have been closed since, by something that an earlier handler left to the collector
        self._descriptors = {number: identity(number) for number in STREAMS.values()}
        self._streams = {name: getattr(sys, name) for name in STREAMS}
        self._folder = _folder()
        self._environ = os.environ
        self._variables = dict(os.environ)
        self._signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self._blocked = _blocked()

    def restore(self) -> tuple[str, ...]:
        """Put everything back; returns what could not be."""
        steps = {
            "signal handlers": self._restore_signals,
            "standard streams": self._restore_streams,
            "environment": self._restore_environment,
            "working directory": self._restore_folder,
        }
        return tuple(name for name, step in steps.items() if not _succeeds(step))

    def _restore_signals(self) -> bool:
        for timer in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"):
            if hasattr(signal, timer):  # an alarm that still runs would strike the next attempt
                signal.setitimer(getattr(signal, timer), 0)
        for number, known in self._signals.items():
            if signal.getsignal(number) is not known and signal.getsignal(number) != known:
                signal.signal(number, known)  # refused where another language had set it
        if self._blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
        return True

    def _restore_streams(self) -> bool:
        for name in ("stdout", "stderr"):
            flush(getattr(sys, name, None))  # to where the handler has led it
        for number, known in self._descriptors.items():
            if identity(number) != known:
                self._reconnect(number)
        for name, stream in self._streams.items():
            setattr(sys, name, stream)
        # Only now: a wrapper that a handler had put around a stream closes it when it is forgotten.
        _reopen()
        return True

    def _reconnect(self, number: int) -> None:
        if number != 0:
            os.dup2(self._connection.output, number)
            return
        nothing = os.open(os.devnull, os.O_RDONLY)
        if nothing == number:  # the lowest that was free
            os.set_inheritable(number, True)
        else:
            os.dup2(nothing, number)
            os.close(nothing)

    def _restore_environment(self) -> bool:
        os.environ = self._environ  # noqa: B003 - the very object, in case a handler has replaced it
        for name in os.environ.keys() - self._variables.keys():
            del os.environ[name]
        for name, value in self._variables.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
        return True

    def _restore_folder(self) -> bool:
        if self._folder and _folder() != self._folder:
            os.chdir(self._folder)
        return _folder() == self._folder


def flush(stream: Any) -> None:
    """As far as it goes: a handler may have closed the stream, or put anything in its place."""
    try:
        stream.flush()
    except Exception:  # noqa: BLE001 - it is a handler's
        return


def line_by_line(stream: Any) -> None:
    """Have a stream pass on each line at once, whatever characters it holds."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")


def _reopen() -> None:
    """Make new streams of those that are closed, on the same descriptors."""
    for name, number in STREAMS.items():
        if not _is_closed(getattr(sys, name)):
            continue
        stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
        line_by_line(stream)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _is_closed(stream: Any) -> bool:
    try:
        return bool(stream.closed)
    except ValueError:  # detached from its descriptor
        return True
    except AttributeError:  # no file, but something that a module has put in its place
        return False


def _folder() -> str:
    """The working directory; empty if it has been deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _blocked() -> set[Any] | None:
    """Signals held back from this thread; None where there is no such thing."""
    return signal.pthread_sigmask(signal.SIG_BLOCK, ()) if hasattr(signal, "pthread_sigmask") else None


def _succeeds(step: Any) -> bool:
    try:
        return bool(step())
    except (OSError, ValueError, TypeError, RuntimeError):
        return False
