"""A machine's definition as users hold it: built by calls, read from data or SCXML, or written as a class."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Protocol

import msgspec

from mainspring.drawing import statechart_dot, statechart_mermaid, statechart_svg
from mainspring.drawing.statechart import Statechart
from mainspring.errors import DefinitionInvalidError, DefinitionOddWarning, Problem
from mainspring.handler import Handler
from mainspring.models.contract import Deployable
from mainspring.models.machine.actions import NotGivenError
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.check import oddities
from mainspring.models.machine.document import Document
from mainspring.models.machine.graph import statechart_of
from mainspring.models.machine.invocation import with_digests
from mainspring.models.machine.paths import Paths, find_paths
from mainspring.models.machine.plan import Plan, compile_machine
from mainspring.models.machine.scxml import Read, deny, read_scxml, read_with_places
from mainspring.models.machine.scxml_writer import write_scxml
from mainspring.models.machine.text import Places, located, read_data, read_machine, read_whole
from mainspring.models.machine.world import UnknownSourceError
from mainspring.models.machine.xstate import read_xstate
from mainspring.models.machine.xstate_names import Meaning
from mainspring.models.yaml_text import Text, write_text

Functions = Mapping[str, Callable[..., Any]]


class Definition(Protocol):
    """A definition in the notation of its model: another machine, or a workflow."""

    @property
    def name(self) -> str: ...
    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]: ...
    def deployable(self) -> Deployable: ...


Definitions = Mapping[str, Definition]


class Machine:
    """A definition: its document, and the Python callables that it names.

    Compiled when it is first used; then raises `DefinitionInvalidError` with all that is wrong.
    """

    def __init__(
        self,
        document: Document,
        functions: Functions | None = None,
        problems: Iterable[Problem] = (),
        definitions: Definitions | None = None,
        places: Places | None = None,
    ) -> None:
        """`definitions`: what it invokes, by the `source` of the invocation."""
        self.definitions = dict(definitions or {})
        self._deployables = {source: definition.deployable() for source, definition in self.definitions.items()}
        self.document = with_digests(document, {source: each.digest for source, each in self._deployables.items()})
        self.functions = dict(functions or {})
        self.places: Places = places or {}
        """The `file:line` of each part, by its words: `state review, transition 2`."""
        self._problems = tuple(problems)
        """What the notation itself found wrong."""
        self.odd: tuple[Problem, ...] = ()
        """What it found odd."""
        self._has_warned = False

    @staticmethod
    def of_data(
        data: Mapping[str, Any], functions: Functions | None = None, definitions: Definitions | None = None
    ) -> Machine:
        """The machine of a dict in the data notation; raises `DefinitionInvalidError`."""
        text = Text("")
        text.value = data
        return _checked(read_data(text), functions, definitions)

    @staticmethod
    def of_text(
        text: str | bytes,
        functions: Functions | None = None,
        definitions: Definitions | None = None,
        *,
        file: str = "<text>",
    ) -> Machine:
        """The machine of a YAML or JSON text in the data notation; raises `DefinitionInvalidError`."""
        return _checked(read_machine(as_text(text, file), file), functions, definitions)

    @staticmethod
    def of_scxml(
        text: str | bytes,
        functions: Functions | None = None,
        definitions: Definitions | None = None,
        *,
        file: str = "<text>",
        read: Read = deny,
    ) -> Machine:
        """The machine of an SCXML document, with FEEL as its data model; raises `DefinitionInvalidError`."""
        document, problems, odd, places = read_with_places(text, file=file, read=read)
        machine = _checked((document, problems, places), functions, definitions)
        machine.odd = tuple(odd)
        return machine

    @staticmethod
    def of_xstate(
        config: str | bytes | Mapping[str, Any],
        *,
        guards: Mapping[str, Any] | None = None,
        actions: Mapping[str, Any] | None = None,
        actors: Mapping[str, Any] | None = None,
        delays: Mapping[str, Any] | None = None,
        file: str = "<text>",
    ) -> Machine:
        """The machine of an XState 5 configuration (`JSON.stringify(machine.config)`); for the names see `Meaning`.

        Raises `DefinitionInvalidError` for what is no JSON; what has no counterpart is told when the machine is used.
        """
        meaning = Meaning(guards or {}, actions or {}, actors or {}, delays or {})
        if isinstance(config, Mapping):
            text = Text("")
            text.value = config
        else:
            text = read_whole(as_text(config, file), file)
        document, names, problems, places = read_xstate(text, meaning)
        return Machine(document, names.functions, problems, names.definitions, places)

    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]:
        """The callables it names, so that a process can use them without importing them."""
        own = {name: Handler.of(function, name) for name, function in self.functions.items()}
        return {name: each for other in self.definitions.values() for name, each in other.handlers.items()} | own

    def deployable(self) -> Deployable:
        """As the store keeps it; raises `DefinitionInvalidError` with all that is wrong."""
        problems = [
            Problem(f"a {call.document.type} is invoked by its `source`", f"state {state.id}, invoke")
            for state in self.plan.states
            for call in state.calls
            if not any((call.document.source, call.document.source_of, call.machine, call.content))
        ]
        if problems:
            raise DefinitionInvalidError(self.name, problems)
        self._warn()
        children = tuple(self._deployables.values())
        return Deployable("machine", self.name, self.document.digest, self.document.encode(), children)

    def _warn(self) -> None:
        """Tell what is odd, once."""
        if not self._has_warned:
            self._has_warned = True
            for oddity in self.oddities():
                warnings.warn(f"machine {self.name!r}: {oddity}", DefinitionOddWarning, stacklevel=2)

    @property
    def name(self) -> str:
        return self.document.machine

    def to_json(self) -> bytes:
        """The document in the data notation, as `of_text` reads it."""
        return self.document.encode()

    def to_yaml(self) -> str:
        """The same for people."""
        return write_text(msgspec.to_builtins(self.document))

    def to_scxml(self) -> str:
        """The machine as SCXML, as `of_scxml` reads it; raises `DefinitionInvalidError` for what XML cannot hold."""
        return write_scxml(self.document)

    @cached_property
    def plan(self) -> Plan:
        try:
            plan = compile_machine(self.document, self.resolve)
        except DefinitionInvalidError as error:
            told = (*self._problems, *located(error.problems, self.places))
            raise DefinitionInvalidError(self.name, told) from None
        if self._problems:
            raise DefinitionInvalidError(self.name, self._problems)
        return plan

    def oddities(self) -> list[Problem]:
        """What is odd, and yet can run: states that nothing leads to, or out of; transitions that are never taken."""
        return [*self.odd, *located(oddities(self.plan), self.places)]

    def paths(self, **data: Any) -> Paths:
        """Sequences of events that lead a machine through every state and every transition, for tests of one's own.

        `data`: what it is started with.
        """
        return find_paths(self.chart, data)

    def with_functions(self, functions: Functions) -> Machine:
        """The same, with these callables besides."""
        made = Machine(self.document, {**self.functions, **functions}, self._problems, self.definitions, self.places)
        made.odd = self.odd
        return made

    def picture(self, active: Collection[str] = (), *, has_ended: bool = False) -> Statechart:
        """The statechart that all pictures are made of; `active` states are highlighted."""
        return statechart_of(compile_machine(self.document, _nobody), active, has_ended=has_ended)

    def to_svg(self, active: Collection[str] = ()) -> str:
        """The machine as an SVG picture."""
        return statechart_svg.draw(self.picture(active), title=self.name)

    def to_mermaid(self, active: Collection[str] = ()) -> str:
        """The machine as a state diagram of Mermaid."""
        return statechart_mermaid.draw(self.picture(active), title=self.name)

    def to_dot(self, active: Collection[str] = ()) -> str:
        """The machine in DOT, for Graphviz."""
        return statechart_dot.draw(self.picture(active), title=self.name)

    @cached_property
    def chart(self) -> Chart:
        return Chart(self.plan)

    def resolve(self, name: str) -> Callable[..., Any]:
        """The Python callable of a name; raises `NotGivenError`."""
        try:
            return self.functions[name]
        except KeyError:
            known = ", ".join(self.functions) or "none"
            raise NotGivenError(name, f"it was not given with the machine (given are: {known})") from None

    def load(self, source: str) -> Chart:
        """The machine that an invocation names: one that was given, or an SCXML text, for nothing is fetched."""
        given = self.definitions.get(source)
        if isinstance(given, Machine):
            return given.chart
        if source.lstrip().startswith("<"):
            return Chart(compile_machine(read_scxml(source), self.resolve))
        raise UnknownSourceError(f"machine {source!r} is not here; give it as one of the machine's definitions")


def _nobody(name: str) -> Callable[..., Any]:
    """Stands for Python code where nothing is run."""
    return lambda: name


def as_text(text: str | bytes, file: str) -> str:
    """Bytes as the UTF-8 that they are; raises `DefinitionInvalidError`."""
    try:
        return text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError as error:
        raise DefinitionInvalidError(file, [Problem(f"is not text in UTF-8: {error.reason}", file)]) from None


def _checked(
    read: tuple[Document, list[Problem], Places], functions: Functions | None, definitions: Definitions | None
) -> Machine:
    """What cannot be read is told at once, together with all else that is wrong."""
    document, problems, places = read
    machine = Machine(document, functions, problems, definitions, places)
    if problems:
        _ = machine.plan
    return machine
