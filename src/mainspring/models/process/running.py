"""Which processes of a file run: those that are executable, the one that is started, and what these call."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.models.process.document import TEXT, Body, Document, ProcessPart


def running(document: Document) -> list[ProcessPart]:
    """The others are only drawn (isExecutable='false'): who talks to the process, as far as somebody knows."""
    parts = {part.id: part for part in document.processes}
    found = {
        part.id: part for part in document.processes if part.executable or part.id == document.process
    }  # fmt: skip
    waiting = list(found.values())
    while waiting:
        for called in _calls(waiting.pop().body):
            if called in parts and called not in found:
                found[called] = parts[called]
                waiting.append(parts[called])
    return [part for part in document.processes if part.id in found]


def _calls(body: Body) -> Iterator[str]:
    for node in body.nodes:
        if node.call is not None and node.call.element.language == TEXT:
            yield node.call.element.text
        if node.body is not None:
            yield from _calls(node.body)
