"""What a state invokes, compiled: what is asked for, and the definition where it is known beforehand (SCXML 6.4)."""

from __future__ import annotations

from typing import Any

from mainspring.errors import InvalidError
from mainspring.handler import executor_problem
from mainspring.models.contract import Deployable, TaskSpec
from mainspring.models.machine.actions import Compiler, failing
from mainspring.models.machine.document import Document, Invoke
from mainspring.models.machine.expression import ActionError
from mainspring.models.machine.invocation import TYPES, deployable_of, machine_of
from mainspring.models.retry import retry_of


class Calling:
    """An invocation, compiled."""

    __slots__ = (
        "chart", "content", "data", "deployable", "document", "finalize", "keep", "machine", "number", "retry",
        "source", "state", "type",
    )  # fmt: skip

    def __init__(self, state: int, number: int, document: Invoke, compiler: Compiler, place: str) -> None:
        self.state = state
        self.number = number
        self.document = document
        self.type = compiler.text_or(document.type, document.type_of, place)
        self.source = compiler.text_or(document.source, document.source_of, place)
        self.content = compiler.compute(document.content_of, place) if document.content_of else None
        """Where the machine is only known when it begins."""
        self.machine: Document | None = None
        self.deployable: Deployable | None = None
        """The same as the store keeps it."""
        self.chart: Any = None
        """Of that machine, once one has run in memory."""
        if document.content is not None:
            self._read(document.content, compiler, place)
        self.data = compiler.data(document.names, document.parameters, None, place)
        self.keep = compiler.location(document.id_location, place) if document.id_location else None
        self.finalize = compiler.block(document.finalize or (), place)
        self.retry = retry_of(document.retries)
        for problem in self.retry.problems():
            compiler.report(problem, place)
        if problem := executor_problem(document.executor):
            compiler.report(problem, place)
        for name in ("timeout_s", "memory_max_mb"):
            value = getattr(document, name)
            if value is not None and not value > 0:
                compiler.report(f"{name} must be above 0, not {value:g}", place)
        if not document.type_of and document.type not in TYPES:
            compiler.doubt(f"nothing of type {document.type!r} can be invoked", place)

    def _read(self, content: Any, compiler: Compiler, place: str) -> None:
        try:
            self.machine = machine_of(content)
        except InvalidError as error:
            compiler.doubt(str(error), place)
            self.content = failing(str(error))
        else:
            self.deployable = deployable_of(self.machine)

    def task(self, handler: str) -> TaskSpec:
        """What it asks of whoever runs it."""
        asked = self.document
        return TaskSpec(
            handler, asked.queue, asked.priority, asked.timeout_s, asked.requires, asked.executor, asked.memory_max_mb
        )

    def machine_for(self, session: Any) -> Document | None:
        """The machine that is given in place of a source; raises `ActionError` where it is none."""
        if self.content is None:
            return self.machine
        try:
            return machine_of(self.content(session))
        except InvalidError as error:
            raise ActionError(str(error)) from None
