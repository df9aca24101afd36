"""The engine: what users hold.  It opens a store, runs a pump and a worker, and hands out instances."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from mainspring import codec
from mainspring.clock import Clock
from mainspring.errors import (
    DefinitionNotFoundError,
    InstanceCancelledError,
    InstanceFailedError,
    PayloadInvalidError,
    SettingInvalidError,
)
from mainspring.handler import Handler
from mainspring.instance import Instance, wait_for
from mainspring.kernel.definitions import Definitions
from mainspring.kernel.kernel import Kernel
from mainspring.kernel.leases import Leases
from mainspring.kernel.placement import Placement
from mainspring.kernel.reader import PAGE_MAX
from mainspring.kernel.records import Await, Begun, Deploy, End, Prune, Start, StartEntry, Tell, end_of
from mainspring.kernel.store import WorkerRow
from mainspring.looking import Looking
from mainspring.models.contract import Deployable, Event
from mainspring.models.machine import StateMachine
from mainspring.models.registry import MODELS
from mainspring.models.task import TaskDocument
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.identity import host_name, is_gone, process_name
from mainspring.runtime.pump import Pump
from mainspring.runtime.worker import Worker
from mainspring.stores.url import open_reader, open_store, store_url

SLOTS = {"async": 2_048, "thread": 64, "process": os.cpu_count() or 1}
"""Attempts at once where nothing else is said: what awaits costs little, a thread some, a process a core."""
LEASE_S = 30.0
"""How long others wait before they take over from a process that has gone silent."""
DRAIN_S = 30.0
"""How long `close` waits for attempts under way."""
PRIORITY_MAX = 1_000_000_000
"""Far more than anybody needs, and far less than what a store cannot count."""
PRUNE_BATCH = 500
"""Instances forgotten in one turn, so that others are not kept waiting."""


class Startable(Protocol):
    """A definition in the notation of its model, such as `Workflow`."""

    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]:
        """The callables it names, so that this process can run them without importing them."""

    def deployable(self) -> Deployable:
        """As the store keeps it; raises `DefinitionInvalidError` with all that is wrong."""


class Engine(Looking):
    """A store with a pump and a worker.

        with Engine("sqlite:///report.db") as engine:
            instance = engine.start(workflow, {"url": "https://…"}, id="report-2026-11-24")
            print(instance.result(timeout_s=60))

    `url`: `sqlite:///file.db`, `sqlite://` (in memory); default `$MAINSPRING_URL`, else `./mainspring.db`.
    `slots`: how many attempts run at once in this process; 0: none, it only starts and asks.
    All methods may be called from any thread.  What a method returns for is durable.

    Raises `StoreInvalidError`, `StoreDeniedError`, `StoreUnavailableError` or `SchemaNewerError` where the store
    cannot be opened.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        slots: int | None = None,
        clock: Clock | None = None,
        lease_s: float = LEASE_S,
        name: str | None = None,
    ) -> None:
        if slots is not None and (not _is_whole(slots) or slots < 0):
            raise SettingInvalidError(f"slots must be a whole number from 0, not {slots!r}")
        if not lease_s > 0:
            raise SettingInvalidError(f"lease_s must be seconds above 0, not {lease_s!r}")
        store = open_store(store_url(url))
        super().__init__(url, clock=clock, reader=open_reader(store))
        self._handlers = Handlers()
        self._known: set[str] = set()
        process = process_name()
        leases = Leases(
            name=name or f"worker-{process.partition('@')[0]}",
            host=host_name(),
            process=process,
            lease_s=lease_s,
            gone=_is_gone,
        )
        limits = SLOTS if slots is None else dict.fromkeys(SLOTS, slots)
        total = sum(limits.values()) if slots is None else slots
        placement = Placement(self._handlers.pool, limits, total)
        kernel = Kernel(store, Definitions(MODELS, self._resolve), placement, leases)
        self._pump = Pump(kernel, self.clock)
        self._worker = Worker(
            self._handlers,
            self._pump.put,
            name=leases.name,
            clock=self.clock,
            threads=max(1, limits["thread"]),
            processes=max(1, limits["process"]),
        )
        self._worker.start()
        self._pump.start(self._worker)
        self._closed = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(drain_s=0.0 if kind is not None and issubclass(kind, KeyboardInterrupt) else DRAIN_S)

    def close(self, *, drain_s: float = DRAIN_S) -> None:
        """Stop in good order: attempts under way get `drain_s` to finish, the rest is given back uncounted."""
        if self._closed:
            return
        self._closed = True
        self._pump.drain()
        self._worker.drain(drain_s)
        self._pump.stop()
        super().close()

    def stop(self) -> None:
        """Stop at once: attempts under way are given up, and given back uncounted; also while `close` waits for them.

        Handlers in threads cannot be ended; they hold the process until they return by themselves.
        """
        self._closed = True
        self._worker.kill()
        self._pump.stop()
        super().close()

    # --- Handlers and definitions -------------------------------------------------------------

    def register(self, function: Callable[..., Any], name: str | None = None) -> Handler[..., Any]:
        """Offer a handler in this process; needed for those that no import leads to, such as lambdas."""
        handler = self._handlers.add(function, name)
        self._pump.offer()
        return handler

    def deploy(self, definition: Startable | type[StateMachine]) -> int:
        """Store a definition and return its version; the same one again is the same version."""
        return int(self._pump.call(Deploy(self._deployable(definition))).result())

    def _deployable(self, definition: Startable | type[StateMachine] | str) -> Deployable:
        definition = definition.machine() if isinstance(definition, type) else definition
        if isinstance(definition, str):
            row = self._reader.find_definition(definition)
            if row is None:
                raise DefinitionNotFoundError(
                    f"no definition {definition!r} in this store; deploy it first, or start the definition itself"
                )
            return Deployable(row.model, row.name, row.digest, row.document)
        if not hasattr(definition, "deployable"):
            raise SettingInvalidError(
                f"{definition!r:.80} is no definition; start a Workflow, or one that was deployed by its name"
            )
        deployable = definition.deployable()
        if deployable.digest not in self._known:
            for name, handler in definition.handlers.items():
                self._handlers.add(handler, name)
            self._known.add(deployable.digest)
            self._pump.offer()
        return deployable

    def _resolve(self, name: str) -> Callable[..., Any]:
        return self._handlers.get(name).function

    # --- Starting -----------------------------------------------------------------------------

    def start(
        self,
        definition: Startable | type[StateMachine] | str,
        input: Any = None,
        *,
        id: str | None = None,
        priority: int = 0,
        delay_s: float = 0.0,
        at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Instance:
        """Start an instance of a definition, or of the newest one of that name.

        With an `id`, starting is idempotent: the same id again is the same instance.  Raises
        `DefinitionInvalidError`, `PayloadInvalidError`, `InstanceExistsError` (the id belongs to another definition).
        """
        return self.start_many(
            definition, [input], ids=[id], priority=priority, delay_s=delay_s, at=at, attributes=attributes
        )[0]

    def start_many(
        self,
        definition: Startable | type[StateMachine] | str,
        inputs: Iterable[Any],
        *,
        ids: Sequence[str | None] | None = None,
        priority: int = 0,
        delay_s: float = 0.0,
        at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> list[Instance]:
        """Start one instance for each input with a single commit: all of them, or none."""
        deployable = self._deployable(definition)
        where = f"input of {deployable.model} {deployable.name!r}"
        payloads = [codec.encode({} if input is None else input, where) for input in inputs]
        return self._begin(deployable, payloads, ids, priority, delay_s, at, attributes, None)

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        id: str | None = None,
        priority: int | None = None,
        delay_s: float | None = None,
        at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Instance:
        """Run one task: `engine.submit(fetch, "https://…", priority=5, delay_s=10)`.

        Named arguments beside the options of this method go to the handler.
        """
        handler = self._handlers.add(function)
        payload = codec.encode(handler.bind(args, kwargs), handler.where)
        return self._submit(handler, [payload], [id], priority, delay_s, at, attributes)[0]

    def submit_many(
        self,
        function: Callable[..., Any],
        arguments: Iterable[Sequence[Any] | Mapping[str, Any]],
        *,
        ids: Sequence[str | None] | None = None,
        priority: int | None = None,
        delay_s: float | None = None,
        at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> list[Instance]:
        """Run one task for each row of arguments (a tuple by position, or a dict by name), with a single commit."""
        handler = self._handlers.add(function)
        payloads = [
            codec.encode(handler.bind((), row) if isinstance(row, Mapping) else handler.bind(row), handler.where)
            for row in arguments
        ]
        return self._submit(handler, payloads, ids, priority, delay_s, at, attributes)

    def _submit(
        self,
        handler: Handler[..., Any],
        payloads: list[bytes],
        ids: Sequence[str | None] | None,
        priority: int | None,
        delay_s: float | None,
        at: datetime | None,
        attributes: Mapping[str, Any] | None,
    ) -> list[Instance]:
        if handler.name not in self._known:
            self._known.add(handler.name)
            self._pump.offer()
        options = handler.options
        document = TaskDocument(
            task=handler.name,
            retries=options.retries,
            timeout_s=options.timeout_s,
            deadline_s=options.deadline_s,
            queue=options.queue,
            requires=options.requires,
        )
        deployable = Deployable("task", handler.name, document.digest, document.encode())
        chosen = options.priority if priority is None else priority
        wait_s = options.delay_s if delay_s is None else delay_s
        return self._begin(deployable, payloads, ids, chosen, wait_s, at, attributes, handler.output_type)

    def _begin(
        self,
        deployable: Deployable,
        payloads: list[bytes],
        ids: Sequence[str | None] | None,
        priority: int,
        delay_s: float,
        at: datetime | None,
        attributes: Mapping[str, Any] | None,
        output_type: Any,
    ) -> list[Instance]:
        if ids is not None and len(ids) != len(payloads):
            raise SettingInvalidError(f"{len(payloads)} inputs, but {len(ids)} ids; give one id (or None) for each")
        if not _is_whole(priority) or not -PRIORITY_MAX <= priority <= PRIORITY_MAX:
            raise SettingInvalidError(
                f"priority must be a whole number from {-PRIORITY_MAX:,} to {PRIORITY_MAX:,}, not {priority!r}"
            )
        if not isinstance(attributes, Mapping | None):
            raise SettingInvalidError(f"attributes must be a dict, not {attributes!r:.80}")
        not_before = self._not_before(delay_s, at)
        labels = None if attributes is None else codec.encode(dict(attributes), "attributes")
        entries = [
            StartEntry(payload, None if ids is None else _checked_id(ids[place]), priority, not_before, labels)
            for place, payload in enumerate(payloads)
        ]
        begun: list[Begun] = self._pump.call(Start(deployable, entries)).result()
        return [Instance(self, row.public_id, row.existed, output_type) for row in begun]

    def _not_before(self, delay_s: float, at: datetime | None) -> float:
        if at is None:
            if not 0 <= delay_s < float("inf"):
                raise SettingInvalidError(f"delay_s must be seconds from 0, not {delay_s!r}")
            return self.clock.now() + delay_s if delay_s else 0.0
        if delay_s:
            raise SettingInvalidError("give delay_s or at, not both")
        if at.tzinfo is None:
            raise SettingInvalidError(
                f"at={at!r} has no time zone; write datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))"
            )
        return at.timestamp()

    # --- Waiting ------------------------------------------------------------------------------

    def gather(
        self, instances: Iterable[Instance], *, timeout_s: float | None = None, return_errors: bool = False
    ) -> list[Any]:
        """The outputs of many instances, in order, as soon as all have ended.

        Raises what `Instance.result` would for the first that ended badly, unless `return_errors` puts the errors in
        the place of the outputs; `ResultTimeoutError` if not all have ended within `timeout_s`.
        """
        wanted = list(instances)
        until = None if timeout_s is None else time.monotonic() + timeout_s
        ends: dict[str, End] = {}
        pending = [instance.id for instance in wanted]
        for _ in range(2):  # most have ended when the last one has, so few are awaited one by one
            for place in range(0, len(pending), PAGE_MAX):
                rows = self._reader.find_ends(pending[place : place + PAGE_MAX])
                ends.update((row.public_id, end_of(row)) for row in rows)
            pending = [id for id in pending if id not in ends]
            if pending:
                ends[pending[-1]] = self._await(pending[-1], until, timeout_s)
        replies = [(id, self._pump.call(Await(id))) for id in pending if id not in ends]
        for id, reply in replies:
            ends[id] = wait_for(reply, id, until, timeout_s)
        outcomes = [instance.outcome(ends[instance.id]) for instance in wanted]
        if not return_errors:
            for outcome in outcomes:
                if isinstance(outcome, InstanceFailedError | InstanceCancelledError):
                    raise outcome
        return outcomes

    def _await(self, id: str, until: float | None, timeout_s: float | None) -> End:
        return wait_for(self._pump.call(Await(id)), id, until, timeout_s)

    # --- Forgetting -----------------------------------------------------------------------------

    def prune(self, older_than_s: float) -> int:
        """Forget instances that ended longer ago than this, with all their history; returns how many went."""
        if older_than_s < 0:
            raise SettingInvalidError(f"older_than_s must be seconds from 0, not {older_than_s!r}")
        before, total = self.clock.now() - older_than_s, 0
        while count := int(self._pump.call(Prune(before, PRUNE_BATCH)).result()):
            total += count
        return total

    # --- For instances ------------------------------------------------------------------------

    def tell(self, id: str, event: Event) -> bool:
        """Deliver an event to an instance and wait until it is durable.

        False: it was left for a process that has the code of the definition.  Raises `RefusedError`.
        """
        return bool(self._pump.call(Tell(id, event)).result())

    def call(self, input: Any) -> Future[Any]:
        """Hand an input to the kernel."""
        return self._pump.call(input)


def _checked_id(id: Any) -> str | None:
    if id is None:
        return None
    if not isinstance(id, str) or not id.strip() or len(id) > 200 or not id.isprintable():
        raise PayloadInvalidError("id", f"expected 1 to 200 printable characters, found {id!r:.60}")
    return id


def _is_gone(worker: WorkerRow) -> bool:
    return is_gone(worker.process)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
