"""The behaviour cases of an outside suite: how a case is run in memory, and what it logs."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mainspring import Process
from mainspring.errors import DefinitionInvalidError
from mainspring.models.contract import StartTask
from mainspring.models.process.bpmn.reader import BpmnFile, read_bpmn
from mainspring.models.process.compiler import compile_process
from mainspring.models.process.live import LiveProcess, World
from mainspring.testing import Simulation

SUITE = Path(os.environ.get("MAINSPRING_SUITES", Path(__file__).parents[3].parent / "shared" / "suites")) / "bpmn"
LIST = SUITE / "behaviour.json"
STEPS_MAX = 1_000
"""Of one case: tasks and times."""

LONG_S = {"WAIT_TEN_SECONDS": 10.0, "CREATE_TIMESTAMP_LOG_1": 10.0, "CREATE_TIMESTAMP_LOG_2": 10.0}
"""Scripts that take model time; the rest takes none.  What notes the time takes some, or nothing could be beside it."""
SILENT = frozenset({"CREATE_LOG_FILE", "INCREMENT_INTEGER_VARIABLE", "SET_STRING_DATA", *LONG_S})


class Case(NamedTuple):
    name: str
    file: Path
    number: int
    input: str
    integer: int
    delay_s: float
    two_instances: bool
    trace: list[str]

    @property
    def id(self) -> str:
        return f"{self.name}/{self.number}"


def cases() -> Iterator[Case]:
    for entry in json.loads(LIST.read_text()) if LIST.exists() else ():
        for number, case in enumerate(entry["cases"], 1):
            yield Case(
                entry["name"],
                SUITE / "behaviour" / entry["file"],
                number,
                case["input"] or "",
                case["integer_variable"],
                case["delay_ms"] / 1000,
                case["two_instances"],
                sorted(case["trace"]),
            )


def read_case(case: Case) -> BpmnFile:
    """Conditions of the suite are those of Camunda 7; its scripts are the words of a handler."""
    return read_bpmn(case.file.read_bytes(), file=case.file.name, language="juel", scripts={"": "script"})


class Log:
    """What a case logs, and how its scripts change the variables."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.noted: dict[str, tuple[float, float]] = {}
        self.marked = False

    def effect(self, text: str, variables: dict[str, Any], since: float, at: float) -> dict[str, Any]:
        """What one script does."""
        number = variables.get("integerVariable") or 0
        if text == "CREATE_MARKER_FILE":
            self.marked = True
        elif text == "LOG_DATA":
            self.lines += ["DATA_correct"] if variables.get("data") == "String" else []
        elif text == "INCREMENT_INTEGER_VARIABLE_AND_LOG":
            self.lines.append("INCREMENT")
        elif text.startswith("CREATE_TIMESTAMP"):
            self.noted[text] = (since, at)
        elif text not in SILENT:
            self.lines.append(text)
        if text.startswith("INCREMENT"):
            return {"integerVariable": number + 1}
        return {"data": "String"} if text == "SET_STRING_DATA" else {}

    def end(self, failed: str) -> list[str]:
        found = [*self.lines, *(["MARKER_exists"] if self.marked else []), *([failed] if failed else [])]
        if len(self.noted) == 2:
            (begin, end), (other_begin, other_end) = self.noted.values()
            found += ["EXECUTION_parallel"] if begin < other_end and other_begin < end else []
        return sorted(found)


def matches(found: list[str], trace: list[str]) -> bool:
    """`ERROR` stands for any error."""
    if trace == ["ERROR"]:
        return any(line.startswith("ERROR") for line in found)
    return found == trace


# --- In memory --------------------------------------------------------------------------------


def outcome(case: Case) -> list[str]:
    """What a case logs in memory, sorted."""
    file = read_case(case)
    if file.problems:
        return ["ERROR"]
    world = World()
    try:
        for document in file.documents.values():
            world.add(compile_process(document))
    except DefinitionInvalidError:
        return ["ERROR"]
    log = Log()
    data = {"test": case.input, "integerVariable": case.integer}
    if case.two_instances:
        for other in file.documents:
            if other != case.name:
                world.start(other, data)
    world.start(case.name, data)
    _run(world, log, case.delay_s)
    return log.end(_failed(world))


def _run(world: World, log: Log, seconds: float) -> None:
    ends: dict[tuple[str, str], tuple[float, float]] = {}
    until = world.at + seconds
    for _ in range(STEPS_MAX):
        ready = None
        for live in world.instances:
            for key, task in live.tasks_open.items():
                text = _text(task)
                since, end = ends.setdefault((live.id, key), (world.at, world.at + LONG_S.get(text, 0.0)))
                if end <= world.at:
                    ready = (live, key, task, since)
        if ready is not None:
            _settle(log, *ready)
            continue
        due = [
            end
            for (id, key), (_, end) in ends.items()
            if any(i.id == id and key in i.tasks_open for i in world.instances)
        ]
        due += [world.at + world.next_s] if world.next_s is not None else []
        if not due or min(due) > until:
            return
        world.pass_time(min(due) - world.at)
    raise AssertionError("the case does not come to an end")


def _settle(log: Log, live: LiveProcess, key: str, task: StartTask, since: float) -> None:
    offered = json.loads(task.payload)["?"]
    text = _text(task)
    if text == "THROW_ERROR":
        live.settle_task(key, error=RuntimeError("thrown"))
    else:
        live.settle_task(key, log.effect(text, offered, since, live.world.at))


def _text(task: StartTask) -> str:
    text: str = json.loads(task.payload)["?"]["script"]
    return text


def _failed(world: World) -> str:
    """An uncaught error event ends its process; what else goes wrong is an incident."""
    if any(live.failure is not None for live in world.instances):
        return "ERROR_thrownErrorEvent"
    return "ERROR_runtime" if any(live.incidents for live in world.instances) else ""


# --- Durable ----------------------------------------------------------------------------------

_LONG = re.compile(rf"<bpmn2:scriptTask(?=[^>]*>(?:(?!</bpmn2:scriptTask>).)*(?:{'|'.join(LONG_S)}))", re.DOTALL)
"""The tag of a script task whose script takes time."""


def durable_outcome(case: Case) -> list[str]:
    """The same on an engine with a store, whose time is turned by hand."""
    log = Log()
    simulation = Simulation()

    def script(script: str, variables: dict[str, Any]) -> dict[str, Any]:
        now = simulation.clock.now()
        if script == "THROW_ERROR":
            raise RuntimeError("thrown")
        return log.effect(script, variables, now - LONG_S.get(script, 0.0), now)

    # Scripts that take time have a handler of their own, for here it is handlers that take time.
    text = _LONG.sub('<bpmn2:scriptTask scriptFormat="long"', case.file.read_text(encoding="utf-8"))
    scripts: dict[str, Callable[..., Any]] = {"": script, "long": functools.partial(script)}
    try:
        process = Process.of_bpmn(text, id=case.name, file=case.file.name, language="juel", scripts=scripts)
        simulation.deploy(process)
    except DefinitionInvalidError:
        simulation.close()
        return ["ERROR"]
    try:
        simulation.stub(process.handlers["script:long"], takes_s=10.0)
        for name in (*(process.siblings if case.two_instances else ()), case.name):
            simulation.start(name, {"test": case.input, "integerVariable": case.integer})
        simulation.advance(case.delay_s)
        failed = any(info.status == "failed" for info in simulation.list(children=True))
        return log.end("ERROR_thrownErrorEvent" if failed else "ERROR_runtime" if simulation.incidents() else "")
    finally:
        simulation.close()
