"""Pictures of processes: a definition, an instance with its tokens and times, or many instances as a heat map."""

from __future__ import annotations

from typing import Any

from mainspring.cli.commands import UsageError
from mainspring.cli.moments import duration
from mainspring.drawing import flow_dot, flow_mermaid, flow_svg
from mainspring.drawing.flowchart import Flowchart
from mainspring.looking import Looking
from mainspring.models.process.document import decode_document
from mainspring.models.process.graph import flowchart_of
from mainspring.tracing import trace_definition, trace_instance
from mainspring.watch import Watch

FLOWCHARTS: dict[str, Any] = {"svg": flow_svg.draw, "mermaid": flow_mermaid.draw, "dot": flow_dot.draw}


def instance_chart(looking: Looking, watch: Watch) -> Flowchart:
    """Where an instance stands, how often it was where, and how long."""
    traces = trace_instance(looking, watch)
    return flowchart_of(decode_document(watch.document), traces, say_duration=duration)


def heat_chart(looking: Looking, name: str) -> tuple[Flowchart, str]:
    """How often the newest instances of the newest version of a process went where; and a title."""
    found = trace_definition(looking, name)
    if found is None:
        raise UsageError(f"--heat needs the name of a process in the store, and {name!r} is none")
    chart = flowchart_of(found.document, found.traces, is_heat=True, say_duration=duration)
    instances = "1 instance" if found.instances == 1 else f"{found.instances:,} instances"
    return chart, f"{name}, version {found.version}: {instances}"
