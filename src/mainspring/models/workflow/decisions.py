"""Everything that a workflow can decide.  Nodes are named by their keys, so that a journal reads well in plain SQL."""

from __future__ import annotations

from msgspec import Struct

from mainspring.models.contract import Failure


class Decision(Struct, frozen=True, omit_defaults=True, tag_field="do", gc=False):
    """What was chosen; the event it answers is kept beside it."""


# --- The instance -----------------------------------------------------------------------------


class Accepted(Decision, frozen=True, tag="accept"):
    """The input is the event's."""

    begin_at: float = 0.0
    """Nothing begins before; 0: at once."""


class Begun(Decision, frozen=True, tag="begin"):
    """Nodes may start from now on; the time-out of the whole counts from here."""


class Paused(Decision, frozen=True, tag="pause"):
    pass


class Resumed(Decision, frozen=True, tag="resume"):
    pass


class Stopped(Decision, frozen=True, tag="stop"):
    """Nothing more is begun: all nodes that have not ended are cancelled."""


class FailureTold(Decision, frozen=True, tag="tell"):
    """The `on_failure` task starts; when it has ended, the instance fails."""

    error: Failure


class Completed(Decision, frozen=True, tag="complete"):
    pass


class Failed(Decision, frozen=True, tag="fail"):
    error: Failure


class Cancelled(Decision, frozen=True, tag="cancel"):
    reason: str = ""


class Reopened(Decision, frozen=True, tag="reopen"):
    """The instance had ended, and runs again."""


# --- Nodes ------------------------------------------------------------------------------------


class NodesStarted(Decision, frozen=True, tag="start"):
    nodes: tuple[str, ...]


class NodeCompleted(Decision, frozen=True, tag="done"):
    """The output is the event's; of a map the list of its items' outputs; of a sleep null."""

    node: str


class NodeFailed(Decision, frozen=True, tag="failed"):
    node: str
    error: Failure | None = None
    """None: the event's."""


class NodesSkipped(Decision, frozen=True, tag="skip"):
    nodes: tuple[str, ...]


class NodesCancelled(Decision, frozen=True, tag="drop"):
    """They can never run, for something they depend on has failed."""

    nodes: tuple[str, ...]


class NodesReset(Decision, frozen=True, tag="reset"):
    """They are to run anew; what of them still runs is taken back."""

    nodes: tuple[str, ...]


class TaskRetried(Decision, frozen=True, tag="retry"):
    """The task whose attempt the event tells of is tried again."""

    ready_at: float


class ChildRetried(Decision, frozen=True, tag="retry_child"):
    """The node's child, which failed, tries again what failed in it."""

    node: str


# --- Items of a map ---------------------------------------------------------------------------


class MapStarted(Decision, frozen=True, tag="map"):
    node: str
    count: int


class ItemsStarted(Decision, frozen=True, tag="items"):
    """The next `count` items, beginning with `first`."""

    node: str
    first: int
    count: int


class ItemsRestarted(Decision, frozen=True, tag="items_again"):
    """Items that had failed or been interrupted, under new keys."""

    node: str
    items: tuple[int, ...]


class ItemsRetried(Decision, frozen=True, tag="retry_items"):
    """The children of these items, which failed, try again what failed in them."""

    node: str
    items: tuple[int, ...]


class ItemCompleted(Decision, frozen=True, tag="item_done"):
    node: str
    item: int


class ItemFailed(Decision, frozen=True, tag="item_failed"):
    node: str
    item: int
    error: Failure | None = None
    """None: the event's."""


class MapReset(Decision, frozen=True, tag="map_again"):
    """A map that ended badly is to run again what of it did not complete."""

    node: str


WorkflowDecision = (
    Accepted
    | Begun
    | Paused
    | Resumed
    | Stopped
    | FailureTold
    | Completed
    | Failed
    | Cancelled
    | Reopened
    | NodesStarted
    | NodeCompleted
    | NodeFailed
    | NodesSkipped
    | NodesCancelled
    | NodesReset
    | TaskRetried
    | ChildRetried
    | MapStarted
    | ItemsStarted
    | ItemsRestarted
    | ItemsRetried
    | ItemCompleted
    | ItemFailed
    | MapReset
)
