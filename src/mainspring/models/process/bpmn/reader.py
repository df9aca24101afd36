"""A BPMN file as documents: one for each process in it."""

from __future__ import annotations

from collections.abc import Mapping

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.process.bpmn.activities import GLOBAL_TASKS, ActivityReader
from mainspring.models.process.bpmn.body import BodyReader, read_associations
from mainspring.models.process.bpmn.code import Reading
from mainspring.models.process.bpmn.diagram import read_diagram
from mainspring.models.process.bpmn.source import BPMN, Source, child, children, is_true, label, local
from mainspring.models.process.check.rules import broken_rules
from mainspring.models.process.document import (
    FEEL,
    Artifact,
    Body,
    Document,
    MessageFlow,
    Node,
    Participant,
    ProcessPart,
)
from mainspring.models.xml_text import Element

NOT_RUN = ("choreography", "globalChoreographyTask", "conversation")
"""Models of what happens between processes; there is nothing in them to run."""
PARTS_MAX = 100
"""Of one file, for each is deployed with the whole file; people draw a handful in one."""
ARTIFACTS = ("textAnnotation", "group", "dataObjectReference", "dataStoreReference")


class BpmnFile:
    """What one file says: its processes, and what was odd about it.  `source` is its XML."""

    def __init__(self, source: Source, documents: Mapping[str, Document]) -> None:
        self.source = source
        self.documents = dict(documents)
        """By the id of the process; executable ones first."""
        self.problems: tuple[Problem, ...] = tuple(source.problems)
        """Why it cannot be run, whatever the rules of BPMN say of it besides."""
        self.gaps = {id: tuple(problems) for id, problems in source.gaps.items()}
        """By process: what those that are only drawn (isExecutable='false') lack to be run."""
        self.warnings: tuple[Problem, ...] = tuple(source.warnings)
        """What it says and is not done."""


def read_bpmn(
    text: str | bytes, *, file: str = "<text>", language: str = FEEL, scripts: Mapping[str, str] | None = None
) -> BpmnFile:
    """All that a BPMN 2.0 file says that can be run or drawn.

    `language`: of conditions that do not say theirs.  `scripts`: handlers for script tasks in other languages than
    FEEL, by `scriptFormat`.  Raises `DefinitionInvalidError` where a text is no BPMN at all; otherwise
    what is wrong stands in `problems`.
    """
    source = Source(text, file)
    parts = _parts(source, BodyReader(source, Reading(source, language), scripts or {}))
    if not parts:
        there = next((name for name in NOT_RUN if child(source.root, name) is not None), None)
        nothing = Problem("there is no <process> in it" + (f", only a {there}" if there else ""), f"{file}:1")
        raise DefinitionInvalidError(file, [nothing, *broken_rules(source).problems])
    shapes, edges = read_diagram(source)
    collaborations = list(children(source.root, "collaboration"))
    around = Document(
        process="",
        processes=tuple(parts),
        participants=tuple(each for part in collaborations for each in _participants(part)),
        message_flows=tuple(each for part in collaborations for each in _message_flows(part)),
        associations=tuple(each for part in collaborations for each in read_associations(part)),
        artifacts=tuple(_artifacts(source)),
        shapes=shapes,
        edges=edges,
    )
    started = sorted((part for part in parts if not part.is_global_task), key=lambda part: not part.executable)
    fields = {name: getattr(around, name) for name in around.__struct_fields__}
    return BpmnFile(source, {part.id: Document(**{**fields, "process": part.id}) for part in started})


def _parts(source: Source, reader: BodyReader) -> list[ProcessPart]:
    parts: list[ProcessPart] = []
    for element in source.root.elements:
        if len(parts) == PARTS_MAX:
            raise DefinitionInvalidError(
                source.file, [Problem(f"has more than {PARTS_MAX} processes and global tasks", source.place(element))]
            )
        if element.namespace != BPMN:
            continue
        if element.name == "process":
            parts.append(_process(source, reader, element))
        elif element.name in GLOBAL_TASKS:
            parts.append(_global_task(reader.activities, element))
        elif element.name == "import" and element.attributes.get("location"):
            source.warn(f"{label(element)} of {element.attributes['location']!r:.80} is not followed", element)
    return parts


def _process(source: Source, reader: BodyReader, element: Element) -> ProcessPart:
    id = element.attributes.get("id", "").strip()
    if not id:
        source.refuse("<process> has no id, by which it is started", element)
    executable = is_true(element, "isExecutable", default=True)
    source.drawn, source.is_meant_to_run = "" if executable else id, is_true(element, "isExecutable")
    body = reader.read(element)
    source.drawn, source.is_meant_to_run = "", False
    return ProcessPart(
        id=id, name=element.attributes.get("name", "").strip(), line=element.line, body=body, executable=executable
    )


def _global_task(reader: ActivityReader, element: Element) -> ProcessPart:
    id, name = element.attributes.get("id", ""), element.attributes.get("name", "").strip()
    kind = GLOBAL_TASKS[element.name]
    node = Node(id=id, kind=kind, name=name, line=element.line, **reader.read(kind, element))
    return ProcessPart(id=id, name=name, line=element.line, body=Body(nodes=(node,)), is_global_task=True)


def _participants(element: Element) -> list[Participant]:
    return [
        Participant(
            each.attributes.get("id", ""),
            each.attributes.get("name", "").strip(),
            local(each.attributes.get("processRef", "")),
            each.line,
        )
        for each in children(element, "participant")
    ]


def _message_flows(element: Element) -> list[MessageFlow]:
    return [
        MessageFlow(
            each.attributes.get("id", ""),
            local(each.attributes.get("sourceRef", "")),
            local(each.attributes.get("targetRef", "")),
            each.attributes.get("name", "").strip(),
            each.line,
        )
        for each in children(element, "messageFlow")
    ]


def _artifacts(source: Source) -> list[Artifact]:
    found = []
    for around in source.elements:
        for each in children(around, *ARTIFACTS):
            written = child(each, "text")
            text = each.attributes.get("name", "") if written is None else written.text
            id, holder = each.attributes.get("id", ""), around.attributes.get("id", "")
            found.append(Artifact(id, each.name, text.strip(), each.line, holder))
    return found
