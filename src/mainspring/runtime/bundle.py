"""A bundle: attempts that go to a cluster together, and how they are performed there, one after another.

This side of it runs in the processes of the cluster, which must be able to import mainspring and the handlers.  What
goes to and fro is msgpack in bytes, so that no cluster needs to know the types of what it carries.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.errors import HandlerUnknownError
from mainspring.handler import Handler
from mainspring.handler_context import LINE_COUNT_MAX, Context, LogLine, current
from mainspring.models.contract import Failure
from mainspring.runtime.failure import failure_of, where_is
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.importing import importing
from mainspring.runtime.runs import as_told

TOLD_COUNT_MAX = 10_000
"""Bundles that are remembered as unwanted before they have begun; they come within seconds, or were never sent here."""


# --- What is sent -----------------------------------------------------------------------------


class Piece(Struct):
    """One attempt of a bundle."""

    name: str
    """Of the handler, as tasks call it."""
    path: str
    """`module:qualname`"""
    instance: str
    key: str
    attempt: int
    payload: bytes
    timeout_s: float | None


class Bundle(Struct):
    """To the cluster: perform these, in this order."""

    id: str
    kind: str
    """Of the cluster, as people call it."""
    pieces: list[Piece]
    bytes_max: int
    """Of an output."""


class Said(Struct):
    """From the cluster: progress and lines of an attempt under way."""

    bundle: str
    place: int
    """Of its piece in the bundle."""
    fraction: float | None
    lines: tuple[LogLine, ...]
    before: int
    """Lines that were sent of it before these."""


class Ended(Struct):
    """From the cluster: how an attempt ended."""

    seconds: float
    """From its beginning to its end."""
    ago_s: float
    """From its end to that of the bundle."""
    lines: tuple[LogLine, ...]
    """All of them: those that were sent before may have been lost on their way."""
    dropped: int = 0
    """Lines that were too many to be kept."""
    output: bytes | None = None
    failure: Failure | None = None
    """None, as the output is: it was late, and has not returned."""
    trace: str = ""
    """Where it stood then."""
    is_late: bool = False


encode = msgspec.msgpack.Encoder().encode
_decode_bundle = msgspec.msgpack.Decoder(Bundle).decode
decode_said = msgspec.msgpack.Decoder(Said).decode
decode_answer = msgspec.msgpack.Decoder(list[Ended | None]).decode
"""What a bundle comes to, piece by piece; None: it never began."""

Post = Callable[[bytes], None]
"""Sends a `Said` to whoever sent the bundle; any thread may call it."""


# --- What happens there -----------------------------------------------------------------------


class RemoteContext(Context):
    """A context whose handler runs on a cluster."""

    def __init__(self, bundle: Bundle, place: int, post: Post) -> None:
        piece = bundle.pieces[place]
        super().__init__(piece.instance, piece.key, piece.attempt, piece.name, self._post)
        self.all: list[LogLine] = []
        """What was said and sent."""
        self.unsaid = 0
        self._counted = 0
        self._bundle, self._place, self._out = bundle.id, place, post
        self._sending = threading.Lock()
        self._coroutine: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None

    def keep(self, level: str, text: str) -> None:
        if self._counted == LINE_COUNT_MAX:
            self.unsaid += 1
            return
        self._counted += 1
        super().keep(level, text)

    def cancel(self) -> None:
        super().cancel()
        if self._coroutine is not None:
            loop, task = self._coroutine
            loop.call_soon_threadsafe(task.cancel)

    def finish(self) -> tuple[LogLine, ...]:
        """All lines; none is kept from now on."""
        return (*self.all, *self.close())

    def complete(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end; it is cancelled when the attempt is."""
        return asyncio.run(self._guarded(coroutine))

    async def _guarded(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        task = asyncio.current_task()
        assert task is not None
        self._coroutine = (asyncio.get_running_loop(), task)
        try:
            if self.cancelled:
                task.cancel()
            return await coroutine
        finally:
            self._coroutine = None

    def _post(self, _: Context, fraction: float | None, lines: tuple[LogLine, ...]) -> None:
        with self._sending:  # a handler may speak from threads of its own
            before = len(self.all)
            self.all += lines
            self._out(encode(Said(self._bundle, self._place, fraction, lines, before)))


class Performance:
    """A bundle under way."""

    def __init__(self, bundle: Bundle, handlers: Handlers, post: Post, told: set[int]) -> None:
        self._bundle = bundle
        self._handlers = handlers
        self._post = post
        self._told = told
        """Places of pieces that are not wanted any more."""
        self._contexts: dict[int, RemoteContext] = {}
        self._lock = threading.Lock()

    def run(self) -> bytes:
        """How each of its attempts ended."""
        ends = [self._perform(place, piece) for place, piece in enumerate(self._bundle.pieces)]
        now = time.monotonic()
        for ended in filter(None, ends):
            ended.ago_s = now - ended.ago_s
        return encode(ends)

    def tell(self, places: Sequence[int], *, is_end: bool) -> None:
        """What has not begun of these never will; `is_end`: and what runs is told to end."""
        with self._lock:
            self._told.update(places)
            running = [self._contexts[place] for place in places if place in self._contexts]
        for context in running if is_end else ():
            context.cancel()

    def _perform(self, place: int, piece: Piece) -> Ended | None:
        with self._lock:
            if place in self._told:
                return None
            context = self._contexts[place] = RemoteContext(self._bundle, place, self._post)
        began = time.monotonic()
        ended = self._ended(piece, context) if piece.timeout_s is None else self._limited(piece, context)
        with self._lock:
            del self._contexts[place]
        ended.ago_s = time.monotonic()
        ended.seconds = ended.ago_s - began
        ended.is_late = piece.timeout_s is not None and ended.seconds >= piece.timeout_s
        return ended

    def _limited(self, piece: Piece, context: RemoteContext) -> Ended:
        """Wait for it in a thread of its own, which is left alone when its time is up."""
        ends: list[Ended] = []
        scope = contextvars.copy_context()
        thread = threading.Thread(
            target=lambda: ends.append(scope.run(self._ended, piece, context)), name="mainspring-attempt", daemon=True
        )
        thread.start()
        thread.join(piece.timeout_s)
        if ends:
            return ends[0]
        context.cancel()
        return Ended(0, 0, context.finish(), context.unsaid, trace=where_is(thread.ident))

    def _ended(self, piece: Piece, context: RemoteContext) -> Ended:
        ended = Ended(0, 0, ())
        try:
            handler = self._find(piece)
            # In a copy, so that no attempt sees what an earlier one left; what the cluster put there it sees.
            ended.output = contextvars.copy_context().run(_call, handler, piece, context, self._bundle.bytes_max)
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its failure, not ours
            ended.failure = failure_of(as_told(error))
        ended.lines, ended.dropped = context.finish(), context.unsaid
        return ended

    def _find(self, piece: Piece) -> Handler[..., Any]:
        try:
            with importing():
                return self._handlers.get(piece.path)
        except HandlerUnknownError as error:
            reason = str(error).partition(" cannot be found: ")[2]
            told = f"the workers of the {self._bundle.kind} cluster must be able to import it: {reason}"
            raise HandlerUnknownError(piece.name, told) from None


def _call(handler: Handler[..., Any], piece: Piece, context: RemoteContext, bytes_max: int) -> bytes:
    current.set(context)
    args, kwargs = handler.decode(piece.payload, context)
    result = handler.function(*args, **kwargs)
    return handler.encode(context.complete(result) if handler.is_async else result, bytes_max)


class Desk:
    """The bundles of one process of a cluster."""

    def __init__(self) -> None:
        self._handlers = Handlers()
        self._under_way: dict[str, Performance] = {}
        self._told: dict[str, set[int]] = {}
        """Of bundles that have not begun here."""
        self._lock = threading.Lock()

    def perform(self, data: bytes, post: Post) -> bytes:
        """Perform a bundle; how its attempts ended is what it returns, whatever they do."""
        bundle = _decode_bundle(data)
        with self._lock:
            performance = Performance(bundle, self._handlers, post, self._told.pop(bundle.id, set()))
            self._under_way[bundle.id] = performance
        try:
            return performance.run()
        finally:
            with self._lock:
                self._under_way.pop(bundle.id, None)

    def tell(self, words: Mapping[str, Sequence[int]], *, is_end: bool) -> list[str]:
        """As `Performance.tell`, of many bundles; returns those of them that are under way here."""
        begun = []
        for id, places in words.items():
            with self._lock:
                performance = self._under_way.get(id)
                if performance is None:
                    self._told.setdefault(id, set()).update(places)
                while len(self._told) > TOLD_COUNT_MAX:
                    del self._told[next(iter(self._told))]
            if performance is not None:
                performance.tell(places, is_end=is_end)
                begun.append(id)
        return begun


desk = Desk()
"""Where what is told of a bundle finds it: clusters call functions, and there is nothing between two calls."""
