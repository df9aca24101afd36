"""The state of a durable machine, and the decisions that change it.

States and events stand in it by name, so that a journal can be read without its definition.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from mainspring.models.contract import Failure
from mainspring.models.machine.document import Document
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.outcome import Move, Outcome

CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = range(6)

STATUS_NAMES = ("created", "running", "paused", "completed", "failed", "cancelled")

DEPTH_MAX = 100
"""Machines that invoke each other by name: one that finds itself would never end."""

EVENT_IDS_MAX = 1_000
"""Ids of events that are remembered, with their outcomes; a sender that repeats itself does so soon."""

BEGIN_KEY = "begin"
"""Of the timer after which a machine that is to begin later begins."""


class Timer(Struct, frozen=True, omit_defaults=True):
    """A delayed event."""

    event: MachineEvent
    ready_at: float
    send_id: str
    """By which it is taken back."""
    target: str = ""
    """Whom it is for, as the author wrote it; empty: the machine itself."""


class Called(Struct, frozen=True, omit_defaults=True):
    """A task, a workflow or another machine that runs for a state."""

    number: int
    """Of the invocation, in the definition's order."""
    key: str
    source: str
    input: Raw
    type: str = "task"
    lost_count: int = 0
    """Attempts whose worker died; they use up no retry."""
    machine: Document | None = None
    """That was only known when it began."""


class Sent(Struct, frozen=True, omit_defaults=True):
    """An event for another machine."""

    key: str
    """Of the child; empty: the parent."""
    event: MachineEvent


class MachineState(Struct, omit_defaults=True):
    """Where one machine stands."""

    instance: str
    """Its id, as people know it."""
    status: int = CREATED
    configuration: tuple[str, ...] = ()
    memory: tuple[tuple[str, ...] | None, ...] = ()
    """What each history remembers."""
    data: dict[str, Any] = {}
    bound: tuple[str, ...] = ()
    """States whose data have got their first values."""
    counter: int = 0
    """Makes ids that are used only once."""
    timers: dict[str, Timer] = {}
    calls: dict[str, Called] = {}
    waiting: tuple[MachineEvent, ...] = ()
    """What came while the machine was paused."""
    told: dict[str, Outcome] = {}
    """What became of the latest events that had an id."""
    last: Outcome | None = None
    """What became of the latest event that was sent."""
    input: Raw = Raw(b"{}")
    priority: int = 0
    begin_at: float = 0.0
    """When it is to begin, if that is later than its start."""
    has_parent: bool = False
    depth: int = 0
    output: Any = None
    failure: Failure | None = None


# --- Decisions --------------------------------------------------------------------------------


class Decision(Struct, frozen=True, omit_defaults=True, tag_field="do"):
    """What was chosen; the event it answers is kept beside it."""


class Ran(Decision, frozen=True, tag="run"):
    """The machine took steps; what they changed."""

    moves: tuple[Move, ...]
    configuration: tuple[str, ...]
    memory: tuple[tuple[str, ...] | None, ...] = ()
    data: dict[str, Any] = {}
    """New values by name."""
    bound: tuple[str, ...] = ()
    counter: int = 0
    timers: dict[str, Timer] = {}
    """Set now."""
    revoked: tuple[str, ...] = ()
    """Timers that are no more."""
    calls: dict[str, Called] = {}
    """Begun now."""
    ended_tasks: dict[str, str] = {}
    """The key of each whose state was left, or that has ended, by the id of its invocation."""
    ended_children: dict[str, str] = {}
    """The same of workflows and machines."""
    sends: tuple[Sent, ...] = ()
    logs: tuple[tuple[str, Any], ...] = ()
    reason: str = ""
    """Why no transition took the event."""
    has_ended: bool = False
    output: Any = None


class Postponed(Decision, frozen=True, tag="postpone"):
    """It is to begin later."""

    ready_at: float


class Kept(Decision, frozen=True, tag="keep"):
    """Something came while the machine is paused."""

    event: MachineEvent


class Passed(Decision, frozen=True, tag="pass"):
    """A delayed event goes to another machine now; None: it is not there any more."""

    sent: Sent | None = None


class Again(Decision, frozen=True, tag="again"):
    """A task that has failed, or whose worker died, is tried again."""

    key: str
    ready_at: float


class Failed(Decision, frozen=True, tag="fail"):
    """An error that nothing handles; the configuration before the event is kept."""

    error: Failure
    event: MachineEvent | None = None
    """What it came with, if nobody will send that again; it is taken once more when the machine is retried."""


class Retried(Decision, frozen=True, tag="retry"):
    """It goes on from the configuration that was kept; its tasks run anew under these keys."""

    calls: dict[str, Called] = {}
    counter: int = 0


class Cancelled(Decision, frozen=True, tag="cancel"):
    reason: str = ""


class Paused(Decision, frozen=True, tag="pause"):
    pass


class Resumed(Decision, frozen=True, tag="resume"):
    pass


MachineDecision = Ran | Postponed | Kept | Passed | Again | Failed | Retried | Cancelled | Paused | Resumed
