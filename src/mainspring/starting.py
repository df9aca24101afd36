"""Starting: handlers and definitions that this process has, and instances begun of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol
from warnings import warn

from mainspring import codec
from mainspring.errors import BrokenError, DefinitionNotFoundError, DefinitionOddWarning, Problem, SettingInvalidError
from mainspring.handler import Handler
from mainspring.instance import Instance
from mainspring.keeping import KEPT, with_keeper
from mainspring.kernel.definitions import Definitions
from mainspring.kernel.enlist import enlist
from mainspring.kernel.records import Begun, Deploy, Start, StartEntry
from mainspring.looking import Looking
from mainspring.models.contract import Deployable
from mainspring.models.machine.notation import StateMachine
from mainspring.models.registry import MODELS
from mainspring.models.schedule.model import ZONES_NAME
from mainspring.models.task import TaskDocument
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.pump import Pump
from mainspring.stores.guests import guest
from mainspring.terms import Terms, checked_id, read_terms


class Startable(Protocol):
    """A definition in the notation of its model, such as `Workflow`."""

    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]:
        """The callables it names, so that this process can run them without importing them."""

    def deployable(self) -> Deployable:
        """As the store keeps it; raises `DefinitionInvalidError` with all that is wrong."""


class Starting(Looking):
    """What can be begun in a store; `Engine` adds who does it, and who waits for it."""

    _handlers: Handlers
    _pump: Pump
    _known: set[str]
    """Digests of definitions, and names of handlers, that this process has offered."""
    _kept: dict[str, Deployable]
    """Processes by their digest, with their keepers."""

    # --- Handlers and definitions -------------------------------------------------------------

    def register(self, function: Callable[..., Any], name: str | None = None) -> Handler[..., Any]:
        """Offer a handler in this process; needed for those that no import leads to, such as lambdas."""
        handler = self._handlers.add(function, name)
        self._pump.offer()
        return handler

    @property
    def handlers(self) -> list[Handler[..., Any]]:
        """Those that were registered here, or came with definitions."""
        return [self._handlers.get(name) for name in self._handlers.names()]

    def deploy(self, definition: Startable | type[StateMachine]) -> int:
        """Store a definition and return its version; the same one again is the same version.

        What a process names and is not here (handlers, other processes) is told as a `DefinitionOddWarning`: it may be
        elsewhere, or come later.
        """
        version = int(self._pump.call(Deploy(self._deployable(definition))).result())
        absent: Callable[[Collection[tuple[str, str]]], list[Problem]] | None = getattr(definition, "absent", None)
        for each in () if absent is None else absent(self._reader.list_definitions()):
            warn(str(each), DefinitionOddWarning, stacklevel=2)
        return version

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
        return self._with_keeper(deployable) if deployable.model == KEPT else deployable

    def _with_keeper(self, deployable: Deployable) -> Deployable:
        known = self._kept.get(deployable.digest)
        if known is None:
            has_zones = not deployable.times or self._reader.find_definition(ZONES_NAME) is not None
            known = self._kept[deployable.digest] = with_keeper(deployable, self.clock.now(), has_zones=has_zones)
        return known

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
        group: str | None = None,
        key: str = "",
        unique: str | None = None,
        unique_s: float | None = None,
        debounce_s: float | None = None,
        connection: Any = None,
    ) -> Instance:
        """Start an instance of a definition, or of the newest one of that name.

        With an `id`, starting is idempotent: the same id again is the same instance.  With a `unique` key it is so
        while that instance lives, and for `unique_s` seconds after it was started; with `debounce_s` it begins so long
        after it was asked for last, and one whose time to begin has not come yet gives way to the new one.
        `key`: by which messages find a process; it may be the same for several, and is an attribute of the instance.
        `connection`: of psycopg, of SQLAlchemy on psycopg, or of apsw, to the same database: it begins if and when
        the transaction commits that is open there.
        Raises `DefinitionInvalidError`, `PayloadInvalidError`, `InstanceExistsError` (the id belongs to another
        definition).
        """
        terms = read_terms(
            now=self.clock.now(),
            priority=priority,
            delay_s=delay_s,
            at=at,
            attributes=attributes,
            group=group,
            key=key,
            unique=unique,
            unique_s=unique_s,
            debounce_s=debounce_s,
        )
        return self._start(definition, [input], [id], terms, connection)[0]

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
        group: str | None = None,
        key: str = "",
        connection: Any = None,
    ) -> list[Instance]:
        """Start one instance for each input with a single commit: all of them, or none."""
        terms = read_terms(
            now=self.clock.now(), priority=priority, delay_s=delay_s, at=at, attributes=attributes, group=group, key=key
        )
        return self._start(definition, inputs, ids, terms, connection)

    def _start(
        self,
        definition: Startable | type[StateMachine] | str,
        inputs: Iterable[Any],
        ids: Sequence[str | None] | None,
        terms: Terms,
        connection: Any,
    ) -> list[Instance]:
        deployable = self._deployable(definition)
        where = f"input of {deployable.model} {deployable.name!r}"
        payloads = [codec.encode({} if input is None else input, where) for input in inputs]
        return self._begin(deployable, payloads, ids, terms, None, connection)

    def submit(
        self,
        function: Callable[..., Any] | str,
        *args: Any,
        id: str | None = None,
        priority: int | None = None,
        delay_s: float | None = None,
        at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
        group: str | None = None,
        unique: str | None = None,
        unique_s: float | None = None,
        debounce_s: float | None = None,
        expires_s: float | None = None,
        connection: Any = None,
        **kwargs: Any,
    ) -> Instance:
        """Run one task: `engine.submit(fetch, "https://…", priority=5, delay_s=10)`.

        Named arguments beside the options of this method go to the handler.  `id`, `unique`, `unique_s`, `debounce_s`
        and `connection` are as with `start`.  A task that no worker has begun `expires_s` seconds after it could have
        begun fails.  A handler that is not here may be given by the name under which others have it; then nothing is
        known of it, and all arguments are named.
        """
        handler = self._to_submit(function)
        payload = handler.payload(args, kwargs)
        terms = self._terms(
            handler,
            priority,
            delay_s,
            at=at,
            attributes=attributes,
            group=group,
            unique=unique,
            unique_s=unique_s,
            debounce_s=debounce_s,
            expires_s=expires_s,
        )
        return self._submit(handler, [payload], [id], terms, connection)[0]

    def submit_many(
        self,
        function: Callable[..., Any] | str,
        arguments: Iterable[Sequence[Any] | Mapping[str, Any]],
        *,
        ids: Sequence[str | None] | None = None,
        priority: int | None = None,
        delay_s: float | None = None,
        at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
        group: str | None = None,
        connection: Any = None,
    ) -> list[Instance]:
        """Run one task for each row of arguments (a tuple by position, or a dict by name), with a single commit."""
        handler = self._to_submit(function)
        payloads = [
            handler.payload((), row) if type(row) is not tuple and isinstance(row, Mapping) else handler.payload(row)
            for row in arguments
        ]
        terms = self._terms(handler, priority, delay_s, at=at, attributes=attributes, group=group)
        return self._submit(handler, payloads, ids, terms, connection)

    def _to_submit(self, function: Callable[..., Any] | str) -> Handler[..., Any]:
        if not isinstance(function, str):
            return self._handlers.add(function)
        return self._handlers.added(function) or Handler(elsewhere, name=function)

    def _terms(
        self,
        handler: Handler[..., Any],
        priority: int | None,
        delay_s: float | None,
        **rest: Any,
    ) -> Terms:
        """What is said here, else what the handler says of itself."""
        options = handler.options
        return read_terms(
            now=self.clock.now(),
            priority=options.priority if priority is None else priority,
            delay_s=options.delay_s if delay_s is None else delay_s,
            **rest,
        )

    def _submit(
        self,
        handler: Handler[..., Any],
        payloads: list[bytes],
        ids: Sequence[str | None] | None,
        terms: Terms,
        connection: Any,
    ) -> list[Instance]:
        return self._begin(self._task(handler), payloads, ids, terms, handler.output_type, connection)

    def _task(self, handler: Handler[..., Any]) -> Deployable:
        """The definition of a standalone task of a handler, which is offered here."""
        if handler.name not in self._known:
            self._known.add(handler.name)
            self._pump.offer()
        options = handler.options
        if options.requires:
            # The language of expressions is loaded by those who have a requirement.
            problem = import_module("mainspring.models.requirement").problem_of(options.requires)
            if problem:
                raise SettingInvalidError(f"{handler.where}: requires: {problem}")
        document = TaskDocument(
            task=handler.name,
            retries=options.retries,
            timeout_s=options.timeout_s,
            deadline_s=options.deadline_s,
            queue=options.queue,
            requires=options.requires,
            executor=options.executor,
            memory_max_mb=options.memory_max_mb,
        )
        return Deployable("task", handler.name, document.digest, document.encode())

    def _begin(
        self,
        deployable: Deployable,
        payloads: list[bytes],
        ids: Sequence[str | None] | None,
        terms: Terms,
        output_type: Any,
        connection: Any,
    ) -> list[Instance]:
        if ids is not None and len(ids) != len(payloads):
            raise SettingInvalidError(f"{len(payloads)} inputs, but {len(ids)} ids; give one id (or None) for each")
        entries = [
            StartEntry(payload, None if ids is None else checked_id(ids[place]), *terms)
            for place, payload in enumerate(payloads)
        ]
        begun: list[Begun]
        if connection is None:
            begun = self._pump.call(Start(deployable, entries)).result()
        else:
            begun = self._enlist(deployable, entries, connection)
        return [Instance(self, row.public_id, row.existed, output_type) for row in begun]

    def _enlist(self, deployable: Deployable, entries: list[StartEntry], connection: Any) -> list[Begun]:
        """Begin instances in a transaction of the caller."""
        if any(entry.once is not None for entry in entries):
            raise SettingInvalidError(
                "unique and debounce_s do not go together with connection: what another transaction has begun cannot be"
                " seen before it ends; give an id"
            )
        with guest(self.url, connection) as store:
            return enlist(store, Definitions(MODELS, self._resolve), deployable, entries, self.clock.now())


def elsewhere(**arguments: Any) -> Any:
    """What stands for a handler that only other processes have; it is never called."""
    raise BrokenError(f"a handler that is not here was called with {sorted(arguments)}")
