"""The state of a standalone task, and the decisions that change it."""

from __future__ import annotations

from msgspec import Raw, Struct

from mainspring.models.contract import Failure

# --- Statuses: small integers, for they are compared at every step ---

CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = range(6)

STATUS_NAMES = ("created", "running", "paused", "completed", "failed", "cancelled")

NULL = Raw(b"null")


class TaskState(Struct, omit_defaults=True, gc=False):
    """Where one task stands."""

    instance: str
    status: int = CREATED
    input: Raw = NULL
    priority: int = 0
    expires_s: float = 0.0
    round: int = 1
    """Counts up when the task is run anew after its end, so that no key is used twice."""
    failure: Failure | None = None
    lost: int = 0
    """Attempts of this round whose worker died; they use up no retry."""

    @property
    def key(self) -> str:
        return "task" if self.round == 1 else f"task#{self.round}"

    @property
    def deadline_key(self) -> str:
        return "deadline" if self.round == 1 else f"deadline#{self.round}"

    @property
    def expiry_key(self) -> str:
        return "expiry" if self.round == 1 else f"expiry#{self.round}"


def node_status(state: TaskState) -> str:
    """Of the only node: a task waits while its instance has not begun, and is still running while it is paused."""
    return {CREATED: "pending", PAUSED: "running"}.get(state.status, STATUS_NAMES[state.status])


# --- Decisions ---


class Decision(Struct, frozen=True, omit_defaults=True, tag_field="do", gc=False):
    """What was chosen; the event it answers is kept beside it."""


class Queued(Decision, frozen=True, tag="queue"):
    ready_at: float


class Retried(Decision, frozen=True, tag="retry"):
    ready_at: float


class Completed(Decision, frozen=True, tag="complete"):
    """The output is the event's."""


class Failed(Decision, frozen=True, tag="fail"):
    error: Failure | None = None
    """None: the event's."""


class Expired(Decision, frozen=True, tag="expire"):
    """Its time to begin is up; whether it has begun only the queue knows."""


class Cancelled(Decision, frozen=True, tag="cancel"):
    reason: str = ""


class Paused(Decision, frozen=True, tag="pause"):
    pass


class Resumed(Decision, frozen=True, tag="resume"):
    pass


class Requeued(Decision, frozen=True, tag="requeue"):
    """The task has ended and is run anew, under the next key."""

    ready_at: float


TaskDecision = Queued | Retried | Completed | Failed | Expired | Cancelled | Paused | Resumed | Requeued
