"""Handlers for child processes, which import them from here."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mainspring.handler import task
from mainspring.handler_context import Context
from mainspring.runtime import frames


@task(isolation="process")
def double(number: int) -> int:
    return 2 * number


@task(isolation="process")
async def double_async(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


@task(isolation="process", name="renamed")
def renamed() -> str:
    return "found by path"


@task(isolation="process")
def pid() -> int:
    return os.getpid()


@task(isolation="process")
def fail(message: str) -> None:
    raise LookupError(message)


@task(isolation="process")
def leave(code: int) -> None:
    sys.exit(code)


@task(isolation="process")
def vanish(code: int) -> None:
    print("last words")
    os._exit(code)


@task(isolation="process")
def die(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(600)


@task(isolation="process")
def wrong() -> int:
    return "text"  # type: ignore[return-value]


@task(isolation="process")
def huge() -> str:
    return "x" * 20_000_000


@task(isolation="process")
def tell(context: Context) -> list[Any]:
    return [context.instance, context.key, context.attempt, context.idempotency_key]


@task(isolation="process")
def chatty(context: Context) -> None:
    print("printed")
    context.report_progress(0.5, "half-way")
    context.logger.warning("logged")
    logging.getLogger("someone").error("by logging")
    sys.stderr.write("without an end")


@task(isolation="process")
def advance(context: Context) -> None:
    context.report_progress(0.25)


@task(isolation="process")
def shout(lines: int, length: int) -> int:
    for _ in range(lines):
        print("x" * length)
    return lines


@task(isolation="process")
def shout_without_end(megabytes: int) -> None:
    for _ in range(megabytes):
        os.write(1, b"y" * 1_000_000)


@task(isolation="process")
def sleep_and_note(folder: str) -> None:
    """Sleeps, and says when it was asked to end."""
    try:
        # In one line, so that a traceback shows it wherever in it the request comes.
        _ = Path(folder, "began").write_text(str(os.getpid())), time.sleep(600)  # type: ignore[func-returns-value]
    finally:
        Path(folder, "cleaned").touch()


@task(isolation="process")
async def sleep_async(folder: str) -> None:
    Path(folder, "began").write_text(str(os.getpid()))
    try:
        await asyncio.sleep(600)
    finally:
        Path(folder, "cleaned").touch()


@task(isolation="process")
def deaf(folder: str) -> None:
    """Cannot be asked, only killed; and has a child of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    own = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(600)"])
    Path(folder, "own").write_text(str(own.pid))
    Path(folder, "began").write_text(str(os.getpid()))
    time.sleep(600)


@task(isolation="process")
def leave_a_child(folder: str) -> str:
    """Ends well, but something it started holds the pipes."""
    own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(folder, "own").write_text(str(own.pid))
    return "done"


# --- Handlers that copy their process, or write where they should not ---------------------------


@task(isolation="process")
def fork() -> int:
    """Both return; the copy first."""
    if copy := os.fork():
        os.waitpid(copy, 0)
    return os.getpid()


@task(isolation="process")
def fork_and_raise() -> int:
    if not (copy := os.fork()):
        raise LookupError("in the copy")
    os.waitpid(copy, 0)
    return os.getpid()


@task(isolation="process")
def fork_and_talk(context: Context) -> int:
    if not (copy := os.fork()):
        context.report_progress(0.5, "in the copy")
    else:
        os.waitpid(copy, 0)
    return os.getpid()


@task(isolation="process")
def fork_and_stay() -> int:
    """The copy goes on when the attempt is over, and cannot be asked to end."""
    if not (copy := os.fork()):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    return copy


def fork_and_wait(folder: str) -> None:
    if not (copy := os.fork()):
        time.sleep(600)
    Path(folder, "began").write_text(str(copy))
    time.sleep(600)


@task(isolation="process")
def fork_a_daemon_and_vanish(folder: str) -> None:
    if not os.fork():
        os.setsid()
        Path(folder, "own").write_text(str(os.getpid()))
        time.sleep(600)
    while not Path(folder, "own").exists():
        time.sleep(0.01)
    os._exit(3)


