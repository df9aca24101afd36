"""A process compiled: its elements as objects that lead to each other, its expressions as functions.

An area is what a process, a global task or a sub-process is made of.  Called processes of the same file are areas of
the same plan.  Nothing in a plan changes after it is made, and all instances of a definition share it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mainspring.models.contract import TaskSpec
from mainspring.models.process.document import (
    ACTIVITIES,
    AD_HOC,
    SCRIPT,
    Document,
    EventDefinition,
    Flow,
    MultiInstance,
    Node,
    StandardLoop,
)
from mainspring.models.process.expression import Evaluate


class Arc:
    """A sequence flow, compiled."""

    __slots__ = ("condition", "flow", "id", "mark", "source", "target")

    def __init__(self, flow: Flow, source: Vertex, target: Vertex) -> None:
        self.flow = flow
        self.id = flow.id
        self.mark = ">" + flow.id
        """What stands for it in a trail."""
        self.source = source
        self.target = target
        self.condition: Evaluate | None = None


class Vertex:
    """A flow node, compiled."""

    __slots__ = (
        "activation", "active", "area", "attached", "body", "boundaries", "call", "call_key", "code", "compensator",
        "completion", "default", "events", "has_conditions", "id", "incoming", "inputs", "is_activity", "is_in_ad_hoc",
        "is_plain_script", "kind", "loop", "needs_all", "node", "outgoing", "outputs", "people", "spec",
        "takes", "upstream",
    )  # fmt: skip

    def __init__(self, node: Node, area: Area) -> None:
        self.node = node
        self.id = node.id
        self.kind = node.kind
        self.needs_all = node.needs_all and len(node.events) > 1
        self.area = area
        """In which it is."""
        self.body: Area | None = None
        """What is in it."""
        self.is_activity = node.kind in ACTIVITIES
        self.is_in_ad_hoc = area.owner is not None and area.owner.kind == AD_HOC
        self.is_plain_script = (
            node.kind == SCRIPT and node.work is None and not node.inputs and not node.outputs
            and node.completion_quantity == 1 and not node.for_compensation and not self.is_in_ad_hoc
        )  # fmt: skip
        """Whether nothing can happen while it runs."""
        self.incoming: list[Arc] = []
        self.outgoing: list[Arc] = []
        self.default: Arc | None = None
        self.has_conditions = False
        """Whether some of its outgoing flows are not taken."""
        self.attached: Vertex | None = None
        """Of a boundary event: the activity."""
        self.boundaries: list[Vertex] = []
        """Of an activity: its boundary events, without those of compensation."""
        self.compensator: Vertex | None = None
        """Of an activity: what undoes it."""
        self.upstream: dict[str, int] | None = None
        """Of a joining gateway: the incoming flows, as bits, that a token at each node could still reach."""
        self.events: list[Trigger] = []
        self.loop: Loop | None = None
        self.inputs: list[tuple[Evaluate, tuple[str, ...]]] = []
        self.outputs: list[tuple[Evaluate, tuple[str, ...]]] = []
        work = node.work
        self.spec = (
            None
            if work is None
            else TaskSpec(work.handler, work.queue, work.priority, work.timeout_s, memory_max_mb=work.memory_max_mb)
        )
        """Of its tasks."""
        self.takes = None if work is None else work.takes
        """The variables that its handler takes; None: nobody knows, so it is offered all that are in sight."""
        self.code: Evaluate | None = None
        """Of a script."""
        self.activation: Evaluate | None = None
        self.completion: Evaluate | None = None
        self.active: Evaluate | None = None
        self.call: Evaluate | None = None
        self.call_key: Evaluate | None = None
        self.people: dict[str, Evaluate] = {}

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id}>"


class Trigger:
    """An event definition, compiled."""

    __slots__ = ("code", "correlation", "definition", "index", "kind", "name")

    def __init__(self, definition: EventDefinition, index: int) -> None:
        self.definition = definition
        self.kind = definition.kind
        self.name = definition.name
        self.index = index
        self.code: Evaluate | None = None
        self.correlation: Evaluate | None = None


class Loop:
    """A standard loop or a multi-instance, compiled."""

    __slots__ = ("cardinality", "collection", "completion", "complex", "condition", "none", "one", "output", "what")

    def __init__(self, what: StandardLoop | MultiInstance) -> None:
        self.what = what
        self.condition: Evaluate | None = None
        self.cardinality: Evaluate | None = None
        self.collection: Evaluate | None = None
        self.completion: Evaluate | None = None
        self.output: Evaluate | None = None
        self.one: Trigger | None = None
        self.none: Trigger | None = None
        self.complex: list[tuple[Evaluate, Trigger]] = []


class Area:
    """What a process, a global task or a sub-process is made of."""

    __slots__ = ("compensation", "data", "event_subs", "id", "initial", "joins", "links", "owner", "starts", "vertices")

    def __init__(self, id: str, owner: Vertex | None, data: Iterable[str]) -> None:
        self.id = id
        self.owner = owner
        """The sub-process; None: it is a process."""
        self.data = tuple(data)
        self.vertices: dict[str, Vertex] = {}
        self.initial: list[Vertex] = []
        """Where tokens begin when nothing particular has started it: none start events, or else all that nothing
        leads to (13.4.1)."""
        self.starts: list[Vertex] = []
        """Start events that wait for something, and what instantiates a process by receiving."""
        self.event_subs: list[Vertex] = []
        """Event sub-processes, without that of compensation."""
        self.compensation: Vertex | None = None
        """The event sub-process that compensates this area."""
        self.links: dict[str, Vertex] = {}
        """Where the links of a name lead."""
        self.joins: list[Vertex] = []
        """Inclusive and complex gateways, which look at what could still come."""


class Plan:
    """A definition, compiled."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.id = document.process
        self.areas: dict[str, Area] = {}
        """Processes and global tasks by id."""
        self.vertices: dict[str, Vertex] = {}
        """All flow nodes by id."""
        self.has_joins = False
        """Whether any gateway looks at what could still come."""

    @property
    def root(self) -> Area:
        return self.areas[self.id]
