"""Which processes of a file can run in an instance of one of them: itself, and what it calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mainspring.models.process.document import TEXT, Body, Call, Document, Node, ProcessPart


def running(document: Document) -> list[ProcessPart]:
    """The process that is started, and what is called, directly or not; all that are executable, where a call computes
    the name."""
    parts = {part.id: part for part in document.processes}
    found = {document.process: parts[document.process]}
    waiting = [document.process]
    while waiting:
        for call in _calls(parts[waiting.pop()].body):
            for called in _called(call, parts.values()):
                if called in parts and called not in found:
                    found[called] = parts[called]
                    waiting.append(called)
    return [part for part in document.processes if part.id in found]


def _called(call: Call, parts: Iterable[ProcessPart]) -> list[str]:
    if call.element.language == TEXT:
        return [call.element.text]
    return [part.id for part in parts if part.executable]


def _calls(body: Body) -> Iterator[Call]:
    return (node.call for node in nodes_of(body) if node.call is not None)


def nodes_of(body: Body) -> Iterator[Node]:
    """All nodes in a body, and in what is inside them."""
    for node in body.nodes:
        yield node
        if node.body is not None:
            yield from nodes_of(node.body)
