"""Processes of steps and connections, and the engine that holds them.

Nothing is decided here: a process definition is worded as a `mainspring.Process`, and what became of an instance is
read from its journal.  So all that is said of instances holds: they are durable, and go on after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple

from mainspring.classic.workflow import IN_MEMORY
from mainspring.engine import Engine
from mainspring.errors import DefinitionInvalidError, DefinitionNotFoundError, HandlerUnknownError, Problem
from mainspring.instance import Instance
from mainspring.processes import Process

StepHandler = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Called with the step's config and the context; the entries of a dict that it returns become part of the context."""
LISTED_MAX = 1_000


class Step(NamedTuple):
    step_id: str
    name: str
    config: dict[str, Any]

    @property
    def type(self) -> str:
        """`start`, `end`, or what a handler was registered for."""
        return str(self.config.get("type", ""))


class ProcessDefinition:
    """Steps, and the connections between them; a condition is a FEEL expression over the context."""

    def __init__(self, process_id: str, name: str) -> None:
        self.process_id = process_id
        self.name = name
        self.steps: dict[str, Step] = {}
        self.connections: list[tuple[str, str, str | None]] = []

    def add_step(self, step_id: str, name: str, config: Mapping[str, Any]) -> None:
        """`config["type"]` is `start`, `end`, or that of a handler."""
        if step_id in self.steps:
            raise DefinitionInvalidError(self.process_id, [Problem("another step has this id", step_id)])
        self.steps[step_id] = Step(step_id, name, dict(config))

    def add_connection(self, from_step: str, to_step: str, condition: str | None = None) -> None:
        """Go from one step to another, if the condition holds; raises `DefinitionInvalidError` for an unknown step."""
        unknown = [step for step in (from_step, to_step) if step not in self.steps]
        if unknown:
            raise DefinitionInvalidError(self.process_id, [Problem("there is no such step", step) for step in unknown])
        self.connections.append((from_step, to_step, condition))

    def process(self, handler: Callable[[Step], Callable[..., Any]]) -> Process:
        """The same as a `mainspring.Process`; `handler` makes what does a step."""
        process = Process(self.process_id, self.name)
        for step in self.steps.values():
            if step.type == "start":
                process.start(step.step_id)
            elif step.type == "end":
                process.apart().end(step.step_id)
            else:
                name = f"{self.process_id}/{step.step_id}"
                process.functions[name] = handler(step)
                process.apart().service(step.step_id, name)
        for source, target, condition in self.connections:
            process.back_to(source)
            if condition:
                process.when(condition)
            process.connect_to(target)
        return process


class ProcessInstance:
    """One instance; each look at it reads the store."""

    def __init__(self, instance: Instance, definition: ProcessDefinition | None) -> None:
        self._instance = instance
        self._definition = definition
        self.instance_id = instance.id

    def __repr__(self) -> str:
        return f"<process instance {self.instance_id}: {self.status}>"

    @property
    def status(self) -> str:
        return self._instance.status

    @property
    def context(self) -> dict[str, Any]:
        return self._instance.variables

    @property
    def started_at(self) -> datetime:
        return self._instance.info().created_at

    @property
    def completed_at(self) -> datetime | None:
        """When it ended, well or not."""
        return self._instance.info().ended_at

    @property
    def completed_steps(self) -> list[dict[str, Any]]:
        """`step_id`, `name`, `timestamp` and `result` of each, in the order in which they completed."""
        steps = {} if self._definition is None else self._definition.steps
        done: list[dict[str, Any]] = []
        for entry in self._instance.journal():
            if entry.kind == "TaskCompleted":
                step = entry.event["key"].partition("#")[0]
                done.append(self._completed(steps, step, entry.at, entry.event["output"]))
            trail = [element for decision in entry.decisions for element in decision.get("trail", ())]
            passed = [step for step in trail if step in steps and steps[step].type in ("start", "end")]
            done += [self._completed(steps, step, entry.at, None) for step in passed]
        return done

    def _completed(self, steps: Mapping[str, Step], step: str, at: datetime, result: Any) -> dict[str, Any]:
        name = steps[step].name if step in steps else step
        return {"step_id": step, "name": name, "timestamp": at, "result": result}


class ProcessEngine:
    """Process definitions and their instances, kept in a store; default: one in memory."""

    def __init__(self, url: str | None = None) -> None:
        self._engine = Engine(url or IN_MEMORY)
        self._handlers: dict[str, StepHandler] = {}
        self.process_definitions: dict[str, ProcessDefinition] = {}

    def __enter__(self) -> ProcessEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.close()

    def register_step_handler(self, step_type: str, handler: StepHandler) -> None:
        self._handlers[step_type] = handler

    def register_process_definition(self, definition: ProcessDefinition) -> None:
        """Raises `DefinitionInvalidError` with all that is wrong with it."""
        self._engine.deploy(definition.process(self._doing))
        self.process_definitions[definition.process_id] = definition

    def _doing(self, step: Step) -> Callable[..., Any]:
        def do(variables: dict[str, Any]) -> Any:
            return self._handler(step)(dict(step.config), variables)

        return do

    def _handler(self, step: Step) -> StepHandler:
        if step.type not in self._handlers:
            known = ", ".join(self._handlers) or "none"
            raise HandlerUnknownError(step.type, f"step {step.step_id!r} needs one (registered are: {known})")
        return self._handlers[step.type]

    def start_process(self, process_id: str, context: Mapping[str, Any] | None = None) -> str:
        """Begin an instance, and return its id.

        Raises `DefinitionNotFoundError`, or `HandlerUnknownError` where a step has no handler.
        """
        definition = self.process_definitions.get(process_id)
        if definition is None:
            there = ", ".join(self.process_definitions) or "none"
            raise DefinitionNotFoundError(f"no process {process_id!r} is registered; there are: {there}")
        for step in definition.steps.values():
            if step.type not in ("start", "end"):
                self._handler(step)
        return self._engine.start(process_id, dict(context or {})).id

    def execute_process(self, instance_id: str) -> bool:
        """Wait until an instance has ended, or a step of it has failed; whether it has completed."""
        instance = self._engine.get(instance_id)
        for _ in instance.follow():
            if instance.incidents():
                return False
        return instance.status == "completed"

    @property
    def process_instances(self) -> dict[str, ProcessInstance]:
        """All instances in the store, newest first, by id."""
        page = self._engine.list(model="process", limit=LISTED_MAX)
        return {
            info.id: ProcessInstance(self._engine.get(info.id), self.process_definitions.get(info.definition))
            for info in page
        }
