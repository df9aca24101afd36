"""The definition of a business process as data: what is read from a BPMN file or built in Python, and what is stored.

It holds what can be executed, by the names of the standard (BPMN 2.0.2), with the line of each element in its file; and
the diagram interchange, so that it can be drawn as it was.  References to messages, signals, errors and escalations are
resolved: an event knows the name it waits for or throws.  Expressions keep their text and their language.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from msgspec import Struct, json

# --- Kinds of flow nodes, by their names in BPMN files ------------------------------------------

TASK, SERVICE, SCRIPT, USER, MANUAL = "task", "serviceTask", "scriptTask", "userTask", "manualTask"
SEND, RECEIVE, RULE = "sendTask", "receiveTask", "businessRuleTask"
TASKS = (TASK, SERVICE, SCRIPT, USER, MANUAL, SEND, RECEIVE, RULE)
CALL = "callActivity"
SUB_PROCESS, TRANSACTION, AD_HOC = "subProcess", "transaction", "adHocSubProcess"
SUB_PROCESSES = (SUB_PROCESS, TRANSACTION, AD_HOC)
ACTIVITIES = (*TASKS, CALL, *SUB_PROCESSES)
EXCLUSIVE, PARALLEL, INCLUSIVE = "exclusiveGateway", "parallelGateway", "inclusiveGateway"
COMPLEX, EVENT_BASED = "complexGateway", "eventBasedGateway"
GATEWAYS = (EXCLUSIVE, PARALLEL, INCLUSIVE, COMPLEX, EVENT_BASED)
START, END, BOUNDARY = "startEvent", "endEvent", "boundaryEvent"
CATCH, THROW = "intermediateCatchEvent", "intermediateThrowEvent"
EVENTS = (START, CATCH, THROW, BOUNDARY, END)
NODES = (*ACTIVITIES, *GATEWAYS, *EVENTS)

# --- Kinds of event definitions (10.5.5) --------------------------------------------------------

MESSAGE, TIMER, SIGNAL, CONDITIONAL = "message", "timer", "signal", "conditional"
HELD = "held"
"""A message that waits for the end of its receiver's pause."""
ERROR, ESCALATION, CANCEL, COMPENSATE = "error", "escalation", "cancel", "compensate"
LINK, TERMINATE = "link", "terminate"
EVENT_KINDS = (MESSAGE, TIMER, SIGNAL, CONDITIONAL, ERROR, ESCALATION, CANCEL, COMPENSATE, LINK, TERMINATE)
SUBSCRIBED = (MESSAGE, TIMER, SIGNAL, CONDITIONAL)
"""What an event waits for; the others are thrown to it from inside."""

FEEL, JUEL, TEXT = "feel", "juel", "text"
"""Languages of expressions; `text` is a constant."""


