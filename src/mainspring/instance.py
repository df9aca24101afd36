"""The handle of an instance: wait for it, steer it, look into it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

import msgspec

from mainspring import codec
from mainspring.case import Case
from mainspring.errors import (
    InstanceCancelledError,
    InstanceFailedError,
    InstanceNotFoundError,
    RefusedError,
    ResultTimeoutError,
)
from mainspring.history import Entry, Node, TaskTime, entries_of, nodes_of, timeline_of
from mainspring.kernel.lifecycle import CANCELLED, ENDED, FAILED
from mainspring.kernel.reader import InstanceView, LogView
from mainspring.kernel.records import Ask, Await, End, Tell, end_of
from mainspring.models.contract import (
    CancelRequested,
    Failure,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    Signal,
)
from mainspring.models.machine.document import KINDS
from mainspring.models.machine.event import event_name
from mainspring.models.machine.outcome import Outcome

if TYPE_CHECKING:
    from concurrent.futures import Future

FOLLOW_S = 0.1
"""How often `follow` looks for more."""
LOGS_MAX = 100_000
DECODERS_MAX = 256
"""Types of outputs whose decoders are kept: to make one takes ten times as long as to use it."""


@dataclass(frozen=True, slots=True)
class Info:
    """An instance at one moment."""

    id: str
    model: str
    definition: str
    version: int
    status: str
    parent: str | None
    parent_key: str | None
    """Under which the parent started it: the key of a node, or of an item of a map (`parts/3`)."""
    priority: int
    attributes: dict[str, Any]
    created_at: datetime
    ended_at: datetime | None
    output: Any
    """What it returned, once completed."""
    failure: Failure | None
    reason: str
    """Why it was cancelled."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some instances, newest first."""

    items: tuple[Info, ...]
    next: str | None
    """Give this as `after` for the next page; None: there is none."""

    def __iter__(self) -> Iterator[Info]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class Instance(Case, frozen=True, gc=False, eq=False):
    """One running (or ended) case of a definition.  `await instance` and `instance.result()` give its output."""

    existed: bool
    """Whether it was there before under the same id."""
    _output_type: Any

    def __repr__(self) -> str:
        return f"<instance {self.id}>"

    # --- Waiting ------------------------------------------------------------------------------

    def result(self, timeout_s: float | None = None) -> Any:
        """Its output, as soon as it has completed.

        Raises `InstanceFailedError` or `InstanceCancelledError` if it ended so, and `ResultTimeoutError` if it has
        not ended within `timeout_s`.
        """
        return self._value(self._end(timeout_s))

    @overload
    def wait(self, *, timeout_s: float | None = None) -> str: ...
    @overload
    def wait(self, timeout_s: float | None, /) -> str: ...
    @overload
    def wait(self, state: str, timeout_s: float | None = None) -> str: ...
    def wait(self, state: str | float | None = None, timeout_s: float | None = None) -> str:
        """The status in which it ends; with the name of a machine's state: its status once that is active.

        Raises `ResultTimeoutError`, and `RefusedError` where a machine ends without having come to that state.
        """
        if isinstance(state, str):
            return self._wait_in(state, timeout_s)
        return self._end(timeout_s if state is None else state).status

    def ending(self) -> Future[End]:
        """Done when it has ended, for those who have something to do meanwhile."""
        future: Future[End] = self._engine.call(Await((self.id,)))
        return future

    def __await__(self) -> Generator[Any, None, Any]:
        return self._result_async().__await__()

    async def _result_async(self) -> Any:
        ended = self._ended()
        if ended is None:
            import asyncio

            ended = await asyncio.wrap_future(self.ending())
        return self._value(ended)

    def _end(self, timeout_s: float | None) -> End:
        ended = self._ended()
        if ended is not None:
            return ended
        until = None if timeout_s is None else time.monotonic() + timeout_s
        return wait_for(self.ending(), self.id, until, timeout_s)

    def _ended(self) -> End | None:
        row = self._engine.reader.find_end(self.id)
        return None if row is None else end_of(row)

    def _value(self, end: End) -> Any:
        value = self.outcome(end)
        if isinstance(value, InstanceFailedError | InstanceCancelledError):
            raise value
        return value

    def outcome(self, end: End) -> Any:
        """The output of an end, or the error that says how it ended otherwise."""
        if end.status == FAILED:
            return InstanceFailedError(self.id, end.failure)
        if end.status == CANCELLED:
            return InstanceCancelledError(self.id, end.reason)
        output = end.output or b"null"
        if self._output_type is None:
            return msgspec.json.decode(output)
        try:
            return _kept_decoder_of(self._output_type)(output)
        except (TypeError, msgspec.ValidationError):  # a type that cannot be a key, or one that it is not of
            return _as_far_as_it_goes(output, self._output_type)

    # --- Steering -----------------------------------------------------------------------------
    # Each is durable when it returns, harmless when asked twice, and raises `RefusedError` where it makes no sense.
    # True: it is done.  False: this process does not have the code of the definition; one that has will do it.

    def cancel(self, reason: str = "") -> bool:
        """End it now; attempts under way are told to stop.  Raises `RefusedError` if it has ended otherwise."""
        return self._engine.tell(self.id, CancelRequested(codec.storable(reason)))

    def pause(self, reason: str = "") -> bool:
        """Begin nothing more; attempts under way go on."""
        return self._engine.tell(self.id, PauseRequested(codec.storable(reason)))

    def resume(self) -> bool:
        """Go on after `pause`."""
        return self._engine.tell(self.id, ResumeRequested())

    def retry(self) -> bool:
        """Run again what failed, or was cancelled; what completed is kept."""
        return self._engine.tell(self.id, RetryRequested())

    def rerun(self, node: str) -> bool:
        """Run a node again, and all that depends on it."""
        return self._engine.tell(self.id, RerunRequested(node))

    # --- State machines -----------------------------------------------------------------------

    def send(self, event: str, data: Any = None, /, *, event_id: str = "", **fields: Any) -> Outcome | None:
        """Send an event to a state machine; returns what it led to, once that is durable.

        `fields` are its data by name.  With an `event_id`, sending is idempotent: what became of the first is told
        again.  None: the code of the machine is not in this process; another one will take the event.
        Raises `RefusedError`, with the reason, where the machine does not take it; then nothing has changed.  Raises
        `InstanceFailedError` where an error that nothing handles stops the machine; it keeps its configuration, and
        once `retry` has let it go on, the event may be sent again, under the same id too.
        """
        return self.sending(event, data, event_id=event_id, **fields).result()

    def sending(self, event: str, data: Any = None, /, *, event_id: str = "", **fields: Any) -> Future[Outcome | None]:
        """The same without waiting; events that one thread sends are taken in their order."""
        payload = codec.encode(fields if data is None and fields else data, f"data of event {event!r}")
        reply: Future[Outcome | None] = self._engine.call(
            Tell(self.id, Signal(event_name(event), msgspec.Raw(payload), event_id))
        )
        return reply

    @property
    def configuration(self) -> tuple[str, ...]:
        """The ids of all active states of a machine, in document order."""
        return tuple(node.key for node in self._active())

    @property
    def state(self) -> str:
        """The innermost active state of a machine; of parallel ones all, joined by commas."""
        active = self._active()
        around = {parent for node in active for parent in node.parents}
        return ", ".join(node.key for node in active if node.key not in around)

    def _active(self) -> list[Node]:
        return [node for node in self.nodes() if node.kind in KINDS and node.status in ("running", "completed")]

    def available(self) -> list[str]:
        """The events that a machine would take now, if they carried no data; its code must be in this process."""
        return list(self._engine.call(Ask(self.id)).result().available)

    def _wait_in(self, state: str, timeout_s: float | None) -> str:
        until = None if timeout_s is None else time.monotonic() + timeout_s
        view, seen = self._view(), 0
        while True:
            ended = view.status in ENDED
            entries = entries_of(self._engine.reader, view.number, seen)
            seen = entries[-1].seq if entries else seen
            if (entries or ended) and state in self.configuration:
                return view.status
            if ended:
                raise RefusedError(f"instance {self.id!r} has ended, and {state!r} is not active: it is {self.state!r}")
            if until is not None and time.monotonic() >= until:
                raise ResultTimeoutError(self.id, timeout_s or 0.0, f"come from {self.state!r} to {state!r}")
            time.sleep(FOLLOW_S / 5)
            view = self._view()

    # --- Looking ------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        return self._view().status

    def info(self) -> Info:
        return info_of(self._view())

    def children(self) -> list[Instance]:
        """The instances that it started."""
        views = self._engine.reader.list_children(self._view().number)
        return [Instance(self._engine, view.public_id, True, None) for view in views]

    def journal(self, after: int = 0) -> list[Entry]:
        """All that happened to it, and what was decided, after entry number `after`."""
        return entries_of(self._engine.reader, self._view().number, after)

    def timeline(self) -> list[TaskTime]:
        """Each task with its attempts: ready, started, finished, error."""
        return timeline_of(self._engine.reader, self._view())

    def nodes(self) -> list[Node]:
        """Each node of its definition with its status."""
        return nodes_of(self._engine.reader, self._view())

    def logs(self) -> list[LogView]:
        """What its tasks said, in order."""
        return self._engine.reader.list_logs(self._view().number, LOGS_MAX)

    def follow(self, after: int = 0) -> Iterator[list[Entry]]:
        """New entries as they are committed, by any process, until it has ended; an empty list now and then."""
        number, reader = self._view().number, self._engine.reader
        while True:
            ended = self._view().status in ENDED
            entries = entries_of(reader, number, after)
            if entries:
                after = entries[-1].seq
            yield entries
            if ended and not entries:
                return
            if not entries:
                time.sleep(FOLLOW_S)

    def _view(self) -> InstanceView:
        view = self._engine.reader.find_instance(self.id)
        if view is None:
            raise InstanceNotFoundError(self.id)
        return view


