"""Recorded scientific workflows, in WfFormat 1.5 (https://wfcommons.org/format), as workflows that replay them.

    workflow = wfformat.load("montage.json")
    engine.start(workflow, {"scale": 0.01}).result()      # a hundred times as fast as it was recorded

One node per task, after its parents.  A node waits `scale` times the recorded run time (0: not at all) and returns the
files that the task wrote, with their sizes in bytes.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.handler import task
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.cycle import cycles
from mainspring.models.workflow.document import RESERVED
from mainspring.models.workflow.template import NAME

SCHEMA_VERSION = "1.5"
"""The one that is read; older ones keep their fields in other places."""
PROBLEMS_MAX = 100
"""Shown of one file; more would be the same ones again."""

KINDS = {dict: "an object", list: "a list", str: "a string", float: "a number from 0", int: "a whole number from 0"}


@dataclass(frozen=True, slots=True)
class RecordedTask:
    """One task of a recording."""

    id: str
    place: str
    parents: tuple[str, ...]
    children: tuple[str, ...]
    runtime_s: float
    files: dict[str, int]
    """What it wrote: bytes by name."""


@task
async def replay(runtime_s: float, scale: float, files: dict[str, int]) -> dict[str, int]:
    """Stand in for a recorded task."""
    if scale > 0:
        await asyncio.sleep(runtime_s * scale)
    return files


def load(path: str | os.PathLike[str], *, name: str | None = None) -> Workflow:
    """The workflow of a file, named like the file unless told otherwise; raises `DefinitionInvalidError`."""
    file = Path(path)
    name = name or file.name.removesuffix(".json")
    try:
        text = file.read_bytes()
    except OSError as error:
        raise DefinitionInvalidError(name, [Problem(f"it cannot be read: {error.strerror}", str(file))]) from None
    return parse(text, name=name, file=str(file))


def parse(text: str | bytes, *, name: str, file: str = "") -> Workflow:
    """The workflow of a recording; raises `DefinitionInvalidError` with all that is wrong, each with its place."""
    reader = _Reader(file)
    tasks = reader.tasks(text)
    reader.check(tasks)
    if reader.problems:
        raise DefinitionInvalidError(name, _shown(reader.problems))
    return _workflow(name, tasks, file)


def _workflow(name: str, tasks: Iterable[RecordedTask], file: str) -> Workflow:
    workflow = Workflow(name, description=f"recorded (WfFormat {SCHEMA_VERSION})")
    scale = workflow.input("scale", float, default=0.0, description="of the recorded run times; 0: no waiting")
    keys = _keys(recorded.id for recorded in tasks)
    for recorded in tasks:
        key = keys[recorded.id]
        workflow.add(
            replay,
            recorded.runtime_s,
            scale,
            recorded.files,
            key=key,
            after=[keys[parent] for parent in recorded.parents],
            description="" if key == recorded.id else recorded.id,
        )
        workflow.places[key] = _place(file, recorded.place)
    return workflow


def _keys(ids: Iterable[str]) -> dict[str, str]:
    """A key for each id: the id itself, or one made of what a key can contain, and unique."""
    taken = {"scale", *RESERVED}
    keys: dict[str, str] = {}
    for id in ids:
        base = key = id if re.fullmatch(NAME, id) else f"_{re.sub(r'[^A-Za-z0-9_-]', '_', id)}"
        number = 1
        while key in taken:
            number += 1
            key = f"{base}-{number}"
        taken.add(key)
        keys[id] = key
    return keys


# --- Reading ----------------------------------------------------------------------------------


class _Reader:
    """Takes what is well formed, and notes what is not."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def tasks(self, text: str | bytes) -> list[RecordedTask]:
        try:
            data = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.problem("", f"it is not JSON: {error}")
            return []
        if self.is_a(data, dict, ""):
            version = self.field(data, "schemaVersion", str, "")
            if version not in (None, SCHEMA_VERSION):
                self.problem("schemaVersion", f"expected {SCHEMA_VERSION!r}, found {version!r}")
            workflow = self.field(data, "workflow", dict, "")
            if workflow is not None:
                execution = self.field(workflow, "execution", dict, "workflow")
                specification = self.field(workflow, "specification", dict, "workflow")
                if execution is not None and specification is not None:
                    return self.specified(specification, self.runtimes(execution))
        return []

    def runtimes(self, execution: dict[str, Any]) -> dict[str, float]:
        """Seconds by task."""
        found: dict[str, float] = {}
        for place, entry in self.objects(execution, "tasks", "workflow.execution"):
            id = self.field(entry, "id", str, place)
            seconds = self.field(entry, "runtimeInSeconds", float, place)
            if id is not None:
                found[id] = seconds or 0.0
        return found

    def specified(self, specification: dict[str, Any], runtimes: dict[str, float]) -> list[RecordedTask]:
        where = "workflow.specification"
        sizes: dict[str, int] = {}
        for place, entry in self.objects(specification, "files", where) if "files" in specification else ():
            sizes[self.field(entry, "id", str, place) or ""] = self.field(entry, "sizeInBytes", int, place) or 0
        tasks: list[RecordedTask] = []
        places: dict[str, str] = {}
        for place, entry in self.objects(specification, "tasks", where):
            id = self.field(entry, "id", str, place)
            if id is None:
                continue
            if id in places:
                self.problem(place, f"there is a task {id!r} already, at {places[id]}")
            elif id not in runtimes:
                self.problem(place, f"task {id!r} has no run time: workflow.execution.tasks does not name it")
            places[id] = place
            tasks.append(self.task(id, place, entry, runtimes.get(id, 0.0), sizes))
        for id in runtimes.keys() - places.keys():
            self.problem("workflow.execution.tasks", f"task {id!r} is unknown: workflow.specification does not name it")
        return tasks

    def task(self, id: str, place: str, entry: dict[str, Any], runtime_s: float, sizes: dict[str, int]) -> RecordedTask:
        written = self.names(entry, "outputFiles", place)
        for name in (*self.names(entry, "inputFiles", place), *written):
            if name not in sizes:
                self.problem(place, f"task {id!r}: file {name!r} is unknown: workflow.specification.files lacks it")
        parents = tuple(dict.fromkeys(self.names(entry, "parents", place, is_required=True)))
        children = tuple(self.names(entry, "children", place))
        return RecordedTask(id, place, parents, children, runtime_s, {name: sizes.get(name, 0) for name in written})

    # --- The graph ----------------------------------------------------------------------------

    def check(self, tasks: list[RecordedTask]) -> None:
        """Edges lead to tasks that are there, both ends tell of them, and they close no cycle."""
        known = {recorded.id: recorded for recorded in tasks}
        for recorded in tasks:
            for parent in recorded.parents:
                if parent not in known:
                    self.problem(recorded.place, f"task {recorded.id!r}: unknown parent {parent!r}")
            for child in recorded.children:
                if child not in known:
                    self.problem(recorded.place, f"task {recorded.id!r}: unknown child {child!r}")
                elif recorded.id not in known[child].parents:
                    self.problem(recorded.place, f"task {recorded.id!r}: child {child!r} does not have it as a parent")
        for ring in cycles({recorded.id: recorded.parents for recorded in tasks}):
            self.problem(known[ring[0]].place, f"cycle: {' → '.join(ring)}")

    # --- Fields -------------------------------------------------------------------------------

    def objects(self, holder: dict[str, Any], name: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects of a list, each with its place."""
        for number, entry in enumerate(self.field(holder, name, list, where) or ()):
            place = f"{where}.{name}[{number}]"
            if self.is_a(entry, dict, place):
                yield place, entry

    def names(self, holder: dict[str, Any], name: str, where: str, *, is_required: bool = False) -> list[str]:
        """The strings of a list."""
        if name not in holder and not is_required:
            return []
        found = self.field(holder, name, list, where) or ()
        return [entry for number, entry in enumerate(found) if self.is_a(entry, str, f"{where}.{name}[{number}]")]

    def field(self, holder: dict[str, Any], name: str, kind: type[Any], where: str) -> Any:
        """A required field; None where it is missing or of the wrong kind, which has been noted."""
        if name not in holder:
            self.problem(where, f"{name!r} is missing")
            return None
        return holder[name] if self.is_a(holder[name], kind, f"{where}.{name}".lstrip(".")) else None

    def is_a(self, value: Any, kind: type[Any], place: str) -> bool:
        good = type(value) in ((int, float) if kind is float else (kind,))
        if good and kind in (int, float):
            good = value >= 0
        if not good:
            self.problem(place, f"expected {KINDS[kind]}, found {msgspec.json.encode(value).decode():.40}")
        return good

    def problem(self, place: str, message: str) -> None:
        self.problems.append(Problem(message, _place(self.file, place)))


def _place(file: str, place: str) -> str:
    return ", ".join(part for part in (file, place) if part)


def _shown(problems: list[Problem]) -> list[Problem]:
    left = len(problems) - PROBLEMS_MAX
    return problems if left <= 0 else [*problems[:PROBLEMS_MAX], Problem(f"and {left} more")]
