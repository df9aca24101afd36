"""A process's definition as users hold it: read from a BPMN file, or built step by step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol
from warnings import warn

from mainspring.errors import DefinitionInvalidError, DefinitionOddWarning, Problem
from mainspring.handler import Handler
from mainspring.models.contract import Deployable, StartAt, StartOn
from mainspring.models.process.bpmn.reader import BpmnFile, read_bpmn
from mainspring.models.process.check.rules import broken_rules
from mainspring.models.process.check.soundness import oddities
from mainspring.models.process.compiler import compile_process
from mainspring.models.process.document import FEEL, TEXT, TIMER, Document
from mainspring.models.process.forms import unknown_keywords
from mainspring.models.process.live import LiveProcess, World
from mainspring.models.process.plan import Plan
from mainspring.models.process.running import nodes_of, running
from mainspring.models.process.starts import starts_of

Functions = Mapping[str, Callable[..., Any]]
_QUOTED = re.compile(r"'[^']*'")


class Startable(Protocol):
    """Another definition: a workflow, a machine, a process of another file."""

    @property
    def name(self) -> str: ...
    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]: ...
    def deployable(self) -> Deployable: ...


class Definition:
    """The process of a document, with the Python callables that it names.

    Compiled when it is first used; then raises `DefinitionInvalidError` with all that is wrong.
    """

    def __init__(
        self,
        document: Document,
        functions: Functions | None = None,
        *,
        file: str = "",
        siblings: Mapping[str, Document] | None = None,
        problems: tuple[Problem, ...] = (),
        warnings: tuple[Problem, ...] = (),
        uses: tuple[Startable, ...] = (),
    ) -> None:
        """`siblings`: other processes of the same file, deployed with it; `uses`: other definitions that it calls."""
        self.document = document
        self.functions = dict(functions or {})
        self.file = file
        self.siblings = dict(siblings or {})
        self.uses = uses
        self.warnings = (*warnings, *_called_elsewhere(document, file, uses))
        """What the file says and is not done."""
        self._problems = problems
        self._has_warned = False

    @classmethod
    def of_bpmn(
        cls,
        text: str | bytes,
        *,
        id: str | None = None,
        file: str = "<text>",
        handlers: Functions | None = None,
        scripts: Functions | None = None,
        language: str = FEEL,
        uses: tuple[Startable, ...] = (),
    ) -> Definition:
        """The process of a BPMN 2.0 file, with the others in it.

        `id`: of the process, where the file has several and not the first executable one is meant.  `handlers`: by the
        names that the file has for them.  `scripts`: handlers for script tasks in other languages than FEEL, by
        `scriptFormat`; each is called with `script`, and with `variables` or those that its parameters name.
        `language`: of conditions that do not say theirs, `feel` or `juel`.  Raises `DefinitionInvalidError`.
        """
        named = {written: f"script:{written or 'plain'}" for written in scripts or {}}
        read: BpmnFile = read_bpmn(text, file=file, language=language, scripts=named)
        if id is not None and id not in read.documents:
            there = ", ".join(read.documents) or "none"
            raise DefinitionInvalidError(file, [Problem(f"there is no process {id!r} in it; there are: {there}")])
        chosen = id or next(iter(read.documents), "")
        rules = broken_rules(read.source)
        if not chosen:
            raise DefinitionInvalidError(file, [Problem("there is no process in it", file), *rules.problems])
        document = read.documents[chosen]
        runs = {part.id for part in (*running(document), *(part for part in document.processes if part.executable))}
        drawn = [(id in runs, problem) for id, found in rules.drawn.items() for problem in found]
        gaps = [problem for id, found in read.gaps.items() if id in runs for problem in found]
        return cls._made(
            document,
            {**(handlers or {}), **{named[written]: function for written, function in (scripts or {}).items()}},
            file=file,
            siblings={name: read.documents[name] for name in read.documents if name in runs and name != chosen},
            problems=(*read.problems, *gaps, *rules.problems, *(problem for does_run, problem in drawn if does_run)),
            warnings=(*read.warnings, *rules.warnings, *(problem for does_run, problem in drawn if not does_run)),
            uses=uses,
        )

    @classmethod
    def _made(cls, document: Document, functions: Functions, **rest: Any) -> Definition:
        made = cls.__new__(cls)
        Definition.__init__(made, document, functions, **rest)
        return made

    @property
    def name(self) -> str:
        return self.document.process

    @property
    def handlers(self) -> Mapping[str, Handler[..., Any]]:
        """The callables it names, so that a process can run them without importing them."""
        own = {name: Handler.of(function, name) for name, function in self.functions.items()}
        return {name: handler for used in self.uses for name, handler in used.handlers.items()} | own

    @cached_property
    def plan(self) -> Plan:
        return self._compiled(self.document)

    def _compiled(self, document: Document) -> Plan:
        problems = list(self._problems)
        try:
            plan = compile_process(document, self.file)
        except DefinitionInvalidError as error:
            more = [problem for problem in error.problems if not _is_told(problem, problems)]
            raise DefinitionInvalidError(document.process, (*problems, *more)) from None
        for vertex in plan.vertices.values():
            people = vertex.node.people
            unknown = unknown_keywords(people.form_schema) if people is not None else set()
            if unknown:
                words = ", ".join(sorted(unknown))
                problems.append(Problem(f"{vertex.id!r}: the form's schema has keywords that are not checked: {words}"))
        if problems:
            raise DefinitionInvalidError(document.process, problems)
        return plan

    def oddities(self) -> list[Problem]:
        """What is not sound about the flow, and yet can run: joins that may wait for ever, tokens that nothing joins,
        elements that no way leads to or out of.  Each with the elements on the way there."""
        return oddities(self.plan, self.file)

    def deployable(self) -> Deployable:
        """As the store keeps it, with the processes beside it; raises `DefinitionInvalidError`."""
        plan = self.plan
        self._warn()
        others = [_deployable(sibling, self._compiled(sibling)) for sibling in self.siblings.values()]
        others += [used.deployable() for used in self.uses]
        return _deployable(self.document, plan, tuple(others))

    def _warn(self) -> None:
        """Tell what is odd, once."""
        if not self._has_warned:
            self._has_warned = True
            for oddity in self.oddities():
                warn(f"process {self.name!r}: {oddity}", DefinitionOddWarning, stacklevel=3)

    def to_json(self) -> bytes:
        """The document, as it is stored."""
        return self.document.encode()

    # --- In memory ------------------------------------------------------------------------------

    def world(self, functions: Functions | None = None) -> World:
        """A world in memory that knows this process and those beside it."""
        world = World({**self.functions, **(functions or {})})
        world.add(self.plan)
        for sibling in self.siblings.values():
            world.add(self._compiled(sibling))
        for used in self.uses:
            if isinstance(used, Definition):
                world.add(used.plan)
        return world

    def begin(self, data: Mapping[str, Any] | None = None, *, key: str = "") -> LiveProcess:
        """Begin an instance in memory, and run it until it waits; handlers are called at once."""
        return self.world().start(self.name, data, key=key)


def _is_told(problem: Problem, told: list[Problem]) -> bool:
    """Whether a rule has told already, of the same element, what is wrong with what it refers to."""
    element, names = problem.message.partition(":")[0], set(_QUOTED.findall(problem.message))
    beside = (each.message for each in told if each.place == problem.place)
    return any(each.startswith(element) and names <= set(_QUOTED.findall(each)) for each in beside)


def _called_elsewhere(document: Document, file: str, uses: tuple[Startable, ...]) -> list[Problem]:
    """Calls of what this file has not: it must be deployed by then, or the call stops with an incident."""
    known = {part.id for part in document.processes} | {used.name for used in uses}
    found = []
    for part in running(document) if document.processes else ():
        for node in nodes_of(part.body):
            called = node.call.element if node.call is not None else None
            if called is None or called.language != TEXT or called.text in known or ":" in called.text:
                continue
            told = f"<{node.kind}> {node.id!r} calls {called.text!r:.60}, which is not in this file: deploy it as well"
            found.append(Problem(told, f"{file}:{node.line}" if node.line else ""))
    return found


def _deployable(document: Document, plan: Plan, children: tuple[Deployable, ...] = ()) -> Deployable:
    starts = tuple(starts_of(plan))
    return Deployable(
        "process",
        document.process,
        document.digest,
        document.encode(),
        children,
        tuple(StartOn(start.kind, start.name, start.entry) for start in starts if start.kind != TIMER and start.name),
        tuple(StartAt(start.entry, start.timer, start.when) for start in starts if start.kind == TIMER),
    )
