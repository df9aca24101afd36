"""The statuses of an instance, and which requests make sense in which: one table for every model."""

from __future__ import annotations

from typing import Literal

from mainspring.models.contract import (
    CancelRequested,
    Event,
    PauseRequested,
    Requested,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    Signal,
)

CREATED, RUNNING, PAUSED = "created", "running", "paused"
COMPLETED, FAILED, CANCELLED = "completed", "failed", "cancelled"
LIVE = frozenset({CREATED, RUNNING, PAUSED})
ENDED = frozenset({COMPLETED, FAILED, CANCELLED})
STATUSES = (CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED)

Answer = Literal["do", "done", "no"]
"""Deliver it; it is so already (idempotent); it makes no sense."""

_COLUMNS = (CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED)


def _row(*answers: Answer) -> dict[str, Answer]:
    return dict(zip(_COLUMNS, answers, strict=True))


# fmt: off
REQUESTS: dict[type[Event], dict[str, Answer]] = {
    #                     created  running  paused  completed  failed  cancelled
    CancelRequested: _row("do",    "do",    "do",   "no",      "no",   "done"),
    PauseRequested:  _row("do",    "do",    "done", "no",      "no",   "no"),
    ResumeRequested: _row("no",    "done",  "do",   "no",      "no",   "no"),
    RetryRequested:  _row("no",    "do",    "do",   "no",      "do",   "do"),
    RerunRequested:  _row("no",    "do",    "do",   "do",      "do",   "do"),
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
    if type(event) is Signal or (type(event) is Requested and status in (FAILED, CANCELLED)):
        return "do"  # the model knows best: a signal that was sent before is answered even after the end, and what is
        # to be retried may be corrected
    row = REQUESTS.get(type(event))
    if row is not None:
        return row[status]
    return "do" if status in LIVE else "no"


def refusal(event: Event, public_id: str, status: str) -> str:
    """Why a request makes no sense, and what would."""
    if type(event) is Requested:
        return f"cannot {event.verb} {event.target!r} of instance {public_id!r}: it is {status}; nothing waits in it"
    verb = VERBS.get(type(event), f"deliver {type(event).__name__} to")
    possible = [VERBS[kind] for kind, row in REQUESTS.items() if row[status] == "do"]
    hint = f"; possible now: {', '.join(possible)}" if possible else "; nothing can be asked of it any more"
    return f"cannot {verb} instance {public_id!r}: it is {status}{hint}"
