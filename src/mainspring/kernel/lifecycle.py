"""The statuses of an instance, and which requests make sense in which: one table for every model."""

from __future__ import annotations

from typing import Literal

from mainspring.models.contract import (
    CancelRequested,
    Event,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
)

CREATED, RUNNING, PAUSED = "created", "running", "paused"
COMPLETED, FAILED, CANCELLED = "completed", "failed", "cancelled"
LIVE = frozenset({CREATED, RUNNING, PAUSED})
ENDED = frozenset({COMPLETED, FAILED, CANCELLED})
STATUSES = (CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED)

Answer = Literal["do", "done", "no"]
"""Deliver it; it is so already (idempotent); it makes no sense."""

# fmt: off
REQUESTS: dict[type[Event], dict[str, Answer]] = {
    #                created          running          paused          completed          failed          cancelled
    CancelRequested: {CREATED: "do",   RUNNING: "do",   PAUSED: "do",   COMPLETED: "no",   FAILED: "no",   CANCELLED: "done"},
    PauseRequested:  {CREATED: "do",   RUNNING: "do",   PAUSED: "done", COMPLETED: "no",   FAILED: "no",   CANCELLED: "no"},
    ResumeRequested: {CREATED: "no",   RUNNING: "done", PAUSED: "do",   COMPLETED: "no",   FAILED: "no",   CANCELLED: "no"},
    RetryRequested:  {CREATED: "no",   RUNNING: "do",   PAUSED: "do",   COMPLETED: "no",   FAILED: "do",   CANCELLED: "do"},
    RerunRequested:  {CREATED: "no",   RUNNING: "do",   PAUSED: "do",   COMPLETED: "do",   FAILED: "do",   CANCELLED: "do"},
}
# fmt: on

VERBS: dict[type[Event], str] = {
    CancelRequested: "cancel",
    PauseRequested: "pause",
    ResumeRequested: "resume",
    RetryRequested: "retry",
    RerunRequested: "rerun",
}


def answer(event: Event, status: str) -> Answer:
    """What becomes of an event sent to an instance in this status; events that are no requests are delivered."""
    row = REQUESTS.get(type(event))
    if row is not None:
        return row[status]
    return "do" if status in LIVE else "no"


def refusal(event: Event, public_id: str, status: str) -> str:
    """Why a request makes no sense, and what would."""
    verb = VERBS.get(type(event), f"deliver {type(event).__name__} to")
    possible = [VERBS[kind] for kind, row in REQUESTS.items() if row[status] == "do"]
    hint = f"; possible now: {', '.join(possible)}" if possible else "; nothing can be asked of it any more"
    return f"cannot {verb} instance {public_id!r}: it is {status}{hint}"
