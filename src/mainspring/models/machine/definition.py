"""A machine's definition as users hold it: built by calls, read from data or SCXML, or written as a class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, Protocol

import msgspec
from msgspec import ValidationError, convert

from mainspring.drawing import dot, mermaid, svg
from mainspring.drawing.graph import Graph
from mainspring.errors import DefinitionInvalidError, HandlerUnknownError, Problem
from mainspring.handler import Handler
from mainspring.models.contract import Deployable
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.check import oddities
from mainspring.models.machine.document import Document
from mainspring.models.machine.graph import graph_of
from mainspring.models.machine.invocation import with_digests
from mainspring.models.machine.plan import Plan, compile_machine
from mainspring.models.machine.scxml import Read, deny, read_scxml
from mainspring.models.machine.world import UnknownSourceError

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
        problems: tuple[Problem, ...] = (),
        definitions: Definitions | None = None,
    ) -> None:
        """`definitions`: what it invokes, by the `source` of the invocation."""
        self.definitions = dict(definitions or {})
        self._deployables = {source: definition.deployable() for source, definition in self.definitions.items()}
        self.document = with_digests(document, {source: each.digest for source, each in self._deployables.items()})
        self.functions = dict(functions or {})
        self._problems = problems
        """What the notation itself found wrong."""

    @staticmethod
    def of_data(
        data: Mapping[str, Any], functions: Functions | None = None, definitions: Definitions | None = None
    ) -> Machine:
        """The machine of a dict, as a JSON or YAML file gives it; raises `DefinitionInvalidError`."""
        try:
            return Machine(convert(data, Document), functions, definitions=definitions)
        except ValidationError as error:
            name = str(data.get("machine", "machine"))
            raise DefinitionInvalidError(name, [Problem(str(error))]) from None

    @staticmethod
    def of_json(
        text: str | bytes, functions: Functions | None = None, definitions: Definitions | None = None
    ) -> Machine:
        """The machine of a JSON text; raises `DefinitionInvalidError`."""
        try:
            return Machine(msgspec.json.decode(text, type=Document), functions, definitions=definitions)
        except msgspec.DecodeError as error:
            raise DefinitionInvalidError("machine", [Problem(str(error))]) from None

    @staticmethod
    def of_scxml(
        text: str | bytes, *, file: str = "<text>", read: Read = deny, definitions: Definitions | None = None
    ) -> Machine:
        """The machine of an SCXML document, with FEEL as its data model; raises `DefinitionInvalidError`."""
        return Machine(read_scxml(text, file=file, read=read), definitions=definitions)

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
        children = tuple(self._deployables.values())
        return Deployable("machine", self.name, self.document.digest, self.document.encode(), children)

    @property
    def name(self) -> str:
        return self.document.machine

    def to_json(self) -> bytes:
        """The document, as `of_json` reads it."""
        return self.document.encode()

    @cached_property
    def plan(self) -> Plan:
        try:
            plan = compile_machine(self.document, self.resolve)
        except DefinitionInvalidError as error:
            raise DefinitionInvalidError(self.name, (*self._problems, *error.problems)) from None
        if self._problems:
            raise DefinitionInvalidError(self.name, self._problems)
        return plan

    def oddities(self) -> list[Problem]:
        """What is odd, and yet can run: states that nothing leads to, or out of; transitions that are never taken."""
        return oddities(self.plan)

    def graph(self, active: Collection[str] = ()) -> Graph:
        """Boxes and arrows for `mainspring.drawing`; `active` states are highlighted."""
        plan = self.plan if self.functions else compile_machine(self.document, _nobody)
        return graph_of(plan, active)

    def to_mermaid(self, active: Collection[str] = ()) -> str:
        """The machine as a Mermaid flowchart."""
        return mermaid.draw(self.graph(active), title=self.name)

    def to_dot(self, active: Collection[str] = ()) -> str:
        """The machine in DOT, for Graphviz."""
        return dot.draw(self.graph(active), title=self.name)

    def to_svg(self, active: Collection[str] = ()) -> str:
        """The machine as an SVG picture."""
        return svg.draw(self.graph(active), title=self.name)

    @cached_property
    def chart(self) -> Chart:
        return Chart(self.plan)

    def resolve(self, name: str) -> Callable[..., Any]:
        """The Python callable of a name; raises `HandlerUnknownError`."""
        try:
            return self.functions[name]
        except KeyError:
            known = ", ".join(self.functions) or "none"
            raise HandlerUnknownError(name, f"it was not given with the machine (given are: {known})") from None

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
