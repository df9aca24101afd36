"""Machines written as classes.

    class Approval(StateMachine):
        draft = State(initial=True)
        review = State(enter="notify_reviewer", after={"3d": "escalated"})
        escalated, approved, rejected = State(), State(final=True), State(final=True)

        submit = draft.to(review, when="data_ready")
        approve = review.to(approved, when="amount < limit or boss") | escalated.to(approved)
        reject = (review | escalated).to(rejected)

        def notify_reviewer(self, event): ...

The names of the class body are the ids of states and the names of events.  A text for a condition is the name of a
method if there is one of that name, and otherwise an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import currentframe
from typing import Any, ClassVar, overload

from msgspec import ValidationError, convert, structs

from mainspring.errors import Problem
from mainspring.handler import Handler
from mainspring.models.machine import document as written
from mainspring.models.machine.data_type import data_of
from mainspring.models.machine.definition import Definition, Machine
from mainspring.models.machine.document import AnyAction, Call, Document, Transition
from mainspring.models.machine.invocation import TASK
from mainspring.models.machine.live import LiveMachine
from mainspring.models.machine.outcome import Outcome
from mainspring.models.machine.text import located

Do = str | Callable[..., Any] | Mapping[str, Any] | AnyAction
"""An action: the name of a method, a callable, or an action as data."""
Dos = Do | Sequence[Do] | None
TASK_OPTIONS = ("retries", "timeout_s", "priority", "queue", "requires", "executor", "memory_max_mb")
"""What a handler may say of itself that is kept where it is invoked."""

Target = Definition | Callable[..., Any]
"""What can be invoked: a workflow or another machine, or the function of a task."""


class State:
    """A state; what it is called in the class body is its id, and `place` where it is written.

    `inside`: the states within it, one of which is active while it is; with `parallel` all of them are.
    `initial`: the one among its neighbours that is entered first; without any, the first one.
    `final`: entering it ends what is around it.  `history`: `shallow` or `deep`; leads back to what was active.
    `enter`, `exit`: actions.  `after`: a delay such as `3d`, and the state to go to then.
    """

    def __init__(
        self,
        *,
        inside: Iterable[State] = (),
        initial: bool = False,
        final: bool = False,
        parallel: bool = False,
        history: str = "",
        enter: Dos = None,
        exit: Dos = None,  # noqa: A002 - the word of the field
        after: Mapping[str, str | State] | None = None,
        done: str = "",
        invoke: Invokable | Sequence[Invokable] = (),
        description: str = "",
        tags: Iterable[str] = (),
        meta: Any = None,
    ) -> None:
        self.id = ""
        self.place = _place()
        self.inside = tuple(inside)
        self.initial = initial
        self.final, self.parallel, self.history = final, parallel, history
        self.enter, self.exit = enter, exit
        self.after = dict(after or {})
        self.done = done
        """An expression: the data of the done event that entering this final state gives."""
        self.invoke = (invoke,) if not isinstance(invoke, Sequence) else tuple(invoke)
        self.description = description
        self.tags, self.meta = tuple(tags), meta
        self.ways: list[Way] = []

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = self.id or name

    def __repr__(self) -> str:
        return f"<State {self.id}>"

    def __or__(self, other: State | States) -> States:
        return States((self,)) | other

    def to(self, *targets: State | str, **how: Any) -> Transitions:
        """A transition to one state, or to several in different regions; to none: only its actions are done.

        A state can be given by its name too, for one that is written further down.  `when`: a condition.  `do`:
        actions.  `event`: descriptors, where the name in the class body is not meant; a transition that has neither is
        taken as soon as its condition holds.  `internal`: the state is not left.
        """
        return States((self,)).to(*targets, **how)

    @property
    def kind(self) -> str:
        chosen = {written.FINAL: self.final, written.PARALLEL: self.parallel, self.history: bool(self.history)}
        return next((kind for kind, is_so in chosen.items() if is_so), written.STATE)


class Invoke:
    """What runs while a state is active: `Invoke(charge, "order", amount="price * count")`.

    `target`: a task, a workflow or another machine.  `names`: data that it is given under their own names;
    `parameters`: expressions by name.  Its result arrives as the event `done.invoke.<id>`, its failure as
    `error.invoke.<id>`; `id` is its name if nothing else is said.  Leaving the state cancels it.
    `autoforward`: a machine gets a copy of each event.  `finalize`: actions before transitions see an event of it.
    """

    def __init__(
        self,
        target: Target,
        /,
        *names: str,
        id: str = "",
        autoforward: bool = False,
        finalize: Dos = None,
        **parameters: str,
    ) -> None:
        self.target = target
        self.names = names
        self.id = id
        self.autoforward = autoforward
        self.finalize = finalize
        self.parameters = parameters


Invokable = Target | Invoke | Mapping[str, Any]


def _place() -> str:
    """`file:line` of what is outside of this file, and calls into it."""
    frame = currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


class States(tuple[State, ...]):
    """Several states that have transitions in common: `(review | escalated).to(rejected)`."""

    __slots__ = ()

    def __or__(self, other: State | States) -> States:
        return States((*self, *((other,) if isinstance(other, State) else other)))

    def to(
        self,
        *targets: State | str,
        event: str = "",
        when: str | Callable[..., Any] = "",
        do: Dos = None,
        internal: bool = False,
    ) -> Transitions:
        """The same transition from each of them."""
        ways = [Way(source, targets, event, when, do, internal) for source in self]
        for way in ways:
            way.source.ways.append(way)
        return Transitions(ways)


class Way:
    """One transition as it is written."""

    __slots__ = ("do", "event", "internal", "place", "source", "targets", "when")

    def __init__(
        self,
        source: State,
        targets: tuple[State | str, ...],
        event: str,
        when: str | Callable[..., Any],
        do: Dos,
        internal: bool,
    ) -> None:
        self.place = _place()
        self.source = source
        self.targets = targets
        self.event = event
        self.when = when
        self.do = do
        self.internal = internal


class Transitions:
    """Transitions of one event; as an attribute of a machine, what sends it."""

    def __init__(self, ways: Sequence[Way]) -> None:
        self.ways = list(ways)
        self.event = ""

    def __or__(self, other: Transitions) -> Transitions:
        return Transitions([*self.ways, *other.ways])

    def __set_name__(self, owner: type, name: str) -> None:
        self.event = self.event or name
        for way in self.ways:
            way.event = way.event or name

    @overload
    def __get__(self, machine: None, owner: type) -> Transitions: ...
    @overload
    def __get__(self, machine: LiveMachine, owner: type) -> Callable[..., Outcome]: ...
    def __get__(self, machine: LiveMachine | None, owner: type) -> Transitions | Callable[..., Outcome]:
        return self if machine is None else partial(machine.send, self.event)


class StateMachine(LiveMachine):
    """Base of machines that are written as classes; an instance is a machine in memory.

    `strict`: an event that nothing takes is refused; `values`: data with their first values.
    """

    strict: ClassVar[bool] = True
    values: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **data: Any) -> None:
        """Start it; `data` by name."""
        super().__init__(type(self).machine(), data)

    @classmethod
    def of(cls, name: str, **members: Any) -> type[StateMachine]:
        """The same built by calls: a class with these states, transitions, and methods by name."""
        return type(name, (cls,), members)

    @classmethod
    def machine(cls) -> Machine:
        """The definition that the class describes; made once."""
        known = cls.__dict__.get("_machine")
        if known is None:
            known = _Reader(cls).machine()
            cls._machine = known  # type: ignore[attr-defined]
        assert isinstance(known, Machine)
        return known


class _Reader:
    """What a class says, as a document."""

    def __init__(self, owner: type[StateMachine]) -> None:
        self.owner = owner
        self.functions: dict[str, Callable[..., Any]] = {}
        self.problems: list[Problem] = []
        self.definitions: dict[str, Definition] = {}
        self.places: dict[str, str] = {}
        names = {name: value for base in reversed(owner.__mro__) for name, value in vars(base).items()}
        for name, value in names.items():
            if isinstance(value, State | Transitions) and hasattr(LiveMachine, name):
                message = f"{name!r} is a word of every machine; choose another name (an event can have it by event=)"
                where = value.place if isinstance(value, State) else value.ways[0].place
                self.problems.append(Problem(message, f"{where}, {owner.__name__}.{name}"))
        self.states = [value for value in names.values() if isinstance(value, State)]

    def machine(self) -> Machine:
        inner = {state for around in self.states for state in around.inside}
        tops = [state for state in self.states if state not in inner]
        data = tuple(data_of(self.owner, StateMachine, (State, Transitions), self.problems))
        document = Document(
            machine=self.owner.__name__,
            states={state.id: self.state(state) for state in tops},
            initial=self.initial(tops),
            data=data,
            strict=self.owner.strict,
            description=(self.owner.__doc__ or "").strip() if self.owner.__doc__ != StateMachine.__doc__ else "",
        )
        problems = located(self.problems, self.places)
        return Machine(document, self.functions, problems, self.definitions, self.places)

    def state(self, state: State) -> written.State:
        place = f"state {state.id}"
        self.places[place] = state.place
        if not state.id:
            self.problems.append(Problem("a state inside another has no name; give it one in the class body", place))
        after = {delay: where.id if isinstance(where, State) else where for delay, where in state.after.items()}
        made = written.State(
            kind=state.kind,
            initial=() if state.parallel else self.initial(state.inside),
            states={inner.id: self.state(inner) for inner in state.inside},
            on=tuple(self.transition(way, f"{place}, transition {i}") for i, way in enumerate(state.ways, 1)),
            enter=tuple(self.actions(state.enter, f"{place}, enter")),
            exit=tuple(self.actions(state.exit, f"{place}, exit")),
            after=dict(after),
            done=written.Done(content=written.Value(state.done)) if state.done else None,
            description=state.description,
            tags=state.tags,
            meta=state.meta,
        )
        calls = (self.invocation(each, f"{place}, invoke") for each in state.invoke)
        return structs.replace(made, invoke=tuple(call for call in calls if call is not None))

    def invocation(self, what: Invokable, place: str) -> written.Invoke | None:
        if isinstance(what, Mapping):
            made: written.Invoke | None = self.converted(what, written.Invoke, place)
            return made
        asked = what if isinstance(what, Invoke) else Invoke(what)
        target: Any = asked.target
        if isinstance(target, type) and issubclass(target, StateMachine):
            target = target.machine()
        options: dict[str, Any] = {}
        if hasattr(target, "deployable"):
            source, kind, name = target.name, target.deployable().model, target.name
            if self.definitions.setdefault(source, target) is not target:
                self.problems.append(Problem(f"two definitions are called {source!r}; give each its own name", place))
        else:
            handler = Handler.of(target)
            source, kind, name = handler.name, TASK, handler.name.rpartition(":")[2].rpartition(".")[2]
            self.functions[source] = handler
            options = {name: getattr(handler.options, name) for name in TASK_OPTIONS}
        return written.Invoke(
            type=kind,
            id=asked.id or name,
            source=source,
            names=asked.names,
            parameters=tuple(written.Parameter(each, text) for each, text in asked.parameters.items()),
            autoforward=asked.autoforward,
            **options,
            finalize=None if asked.finalize is None else tuple(self.actions(asked.finalize, place)),
        )

    def initial(self, states: Sequence[State]) -> tuple[str, ...]:
        chosen = [state.id for state in states if state.initial]
        if len(chosen) > 1:
            message = f"{' and '.join(map(repr, chosen))} are both initial; one can be"
            self.problems.append(Problem(message, f"state {chosen[1]}"))
        return tuple(chosen[:1])

    def transition(self, way: Way, place: str) -> Transition:
        self.places[place] = way.place
        event: Any = way.event
        if not isinstance(event, str):
            self.problems.append(Problem(f"an event is named by a text, not {event!r}", place))
        return Transition(
            event=str(event),
            target=tuple(self.target(target, place) for target in way.targets),
            when=self.condition(way.when, place),
            actions=tuple(self.actions(way.do, place)),
            internal=way.internal,
        )

    def target(self, target: State | str, place: str) -> str:
        if isinstance(target, State) and target not in self.states:
            self.problems.append(Problem(f"a transition leads to a state of another machine: {target!r}", place))
        return target.id if isinstance(target, State) else str(target)

    def condition(self, when: Any, place: str) -> str | Call:
        if callable(when) or self.method(when) is not None:
            return self.call(when, place)
        if not isinstance(when, str):
            self.problems.append(Problem(f"a condition is a text or a callable, not {when!r}", place))
        return str(when)

    def actions(self, dos: Dos, place: str) -> Iterator[AnyAction]:
        each: Any
        for each in () if dos is None else dos if isinstance(dos, list | tuple) else (dos,):
            if isinstance(each, written.Action):
                yield each  # type: ignore[misc]
            elif isinstance(each, Mapping):
                made = self.converted(each, AnyAction, place)
                if made is not None:
                    yield made
            elif not callable(each) and self.method(each) is None:
                self.problems.append(Problem(f"there is no method {each!r} for this action", place))
            else:
                yield self.call(each, place)

    def method(self, name: object) -> Callable[..., Any] | None:
        found = getattr(self.owner, name, None) if isinstance(name, str) and name.isidentifier() else None
        return found if callable(found) and not isinstance(found, State | Transitions) else None

    def call(self, what: str | Callable[..., Any], place: str) -> Call:
        """A method by its name, any other callable by its own, so that a stored definition can be read anywhere."""
        function = what if callable(what) else self.method(what)
        assert function is not None
        name = f"{function.__module__}:{getattr(function, '__qualname__', type(function).__qualname__)}"
        if self.functions.get(name, function) is not function:
            name = f"{name}#{place}"  # several lambdas in one class
        self.functions[name] = function
        return Call(name)

    def converted(self, data: Mapping[str, Any], kind: Any, place: str) -> Any:
        try:
            return convert(dict(data), kind)
        except ValidationError as error:
            self.problems.append(Problem(str(error), place))
            return None
