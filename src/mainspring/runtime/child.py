"""A child process of a worker: runs one handler at a time, for handlers that must be killable.

It is started with two arguments, the parent's `sys.path` and its main script.  Requests come by standard input, answers
leave by standard output; both are moved away before any handler runs, so that handlers can print: what they print
goes to standard error, which the parent reads.  When the parent is gone the child ends, whatever its handler does.

A handler may copy the process (`os.fork`).  Invariant: only the process that was started answers; a copy that comes
back from the handler ends there, and all copies end with the child.  What a handler changes around it is put back.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import importlib.util
import os
import queue
import signal
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from mainspring.errors import HandlerUnknownError
from mainspring.handler import Handler
from mainspring.handler_context import LINE_COUNT_MAX, Context, LogLine, Send, current
from mainspring.runtime.connection import DISCONNECTED_EXIT_CODE, Connection
from mainspring.runtime.failure import failure_of
from mainspring.runtime.frames import Envelope, Perform, Raised, Ready, Returned, Said, read_request, write
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.importing import importing
from mainspring.runtime.memory import limited, resident_mb
from mainspring.runtime.runs import as_told
from mainspring.runtime.surroundings import Surroundings, flush, line_by_line

START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from mainspring.runtime.child import main; main()"
"""What the interpreter is given to run: the parent's path must stand before anything of ours can be imported."""

END_MARK = b"\x00mainspring:end\x00"
"""A line that the child prints after each attempt: what came before belongs to it."""


EXIT_S_MAX = 2.0
"""For what a handler has left running when the child is to end."""


class Terminated(SystemExit):
    """The parent wants the handler to end; a `SystemExit`, for asyncio lets nothing else through."""


class Sayer(Context):
    """A context that says each line at once: the process may be killed before the next."""

    __slots__ = ("_said", "token", "unsaid")

    def __init__(self, request: Perform, send: Send) -> None:
        super().__init__(request.instance, request.key, request.attempt, request.path, send)
        self.token = request.token
        self._said = 0
        self.unsaid = 0
        """Lines that the parent would not keep."""

    def keep(self, level: str, text: str) -> None:
        if self._said == LINE_COUNT_MAX:
            self.unsaid += 1
            return
        self._said += 1
        super().keep(level, text)
        self.flush()


