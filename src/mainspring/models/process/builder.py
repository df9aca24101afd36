"""Processes built in Python: each call adds an element after the last one.

process = (
    Process("claim")
    .start("s").service("review", check).exclusive("big?")
    .when("amount > 1000").user("approve", groups="bosses").service("pay", pay).end("paid")
    .back_to("big?").otherwise().connect_to("pay")
)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from msgspec.structs import replace

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.handler import Handler
from mainspring.models.process.definition import Definition, Startable
from mainspring.models.process.document import (
    BOUNDARY,
    CALL,
    CATCH,
    COMPENSATE,
    COMPLEX,
    END,
    EVENT_BASED,
    EXCLUSIVE,
    INCLUSIVE,
    MANUAL,
    PARALLEL,
    RECEIVE,
    SCRIPT,
    SEND,
    SERVICE,
    START,
    SUB_PROCESS,
    TASK,
    TERMINATE,
    THROW,
    TRANSACTION,
    USER,
    Association,
    Body,
    Call,
    Code,
    Datum,
    Document,
    EventDefinition,
    Flow,
    Mapping,
    Node,
    People,
    ProcessPart,
    Script,
    Work,
)
from mainspring.models.process.parts import code, event, loop_of, value


class Process(Definition):
    """A business process: `Process.from_bpmn(path)` reads a file, `Process("claim").start("s")…` builds one.

    Each call adds an element after the last one; `back_to` goes on from an earlier one.  Texts of conditions, loops and
    scripts are FEEL, or `${…}`; other texts are constants unless they begin with `=`.
    """

    def __init__(self, id: str, name: str = "", *, variables: Iterable[str] = ()) -> None:
        super().__init__(Document(id, (ProcessPart(id, name),)))
        self._nodes: dict[str, Node] = {}
        self._flows: list[Flow] = []
        self._associations: list[Association] = []
        self._data = tuple(Datum(name) for name in variables)
        self._last = ""
        self._condition: Code | None = None
        self._is_default = False

    def _changed(self) -> Self:
        """The document says what was built so far."""
        part = self.document.processes[0]
        body = Body(tuple(self._nodes.values()), tuple(self._flows), tuple(self._associations), self._data)
        self.document = Document(self.name, (replace(part, body=body), *self.document.processes[1:]))
        self.__dict__.pop("plan", None)
        return self

    def _add(self, node: Node, *, is_connected: bool = True) -> Self:
        if node.id in self._nodes:
            raise DefinitionInvalidError(self.name, [Problem("another element has this id", node.id)])
        self._nodes[node.id] = node
        if self._last and is_connected:
            self._connect(node.id)
        self._last = node.id
        return self._changed()

    def _connect(self, target: str) -> None:
        source = self._last
        number = sum(flow.source == source and flow.target == target for flow in self._flows)
        id = f"{source}-{target}" + (f"-{number + 1}" if number else "")
        self._flows.append(Flow(id, source, target, condition=self._condition))
        if self._is_default:
            self._nodes[source] = replace(self._nodes[source], default=id)
        self._condition, self._is_default = None, False

    # --- Ways -----------------------------------------------------------------------------------

    def back_to(self, element: str) -> Self:
        """Go on from an element that was added before."""
        if element not in self._nodes:
            raise DefinitionInvalidError(self.name, [Problem("there is no element of this id", element)])
        self._last = element
        self._condition, self._is_default = None, False
        return self

    def apart(self) -> Self:
        """What is added next is not connected to what was added last."""
        self._last = ""
        return self

    def when(self, condition: str) -> Self:
        """The next flow is taken if this holds."""
        self._condition, self._is_default = code(condition), False
        return self

    def otherwise(self) -> Self:
        """The next flow is taken if no other is."""
        self._condition, self._is_default = None, True
        return self

    def connect_to(self, element: str) -> Self:
        """A flow to an element that was added before, or will be."""
        self._connect(element)
        return self._changed()

    # --- Tasks ----------------------------------------------------------------------------------

    def task(self, id: str, **options: Any) -> Self:
        """Something that is done by the mere coming of a token."""
        return self._add(Node(id, TASK, **self._options(options)))

    def manual(self, id: str, **options: Any) -> Self:
        """Something that people do without the process."""
        return self._add(Node(id, MANUAL, **self._options(options)))

    def service(
        self, id: str, handler: Callable[..., Any] | str, *, retries: int = 0, retry_delay_s: float = 0.0,
        result: str = "", timeout_s: float | None = None, memory_max_mb: float | None = None, queue: str = "default",
        priority: int = 0, **options: Any,
    ) -> Self:  # fmt: skip
        """What a handler does: a callable, or the name under which another process has it.

        It gets the variables that its parameters name; what it returns becomes variables: the entries of an object, or
        one value under the name `result`.
        """
        name = self._handler(id, handler)
        work = Work(
            name,
            retries,
            retry_delay_s,
            result=result,
            queue=queue,
            priority=priority,
            timeout_s=timeout_s,
            memory_max_mb=memory_max_mb,
        )
        return self._add(Node(id, SERVICE, work=work, **self._options(options)))

    def _handler(self, id: str, handler: Callable[..., Any] | str) -> str:
        """The name of a handler; two callables of one name, such as closures, are told apart by their elements."""
        if isinstance(handler, str):
            return handler
        name = Handler.of(handler).name
        if self.functions.get(name, handler) is not handler:
            name = f"{name}@{id}"
        self.functions[name] = handler
        return name

    def script(self, id: str, text: str, *, result: str = "", **options: Any) -> Self:
        """An expression whose value becomes a variable, or, of a context, several."""
        return self._add(Node(id, SCRIPT, script=Script(code(text), result), **self._options(options)))

    def user(
        self, id: str, *, assignee: str | None = None, users: str | Iterable[str] | None = None,
        groups: str | Iterable[str] | None = None, due: str | None = None, follow_up: str | None = None,
        priority: int | str | None = None, form: str = "", schema: Any = None, **options: Any,
    ) -> Self:  # fmt: skip
        """What a person does; `due` and `follow_up` are dates, or durations such as `P3D`; `schema` is JSON Schema."""
        people = People(
            value(assignee), value(users), value(groups), value(due), value(follow_up),
            value(None if priority is None else str(priority)), form, schema,
        )  # fmt: skip
        return self._add(Node(id, USER, people=people, **self._options(options)))

    def send(self, id: str, message: str, *, key: str | None = None, **options: Any) -> Self:
        """Send a message; `key` is an expression, by default the key of the instance."""
        return self._add(Node(id, SEND, events=(event(message=message, key=key),), **self._options(options)))

    def receive(self, id: str, message: str, *, key: str | None = None, **options: Any) -> Self:
        """Wait for a message."""
        return self._add(Node(id, RECEIVE, events=(event(message=message, key=key),), **self._options(options)))

    def call(self, id: str, called: str | Startable, *, gives: bool = True, takes: bool = True, **options: Any) -> Self:
        """Run another definition: a process by its id, `workflow:name`, `machine:name`, or the definition itself."""
        if not isinstance(called, str):
            self.uses = (*self.uses, called)
            deployable = called.deployable()
            called = deployable.name if deployable.model == "process" else f"{deployable.model}:{deployable.name}"
        element = value(called)
        assert element is not None
        return self._add(Node(id, CALL, call=Call(element, gives, takes), **self._options(options)))

    # --- Sub-processes --------------------------------------------------------------------------

    def sub_process(self, id: str, inside: Process, *, transaction: bool = False, **options: Any) -> Self:
        """What another process was built of, inside of this one."""
        self._take_over(inside)
        kind = TRANSACTION if transaction else SUB_PROCESS
        return self._add(Node(id, kind, body=inside.document.part.body, **self._options(options)))

    def on_event(self, id: str, inside: Process) -> Self:
        """An event sub-process; its start event says what it waits for."""
        self._take_over(inside)
        last = self._last
        self._add(Node(id, SUB_PROCESS, body=inside.document.part.body, by_event=True), is_connected=False)
        self._last = last
        return self

    def _take_over(self, inside: Process) -> None:
        clashing = [name for name, each in inside.functions.items() if self.functions.get(name, each) is not each]
        if clashing:
            raise DefinitionInvalidError(
                self.name,
                [Problem("two different handlers have this name; give one another", name) for name in clashing],
            )
        self.functions.update(inside.functions)
        self.uses = (*self.uses, *inside.uses)

    # --- Gateways -------------------------------------------------------------------------------

    def exclusive(self, id: str, **options: Any) -> Self:
        """One way: the first whose condition holds."""
        return self._add(Node(id, EXCLUSIVE, **options))

    def parallel(self, id: str, **options: Any) -> Self:
        """All ways; and where ways meet, all are waited for."""
        return self._add(Node(id, PARALLEL, **options))

    def inclusive(self, id: str, **options: Any) -> Self:
        """All ways whose condition holds; and where ways meet, those that can still come are waited for."""
        return self._add(Node(id, INCLUSIVE, **options))

    def complex(self, id: str, activation: str | None = None, **options: Any) -> Self:
        """Where ways meet, it goes on when `activation` holds, which may ask for `activationCount`."""
        return self._add(Node(id, COMPLEX, activation=None if activation is None else code(activation), **options))

    def event_based(self, id: str, **options: Any) -> Self:
        """The first of the events that follow decides."""
        return self._add(Node(id, EVENT_BASED, **options))

    # --- Events ---------------------------------------------------------------------------------

    def start(self, id: str, *, interrupting: bool = True, **what: Any) -> Self:
        """Where it begins; with `message`, `signal`, `after`, `error` and so on: what it begins by."""
        events = (event(**what),) if what else ()
        return self._add(Node(id, START, events=events, interrupting=interrupting), is_connected=False)

    def end(
        self, id: str, *, terminate: bool = False, compensate: bool = False, cancel: bool = False, **what: Any
    ) -> Self:
        """Where a token ends; it may throw a `message`, a `signal`, an `error` or an `escalation`."""
        events: tuple[EventDefinition, ...] = (event(**what),) if what else ()
        for kind, wanted in ((TERMINATE, terminate), (COMPENSATE, compensate), ("cancel", cancel)):
            events += (EventDefinition(kind),) if wanted else ()
        self._add(Node(id, END, events=events))
        self._last = ""
        return self

    def wait(self, id: str, **what: Any) -> Self:
        """Wait for a message, a signal, a time or a condition."""
        return self._add(Node(id, CATCH, events=(event(**what),)))

    def throw(self, id: str, *, compensate: bool = False, activity: str = "", **what: Any) -> Self:
        """Throw a message, a signal or an escalation, or compensate, and go on."""
        thrown = EventDefinition(COMPENSATE, activity=activity) if compensate else event(**what)
        return self._add(Node(id, THROW, events=(thrown,)))

    def on(self, id: str, activity: str, *, interrupting: bool = True, **what: Any) -> Self:
        """An event at the edge of an activity; what is added next follows it."""
        node = Node(id, BOUNDARY, events=(event(**what),), attached_to=activity, interrupting=interrupting)
        return self._add(node, is_connected=False)

    def on_cancel(self, id: str, transaction: str) -> Self:
        """The event by which a cancelled transaction is left."""
        node = Node(id, BOUNDARY, events=(EventDefinition("cancel"),), attached_to=transaction)
        return self._add(node, is_connected=False)

    def undo(self, activity: str, id: str, handler: Callable[..., Any] | str, **work: Any) -> Self:
        """What compensates an activity: a handler that is called if it is to be undone."""
        last = self._last
        boundary = f"{id}-event"
        event_of = (EventDefinition(COMPENSATE),)
        self._add(Node(boundary, BOUNDARY, events=event_of, attached_to=activity), is_connected=False)
        self._last = ""
        self._add(Node(id, SERVICE, work=Work(self._handler(id, handler), **work), for_compensation=True))
        self._associations.append(Association(f"{boundary}-{id}", boundary, id))
        self._last = last
        return self._changed()

    # --- Options of activities ------------------------------------------------------------------

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Loops and mappings, which every activity may have."""
        found = dict(options)
        inputs, outputs = found.pop("inputs", None), found.pop("outputs", None)
        loop = loop_of(found)
        if loop is not None:
            found["loop"] = loop
        for name, given in (("inputs", inputs), ("outputs", outputs)):
            if given is not None:
                found[name] = tuple(Mapping(code(source), target) for target, source in given.items())
        return found
