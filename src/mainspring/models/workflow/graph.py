"""A workflow as boxes and arrows, for whoever draws it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mainspring.models.contract import NodeView
from mainspring.models.workflow.condition import names_of
from mainspring.models.workflow.document import SLEEP, WORKFLOW, Document, Node, When
from mainspring.models.workflow.notation import short_name
from mainspring.models.workflow.rules import DEFAULT_RULE
from mainspring.models.workflow.template import references

CONDITION_LENGTH_MAX = 40
"""Characters of an expression in a note."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node, or an input."""

    id: str
    kind: str
    """`task`, `map`, `workflow`, `sleep` or `input`."""
    status: str = ""
    """As an instance has it; empty for a definition."""
    note: str = ""
    """What is worth knowing besides: handler, trigger rule, condition, progress."""


@dataclass(frozen=True, slots=True)
class Arrow:
    source: str
    target: str
    is_data: bool = True
    """False: order without data."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All boxes and arrows, in the order of the definition; every arrow begins and ends at a box."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def picture(document: Document, views: Iterable[NodeView] = (), *, with_inputs: bool = False) -> Picture:
    """The picture of a definition, or of an instance of it whose nodes are given."""
    seen = {view.key: view for view in views}
    inputs = [Box(name, "input", note=document.input(name).type) for name in document.inputs] if with_inputs else []
    boxes = [*inputs, *(_box(key, node, seen.get(key)) for key, node in document.nodes.items())]
    known = {box.id for box in boxes}
    names = {name: number for number, name in enumerate((*document.inputs, *document.nodes))}
    arrows = [arrow for key, node in document.nodes.items() for arrow in _arrows(key, node, names)]
    return Picture(tuple(boxes), tuple(arrow for arrow in arrows if arrow.source in known))


def _box(key: str, node: Node, view: NodeView | None) -> Box:
    kind = "map" if node.map is not None else node.kind
    return Box(key, kind, "" if view is None else view.status, ", ".join(_notes(key, node, view)))


def _notes(key: str, node: Node, view: NodeView | None) -> Iterator[str]:
    if node.kind == SLEEP:
        yield f"{node.sleep} s"
    elif node.kind == WORKFLOW:
        yield "workflow"
    elif node.task is not None and short_name(node.task) != key:
        yield short_name(node.task)
    if node.rule not in (None, DEFAULT_RULE):
        yield str(node.rule)
    if node.condition is not None:
        yield f"when {_condition(node.condition)}"
    if view is not None and view.total:
        yield f"{view.completed:,} of {view.total:,}" + (f", {view.failed:,} failed" if view.failed else "")


def _condition(when: When) -> str:
    if not when.is_expression:
        return short_name(when.test)
    text = " ".join(when.test.split())
    return text if len(text) <= CONDITION_LENGTH_MAX else f"{text[: CONDITION_LENGTH_MAX - 1]}…"


def _arrows(key: str, node: Node, names: Mapping[str, int]) -> Iterator[Arrow]:
    when = node.condition
    templates = (node.arguments, node.map, node.sleep, when and when.arguments)
    data = dict.fromkeys(reference.name for template in templates for reference in references(template))
    if when is not None and when.is_expression:
        data.update(dict.fromkeys(names_of(when, names)))
    for name in data:
        yield Arrow(name, key)
    for name in node.after:
        if name not in data:
            yield Arrow(name, key, is_data=False)
