"""A child process, as its parent sees it: started, asked, listened to, ended; and how its death is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from mainspring.errors import TaskExitError, UnavailableError
from mainspring.handler_context import LINE_COUNT_MAX, LINE_LENGTH_MAX
from mainspring.runtime.child import END_MARK, START
from mainspring.runtime.connection import DISCONNECTED_EXIT_CODE
from mainspring.runtime.frames import (
    Envelope,
    FrameInvalidError,
    Perform,
    Raised,
    Ready,
    Returned,
    Said,
    read_answer,
    write,
)
from mainspring.runtime.runs import Run

OUTPUT_WAIT_S_MAX = 2.0
"""After the answer, for the rest of the output: it has been written, but a process left behind may fill the pipe."""

DEATH_WAIT_S_MAX = 5.0
"""After the end of the answers: the process has died and that will be known at once, or its handler has closed them."""

DISCONNECTED = (
    "the handler broke its process's connection to mainspring: it closed or replaced file descriptors that are not its "
    "own, as `os.closerange` does"
)

OUTPUT_LEVEL = "OUTPUT"
"""Stands where a log line has its level."""

READ_BYTES = 65_536

PART_BYTES_MAX = LINE_LENGTH_MAX - 50
"""Of one line; the rest of its room is for saying how much was left out."""


class ChildProcess:
    """One process; used by one thread at a time, except `terminate` and `kill`."""

    def __init__(self, bytes_max: int) -> None:
        self.performed = 0
        """Requests so far; the number of the last is its token."""
        self.resident_mb_first = 0.0
        """What it had in memory after its first attempt."""
        self._bytes_max = bytes_max
        self._pid = 0
        self._process = _start()
        self._output = Output(self._process.stderr)  # type: ignore[arg-type]
        self._ended = threading.Event()
        threading.Thread(target=self._output.read, name="mainspring-output", daemon=True).start()
        threading.Thread(target=self._watch, name="mainspring-child", daemon=True).start()
        ready = self._read()
        if isinstance(ready, Envelope) and isinstance(ready.answer, Ready):
            self._pid = ready.pid  # not that of `Popen`, which may be a launcher's
        else:
            self.kill()
            self.close()
            self._output.finish()
            raise UnavailableError(f"a process for handlers did not start: {self.death()}; {self._output.start_text()}")

    @property
    def is_alive(self) -> bool:
        """Asked of the system: the thread that waits for its end may not have heard of it yet."""
        return not self._ended.is_set() and not has_ended(self._process.pid)

    def send(self, run: Run) -> None:
        """Ask it to run an attempt; raises `OSError` if it has died."""
        self.performed += 1
        self._output.attend(run)
        request = Perform(
            self.performed,
            run.target.path,
            run.instance,
            run.key,
            run.attempt,
            run.record.payload,
            self._bytes_max,
            run.memory_max_mb,
            run.handler,
        )
        write(self._process.stdin, request)  # type: ignore[arg-type]

    def receive(self) -> Said | Returned | Raised | TaskExitError:
        """What it says next of the attempt; an error, as a value: it has died, or cannot be believed any more."""
        while isinstance(envelope := self._read(), Envelope):
            answer = envelope.answer
            if envelope.pid != self._pid:
                return TaskExitError(
                    f"process {envelope.pid} answered in place of the handler's process {self._pid}: a copy that a "
                    f"handler makes with `os.fork` must end with `os._exit`"
                )
            if isinstance(answer, Said) and envelope.token < self.performed:
                continue  # a thread that an earlier attempt has left behind
            if isinstance(answer, Ready) or envelope.token != self.performed:
                return TaskExitError(
                    f"the handler's process answered its request {envelope.token} when {self.performed} was asked, "
                    f"so its answers cannot be told apart any more"
                )
            return answer
        return self.loss() if envelope is None else envelope

    def _read(self) -> Envelope | TaskExitError | None:
        """The next that comes through the pipe; None: nothing will."""
        try:
            return read_answer(self._process.stdout, self._bytes_max)  # type: ignore[arg-type]
        except FrameInvalidError as error:
            return TaskExitError(
                f"a handler has written to its process's connection to mainspring, a file descriptor that is not its "
                f"own: {error}"
            )
        except OSError:
            return None

    def finish(self) -> None:
        """Wait for the rest of what the handler has printed."""
        self._output.finish()

    def loss(self) -> TaskExitError:
        """Why nothing comes from it any more."""
        return self.death() if self._ended.wait(DEATH_WAIT_S_MAX) else TaskExitError(DISCONNECTED)

    def death(self) -> TaskExitError:
        """How it ended, as an error."""
        self._ended.wait()
        code = self._process.returncode
        if code == DISCONNECTED_EXIT_CODE:
            return TaskExitError(DISCONNECTED)
        if code >= 0:
            return TaskExitError(f"the handler's process ended with exit code {code}")
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = "; if nobody did that, the system was short of memory" if name == "SIGKILL" else ""
        return TaskExitError(f"the handler's process was killed by {name}{hint}")

    def terminate(self) -> None:
        """Ask it and all it has started to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all it has started."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """No further requests: it ends by itself."""
        for stream in (self._process.stdin, self._process.stdout):
            try:
                stream.close()  # type: ignore[union-attr]
            except OSError:  # it has died with a request unread
                continue

    def _watch(self) -> None:
        """Wait for its end; end what it has left behind, which would hold its pipes open."""
        if hasattr(os, "waitid"):
            # Before it is reaped, while its number cannot belong to another.
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            self.kill()
        self._process.wait()
        self._ended.set()

    def _signal(self, number: int) -> None:
        if self._ended.is_set():
            return
        try:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, number)
            else:
                self._process.terminate()
        except (ProcessLookupError, PermissionError):  # it is gone already
            return


class Output:
    """What a child prints, line by line, kept with the attempt under way; bounded, and read for as long as it lasts."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._run: Run | None = None
        self._kept = 0
        self._part = b""
        """The line that has begun, at most `PART_BYTES_MAX` bytes of it."""
        self._cut = 0
        """Bytes of it that were left out."""
        self._first = ""
        self._complete = threading.Event()
        self._is_over = False
        """Nothing more will come."""

    def attend(self, run: Run) -> None:
        """What comes now belongs to this attempt."""
        self._complete.clear()
        if self._is_over:  # asked after that, so that an end in this very moment is not missed
            self._complete.set()
        self._kept = 0
        self._run = run

    def finish(self) -> None:
        """Wait until all has come that the attempt has printed."""
        self._complete.wait(OUTPUT_WAIT_S_MAX)
        self._run = None

    def start_text(self) -> str:
        """What was printed before any attempt."""
        return self._first.strip() or "it said nothing"

    def read(self) -> None:
        """Read until the end; runs in a thread of its own."""
        with self._stream as stream:
            while chunk := stream.read1(READ_BYTES):  # type: ignore[attr-defined]
                self._take(chunk)
        self._end_line()
        self._is_over = True
        self._complete.set()

    def _take(self, chunk: bytes) -> None:
        if self._kept >= LINE_COUNT_MAX and END_MARK not in self._part + chunk:
            # Nothing of it will be kept, so it is only counted; the beginning of a mark may be at the end.
            whole, newline, rest = chunk.rpartition(b"\n")
            if newline and self._run is not None:
                self._run.drop(whole.count(b"\n") + 1)
            self._part = (rest if newline else self._part + rest)[-len(END_MARK) :]
            return
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._extend(line)
            self._end_line()
        self._extend(rest)

    def _extend(self, piece: bytes) -> None:
        room = PART_BYTES_MAX - len(self._part)
        self._part += piece[:room]
        self._cut += max(0, len(piece) - room)

    def _end_line(self) -> None:
        line, cut = self._part, self._cut
        self._part, self._cut = b"", 0
        if line.endswith(END_MARK):
            self._complete.set()
            return
        text = line.decode(errors="backslashreplace").rstrip("\r")
        if cut:
            text += f"… ({cut:,} more bytes)"
        if self._run is None:
            self._first = f"{self._first}\n{text}"[-LINE_LENGTH_MAX:]
        elif text and self._kept < LINE_COUNT_MAX:
            self._kept += 1
            self._run.log(OUTPUT_LEVEL, text)
        elif text:
            self._run.drop(1)


def has_ended(pid: int) -> bool:
    """Whether a child of this process has, reaped or not; False where that cannot be asked without reaping it."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    except ChildProcessError:
        return True


def _start() -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise UnavailableError("this Python does not know its own program file, so it cannot start processes")
    path = [os.path.abspath(entry) for entry in sys.path]  # an empty entry means here
    arguments = [sys.executable, "-c", START, json.dumps(path), _main_file()]
    options: dict[str, Any] = {"start_new_session": True} if hasattr(os, "setsid") else {}
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=-1, **options)
    except OSError as error:
        raise UnavailableError(f"a process for handlers cannot be started: {error}") from None


def _main_file() -> str:
    """The script that this process runs; empty where there is none."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return str(Path(file).absolute()) if file else ""