def _as_far_as_it_goes(output: bytes, output_type: Any) -> Any:
    """JSON as a value of a type; as plain JSON where it is not of that, or that is no type of JSON."""
    try:
        return msgspec.json.decode(output, type=output_type)
    except (TypeError, msgspec.ValidationError):
        return msgspec.json.decode(output)


@lru_cache(DECODERS_MAX)
def _kept_decoder_of(output_type: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(output_type).decode


def wait_for(reply: Future[Any], id: str, until: float | None, timeout_s: float | None) -> End:
    """The end of an instance; raises `ResultTimeoutError` when it has not come by `until` (monotonic seconds)."""
    try:
        end: End = reply.result(left_s(until))
    except TimeoutError:
        reply.cancel()
        raise ResultTimeoutError(id, timeout_s or 0.0) from None
    return end


def left_s(until: float | None) -> float | None:
    """Seconds until a moment of the monotonic clock, 0 if it has passed; None: as long as it takes."""
    return None if until is None else min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)


def info_of(view: InstanceView) -> Info:
    return Info(
        id=view.public_id,
        model=view.model,
        definition=view.definition,
        version=view.version,
        status=view.status,
        parent=view.parent,
        parent_key=view.parent_key,
        priority=view.priority,
        attributes=msgspec.json.decode(view.attributes) if view.attributes else {},
        created_at=datetime.fromtimestamp(view.created_at, UTC),
        ended_at=None if view.ended_at is None else datetime.fromtimestamp(view.ended_at, UTC),
        output=None if view.output is None else msgspec.json.decode(view.output),
        failure=None if view.error is None else msgspec.json.decode(view.error, type=Failure),
        reason=view.reason or "",
    )
