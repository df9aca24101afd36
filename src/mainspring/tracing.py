"""What the journals of processes tell of their elements: of one instance, or of many."""

from __future__ import annotations

from typing import NamedTuple

from mainspring.history import fold_decisions, start_fold
from mainspring.kernel.reader import PAGE_MAX, InstanceView, Reader
from mainspring.looking import Looking
from mainspring.models.process.document import Document, decode_document
from mainspring.models.process.traces import Stopwatch, Traces
from mainspring.watch import Watch

PROCESS = "process"
"""The model whose elements are traced."""
INSTANCES_MAX = 1_000
"""Instances that are looked at for one definition: the newest."""


class Traced(NamedTuple):
    """A definition, and where its instances went."""

    document: Document
    version: int
    instances: int
    traces: Traces


def trace_instance(looking: Looking, watch: Watch) -> Traces:
    """Where an instance stands, how often it was where, and how long."""
    traces = Traces()
    _trace(looking.reader, watch.view, traces)
    return traces


def trace_definition(looking: Looking, name: str) -> Traced | None:
    """The newest instances of the newest version of a process; None: there is no process of that name."""
    reader = looking.reader
    definition = reader.find_definition(name)
    if definition is None or definition.model != PROCESS:
        return None
    traces, counted, seen = Traces(), 0, 0
    after: str | None = None
    while seen < INSTANCES_MAX:
        limit = min(PAGE_MAX, INSTANCES_MAX - seen)
        page = looking.list(definition=name, model=PROCESS, children=True, limit=limit, after=after)
        for info in page:
            view = reader.find_instance(info.id) if info.version == definition.version else None
            if view is not None:
                _trace(reader, view, traces)
                counted += 1
        seen, after = seen + limit, page.next
        if after is None:
            break
    return Traced(decode_document(definition.document), definition.version, counted, traces)


def _trace(reader: Reader, view: InstanceView, traces: Traces) -> None:
    """Add what the journal of one instance tells."""
    fold = start_fold(reader, view)
    stopwatch = Stopwatch(traces)
    while rows := reader.list_entries(view.number, after=fold.seq, limit=PAGE_MAX):
        for row in rows:
            stopwatch.note(row.at, fold_decisions(fold, row)[1])
        if len(rows) < PAGE_MAX:
            break
    traces.stand(fold.state)