class Part(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a definition."""


class Code(Part, frozen=True):
    """An expression, a script or a constant."""

    text: str
    language: str = FEEL
    line: int = 0


class Mapping(Part, frozen=True):
    """A value that is given to a name: into an activity when it begins, or out of it when it ends."""

    source: Code
    target: str
    """A name, or a path such as `order.paid`."""


class EventDefinition(Part, frozen=True):
    """What an event waits for or throws (10.5.5)."""

    kind: str
    id: str = ""
    line: int = 0
    name: str = ""
    """Of a message, a signal or a link; the code of an error or an escalation.  Empty: any."""
    reference: str = ""
    """The id of the message, signal, error or escalation in the file."""
    correlation: Code | None = None
    """Of a message: the key.  None: the key with which the instance was started."""
    timer: str = ""
    """`date`, `duration` or `cycle`."""
    code: Code | None = None
    """Of a timer: when; of a condition: the condition."""
    activity: str = ""
    """Of a compensation: what is to be compensated; empty: all of the scope."""
    wait: bool = True
    """Of a compensation that is thrown: go on only when it has been done."""
    is_shared: bool = False
    """It stands outside of the event, which refers to it."""
    code_variable: str = ""
    """Where a caught error's code is put."""
    message_variable: str = ""
    """Where a caught error's message is put."""
    handler: str = ""
    """Of a message that is thrown by a handler of ours."""


class Work(Part, frozen=True):
    """What a service, send, business rule or script task has done by a handler."""

    handler: str
    retries: int = 0
    retry_delay_s: float = 0.0
    headers: dict[str, str] = {}
    """Constants for the handler."""
    result: str = ""
    """The variable that takes what the handler returns; empty: an object's entries become variables."""
    queue: str = "default"
    priority: int = 0
    timeout_s: float | None = None
    memory_max_mb: float | None = None
    """Per attempt, in a process of its own."""
    takes: tuple[str, ...] | None = None
    """The parameters of the handler, where it was given with the process; None: not known here."""


class Script(Part, frozen=True):
    """What a script task evaluates (10.3.3)."""

    code: Code
    result: str = ""
    """The variable that takes the value; empty: the entries of a context become variables."""


class People(Part, frozen=True):
    """Who does a user task, and until when (10.3.4)."""

    assignee: Code | None = None
    users: Code | None = None
    groups: Code | None = None
    due: Code | None = None
    follow_up: Code | None = None
    priority: Code | None = None
    form: str = ""
    """A key or an id for whoever shows the task."""
    form_schema: Any = None
    """JSON Schema of what completes it."""


class Call(Part, frozen=True):
    """What a call activity calls (10.3.6)."""

    element: Code
    """The id of a process, of a global task, or the name of another definition that was deployed."""
    gives_all: bool = True
    """All variables in sight are handed over, not only the inputs."""
    takes_all: bool = True
    """All that it returns becomes variables of the scope around, not only the outputs."""
    key: Code | None = None
    """The key of the called instance; None: that of the caller."""


class StandardLoop(Part, frozen=True, tag_field="loop", tag="standard"):
    """`while` or `do … while` (10.3.8)."""

    condition: Code | None = None
    test_before: bool = False
    maximum: int | None = None
    line: int = 0


class MultiInstance(Part, frozen=True, tag_field="loop", tag="multi"):
    """Once for each item, or so many times (10.3.8)."""

    sequential: bool = False
    cardinality: Code | None = None
    collection: Code | None = None
    item: str = ""
    output_collection: str = ""
    output_item: Code | None = None
    result: str = ""
    """A variable of each instance alone, which it is to fill; empty: none of its own."""
    completion: Code | None = None
    behavior: str = "All"
    """`All`, `None`, `One` or `Complex`: when an event is thrown as instances complete."""
    one_event: EventDefinition | None = None
    none_event: EventDefinition | None = None
    complex: tuple[ComplexBehavior, ...] = ()
    line: int = 0


class ComplexBehavior(Part, frozen=True):
    """An event that is thrown when an instance completes while a condition holds (table 10.30)."""

    condition: Code
    event: EventDefinition


class Datum(Part, frozen=True):
    """A property or a data object: a variable of its scope, empty until it is given a value."""

    id: str
    name: str = ""
    line: int = 0


class Node(Part, frozen=True):
    """A flow node: an activity, a gateway or an event."""

    id: str
    kind: str
    name: str = ""
    line: int = 0
    documentation: str = ""
    default: str = ""
    """The flow that is taken when no other is."""
    # Activities
    loop: StandardLoop | MultiInstance | None = None
    start_quantity: int = 1
    completion_quantity: int = 1
    for_compensation: bool = False
    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    work: Work | None = None
    script: Script | None = None
    people: People | None = None
    call: Call | None = None
    instantiate: bool = False
    """Of a receive task or an event-based gateway: its event starts the process."""
    body: Body | None = None
    """Of a sub-process."""
    by_event: bool = False
    """Of a sub-process: it is an event sub-process."""
    ordering: str = "Parallel"
    """Of an ad-hoc sub-process."""
    completion: Code | None = None
    """Of an ad-hoc sub-process: when it has had enough."""
    cancel_remaining: bool = True
    active: Code | None = None
    """Of an ad-hoc sub-process: the ids of the activities that begin at once; None: all that nothing leads to."""
    # Gateways
    direction: str = ""
    """As the file has it: `Diverging`, `Converging`, `Mixed`, `Unspecified`."""
    activation: Code | None = None
    """Of a complex gateway."""
    is_parallel: bool = False
    """Of an event-based gateway that starts a process: all its events are needed."""
    # Events
    events: tuple[EventDefinition, ...] = ()
    """Empty: a none event; of a receive or a send task, its message."""
    needs_all: bool = False
    """`parallelMultiple`: all its event definitions must come."""
    attached_to: str = ""
    interrupting: bool = True
    """Of a boundary event, or of the start of an event sub-process."""


class Flow(Part, frozen=True):
    """A sequence flow."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: Code | None = None
    line: int = 0


class Association(Part, frozen=True):
    """What leads from a compensation boundary event to its handler, or from data to who reads it; or is only drawn."""

    id: str
    source: str
    target: str
    line: int = 0
    is_of_data: bool = False


class Lane(Part, frozen=True):
    """Who does what is in it."""

    id: str
    name: str = ""
    nodes: tuple[str, ...] = ()
    lanes: tuple[Lane, ...] = ()
    line: int = 0


class Body(Part, frozen=True):
    """What a process or a sub-process is made of."""

    nodes: tuple[Node, ...] = ()
    flows: tuple[Flow, ...] = ()
    """The flows out of a node stand in the order in which its conditions are asked."""
    associations: tuple[Association, ...] = ()
    data: tuple[Datum, ...] = ()
    lanes: tuple[Lane, ...] = ()


# --- The file -------------------------------------------------------------------------------------


class ProcessPart(Part, frozen=True):
    """A process of a file; or a global task, which a call activity calls like one (10.3.7)."""

    id: str
    name: str = ""
    line: int = 0
    body: Body = Body()
    """Of a global task, the task alone."""
    is_global_task: bool = False
    executable: bool = True


class Participant(Part, frozen=True):
    """A pool."""

    id: str
    name: str = ""
    process: str = ""
    """The id of what it does; empty: nobody can see into it."""
    line: int = 0


class MessageFlow(Part, frozen=True):
    id: str
    source: str
    target: str
    name: str = ""
    line: int = 0


class Artifact(Part, frozen=True):
    """What is drawn beside the flow: an annotation, a group, a data object, a data store."""

    id: str
    kind: str
    """The name of its element, such as `textAnnotation`."""
    text: str = ""
    line: int = 0
    around: str = ""
    """The id of the process, the sub-process or the collaboration that it stands in."""


class Shape(Part, frozen=True):
    """Where an element is drawn (12.2.3.3)."""

    element: str
    x: float
    y: float
    width: float
    height: float
    label: tuple[float, ...] = ()
    """x, y, width, height; empty: there is none of its own."""
    horizontal: bool = True
    expanded: bool = True


class Edge(Part, frozen=True):
    """How a flow or an association is drawn (12.2.3.4)."""

    element: str
    points: tuple[tuple[float, float], ...]
    label: tuple[float, ...] = ()


class Document(Part, frozen=True):
    """The definition of one process, with all that stands beside it in its file."""

    process: str
    """The id of the one that is started."""
    processes: tuple[ProcessPart, ...]
    participants: tuple[Participant, ...] = ()
    message_flows: tuple[MessageFlow, ...] = ()
    associations: tuple[Association, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    shapes: tuple[Shape, ...] = ()
    edges: tuple[Edge, ...] = ()

    def encode(self) -> bytes:
        """The canonical text: no spaces, no defaults, fields in the order of the classes above."""
        return json.encode(self)

    @property
    def digest(self) -> str:
        return sha256(self.encode()).hexdigest()

    @property
    def part(self) -> ProcessPart:
        """The process that is started."""
        return next(part for part in self.processes if part.id == self.process)


_decode = json.Decoder(Document).decode


def decode_document(document: bytes) -> Document:
    """A stored definition; raises `msgspec.ValidationError`."""
    return _decode(document)