class Child:
    """The life of a child process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._handlers = Handlers()
        self._inbox: queue.SimpleQueue[Perform | None] = queue.SimpleQueue()
        self._pid = os.getpid()
        self._busy = False
        self._ended = False
        self._context: Context | None = None
        self._answering = threading.Lock()  # handlers may report progress from threads of their own

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._terminate)
        if hasattr(os, "register_at_fork"):
            # A copy must not hold the pipes open when the child has died.
            os.register_at_fork(after_in_child=self._connection.let_go)
        threading.Thread(target=self._listen, name="mainspring-parent", daemon=True).start()
        self._answer(0, Ready())
        while (request := self._inbox.get()) is not None:
            self._busy = True
            answer = self._perform(request)
            if not self._connection.is_whole():
                os._exit(DISCONNECTED_EXIT_CODE)
            self._busy = False
            self._end_output()
            self._answer(request.token, answer)
        self._ended = True

    def leave(self) -> None:
        """The last that is done: after a regular end, end what handlers have left running, copies among them."""
        if self._ended and not self._is_copy():
            _kill_group()

    def _is_copy(self) -> bool:
        return os.getpid() != self._pid

    def _listen(self) -> None:
        """Wait for requests, and for the end of the parent."""
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            # A signal that this thread took would not wake the one in which the handler sleeps.
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while (request := read_request(self._connection.requests)) is not None:
            self._inbox.put(request)
        if self._busy:
            # The parent would have waited for the answer, so it was killed; nobody wants the handler's work.
            _kill_group()
        self._inbox.put(None)

    def _terminate(self, *_: Any) -> None:
        """Asked to end: let the handler clean up on its way out."""
        if self._context is not None:
            self._context.cancel()
        raise Terminated(128 + signal.SIGTERM)

    def _perform(self, request: Perform) -> Returned | Raised:
        context = Sayer(request, self._say)
        self._context = context
        answer: Returned | Raised
        before: Surroundings | None = None
        try:
            handler = self._find(request.path, request.name)
            before = Surroundings(self._connection)
            with limited(request.memory_max_mb):
                output = contextvars.Context().run(_call, handler, request, context)
            answer = Returned(output, context.unsaid)
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its failure, not ours
            told = error if isinstance(error, Terminated) else as_told(error)
            answer = Raised(failure_of(told), context.unsaid)
        finally:
            self._context = None
        if self._is_copy():
            os._exit(isinstance(answer, Raised))
        answer.unrestored = before.restore() if before is not None else ()
        answer.resident_mb = resident_mb()
        return answer

    def _find(self, path: str, name: str) -> Handler[..., Any]:
        """Raises `HandlerUnknownError` by the name that the tasks have, so that this worker takes no more of them."""
        try:
            with importing():
                return self._handlers.get(path)
        except HandlerUnknownError as error:
            reason = str(error).partition(" cannot be found: ")[2]
            told = "" if name == path else f" as {path!r}"
            raise HandlerUnknownError(name, f"a process of its own must be able to import it{told}: {reason}") from None

    def _say(self, context: Context, fraction: float | None, lines: tuple[LogLine, ...]) -> None:
        # Nobody listens to a copy; it may be at work all the same.
        if not self._is_copy() and self._connection.is_whole():
            self._answer(context.token, Said(fraction, lines))  # type: ignore[attr-defined]  # it is a Sayer

    def _answer(self, token: int, answer: Ready | Said | Returned | Raised) -> None:
        if self._is_copy():  # asked before the lock, which may have been held when the copy was made
            os._exit(1)
        with self._answering:
            write(self._connection.answers, Envelope(self._pid, token, answer))

    def _end_output(self) -> None:
        flush(sys.stdout)
        flush(sys.stderr)
        # One write of less than PIPE_BUF cannot be torn apart by what others write.
        os.write(self._connection.output, b"\n" + END_MARK + b"\n")


def main() -> None:
    """Take the pipes, make room for the handlers' own output, and serve."""
    requests, answers, output = os.dup(0), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    line_by_line(sys.stdout)
    line_by_line(sys.stderr)
    _offer_main(sys.argv[2])
    sys.argv[1:] = []
    child = Child(Connection(requests, answers, output))
    atexit.register(child.leave)  # before all that handlers register, so that it comes after
    child.run()
    last = threading.Timer(EXIT_S_MAX, _kill_group)
    last.daemon = True
    last.start()


def _call(handler: Handler[..., Any], request: Perform, context: Context) -> bytes:
    current.set(context)
    args, kwargs = handler.decode(request.payload, context)
    result = handler.function(*args, **kwargs)
    return handler.encode(_complete(result, context) if handler.is_async else result, request.bytes_max)


def _complete(coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
    """Run a coroutine to its end; asked to end, it is cancelled, for a signal would not find where it waits."""

    async def guarded() -> tuple[Any, BaseException | None]:
        task = asyncio.current_task()
        assert task is not None

        def end() -> None:
            context.cancel()
            task.cancel()

        if hasattr(signal, "SIGALRM"):  # not on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        try:
            return await coroutine, None
        except BaseException as error:  # noqa: BLE001 - raised again below, without the frames of asyncio
            return None, error

    before = signal.getsignal(signal.SIGTERM)
    try:
        result, error = asyncio.run(guarded())
    finally:
        signal.signal(signal.SIGTERM, before)  # asyncio has put the default in its place
    if isinstance(error, asyncio.CancelledError) and context.cancelled:
        error = Terminated(128 + signal.SIGTERM).with_traceback(error.__traceback__)
    if error is not None:
        raise error
    return result


class _MainFinder:
    """Finds the parent's script under its own name where `sys.path` does not lead to it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Any:
        return importlib.util.spec_from_file_location(name, self._file) if name == self._file.stem else None


def _offer_main(file: str) -> None:
    if file:
        sys.meta_path.append(_MainFinder(Path(file)))


def _kill_group() -> None:
    """End this process and all it has started."""
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