@task(isolation="process")
def scribble(text: str) -> None:
    for number in output_pipes():
        os.write(number, text.encode("latin-1"))


@task(isolation="process")
def forge(token: int, pid_more: int) -> None:
    """Answers in place of its process."""
    answer = frames.Envelope(os.getpid() + pid_more, token, frames.Returned(b"1"))
    for number in output_pipes():
        with os.fdopen(os.dup(number), "wb") as pipe:
            frames.write(pipe, answer)


def output_pipes() -> list[int]:
    """Pipes that are not the handler's own."""
    known = {os.fstat(number).st_ino for number in (1, 2)}
    pipes = [number for number in range(3, 20) if is_open(number) and stat.S_ISFIFO(os.fstat(number).st_mode)]
    return [number for number in pipes if os.fstat(number).st_ino not in known and is_writable(number)]


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def is_writable(number: int) -> bool:
    try:
        os.write(number, b"")
    except OSError:
        return False
    return True


may_talk, talked = threading.Event(), threading.Event()


@task(isolation="process")
def talk_later(context: Context) -> None:
    def talk() -> None:
        may_talk.wait()
        context.report_progress(0.75)
        talked.set()

    threading.Thread(target=talk, daemon=True).start()


@task(isolation="process")
def ring_and_wait() -> None:
    may_talk.set()
    talked.wait()


# --- Handlers that leave a mess -----------------------------------------------------------------


@task(isolation="process")
def look_around() -> list[Any]:
    """All that the next attempt should find as this one did."""
    streams = [sys.stdin, sys.stdout, sys.stderr]
    return [
        os.getpid(),
        os.getcwd(),
        dict(os.environ),
        [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        [[os.fstat(number).st_ino, os.get_inheritable(number)] for number in range(3)],
        [[stream.fileno(), stream.closed, stream.line_buffering, stream.errors] for stream in streams[1:]],
        streams[0].read(),
    ]


@task(isolation="process")
def speak() -> None:
    print("aloud")
    sys.stderr.write("to stderr\n")
    os.write(1, b"")


@task(isolation="process")
def change_everything(folder: str) -> None:
    os.chdir(folder)
    os.environ["ADDED"] = "1"
    os.environ["PATH"] = "changed"
    os.environ.pop("HOME", None)
    os.environ = {}  # type: ignore[assignment]  # noqa: B003 - the very thing that is to be mended
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR2])
    sys.stdin, sys.stdout, sys.stderr = io.StringIO("x"), io.StringIO(), None


@task(isolation="process")
def change_everything_and_raise(folder: str) -> None:
    change_everything(folder)
    raise LookupError(folder)


@task(isolation="process")
def close_streams(folder: str) -> None:
    sys.stdin.close()
    sys.stdout.close()
    sys.stderr.close()


@task(isolation="process")
def close_descriptors(folder: str) -> None:
    os.closerange(0, 3)


@task(isolation="process")
def wrap_streams(folder: str) -> None:
    """Each closes what it wraps as soon as it is forgotten."""
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="ascii")
    sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding="ascii")


@task(isolation="process")
def detach_streams(folder: str) -> None:
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.detach()


@task(isolation="process")
def redirect_descriptors(folder: str) -> None:
    for number in range(3):
        own = os.open(Path(folder, str(number)), os.O_RDWR | os.O_CREAT)
        os.dup2(own, number)
        os.close(own)
    print("to the file")


@task(isolation="process")
def set_alarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 1_000)


@task(isolation="process")
def alarm_s() -> float:
    return signal.getitimer(signal.ITIMER_REAL)[0]


@task(isolation="process")
def burn_down() -> int:
    os.rmdir(os.getcwd())
    os.chdir("/")
    return os.getpid()


kept: list[int] = []


@task(isolation="process")
def close_all(folder: str, reuse: bool, stay: bool, context: Context) -> None:
    """Closes the connection; its own files then take the numbers."""
    os.closerange(0, 100)
    if reuse:
        kept.extend(os.open(Path(folder, str(number)), os.O_WRONLY | os.O_CREAT) for number in range(20))
    context.report_progress(0.5, "into the void")
    if stay:
        time.sleep(600)
