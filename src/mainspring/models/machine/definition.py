"""A machine's definition as users hold it: built by calls, read from data or SCXML, or written as a class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

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
from mainspring.models.machine.plan import Plan, compile_machine
from mainspring.models.machine.scxml import Read, deny, read_scxml
from mainspring.models.machine.world import UnknownSourceError

Functions = Mapping[str, Callable[..., Any]]


class Machine:
    """A definition: its document, and the Python callables that it names.

    Compiled when it is first used; then raises `DefinitionInvalidError` with all that is wrong.
    """

    def __init__(
        self, document: Document, functions: Functions | None = None, problems: tuple[Problem, ...] = ()
    ) -> None:
        self.document = document
        self.functions = dict(functions or {})
        self._problems = problems
        """What the notation itself found wrong."""

    @staticmethod
    def of_data(data: Mapping[str, Any], functions: Functions | None = None) -> Machine:
        """The machine of a dict, as a JSON or YAML file gives it; raises `DefinitionInvalidError`."""
        try:
            return Machine(convert(data, Document), functions)
        except ValidationError as error:
            name = str(data.get("machine", "machine"))
            raise DefinitionInvalidError(name, [Problem(str(error))]) from None

    @staticmethod
    def of_json(text: str | bytes, functions: Functions | None = None) -> Machine:
        """The machine of a JSON text; raises `DefinitionInvalidError`."""
        try:
            return Machine(msgspec.json.decode(text, type=Document), functions)
        except msgspec.DecodeError as error:
            raise DefinitionInvalidError("machine", [Problem(str(error))]) from None

    @staticmethod
    def of_scxml(text: str | bytes, *, file: str = "<text>", read: Read = deny) -> Machine:
        """The machine of an SCXML document, with FEEL as its data model; raises `DefinitionInvalidError`."""
        return Machine(read_scxml(text, file=file, read=read))

    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]:
        """The callables it names, so that a process can use them without importing them."""
        return {name: Handler.of(function, name) for name, function in self.functions.items()}

    def deployable(self) -> Deployable:
        """As the store keeps it; raises `DefinitionInvalidError` with all that is wrong."""
        problems = [
            Problem(f"a durable machine invokes tasks, not a {call.document.type}", f"state {state.id}, invoke")
            for state in self.plan.states
            for call in state.calls
            if call.document.type != "task" or call.document.type_of or call.document.source_of
        ]
        problems += [
            Problem(
                "a task is invoked by its `source`, the name of a handler: module:name", f"state {state.id}, invoke"
            )
            for state in self.plan.states
            for call in state.calls
            if call.document.type == "task" and not call.document.source
        ]
        if problems:
            raise DefinitionInvalidError(self.name, problems)
        return Deployable("machine", self.name, self.document.digest, self.document.encode())

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

    def load(self, source: str) -> Document:
        """The machine that an invocation names: an SCXML text, for nothing is fetched."""
        if source.lstrip().startswith("<"):
            return read_scxml(source)
        raise UnknownSourceError(f"machine {source!r} is not fetched; write it where it is invoked")


def _nobody(name: str) -> Callable[..., Any]:
    """Stands for Python code where nothing is run."""
    return lambda: name
