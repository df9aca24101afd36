"""What is decided for a process, as the journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from mainspring.models.contract import Failure
from mainspring.models.process.state import Done, Incident, Todo, Token, Wait

NONE: Mapping[Any, Any] = MappingProxyType({})
"""Of what few decisions have: one for all of them, for a decision has many such fields."""


class Decision(Struct, frozen=True, omit_defaults=True, tag_field="do"):
    """What was chosen; the event it answers is kept beside it."""


class Asked(Struct, frozen=True, omit_defaults=True, gc=False):
    """A task that is begun, or begun anew."""

    key: str
    node: str
    payload: str
    """JSON object."""


class Thrown(Struct, frozen=True, omit_defaults=True):
    """A message or a signal that goes out."""

    kind: str
    name: str
    key: str = ""
    values: dict[str, Any] = {}


class Called(Struct, frozen=True, omit_defaults=True):
    """Another instance that is begun."""

    key: str
    model: str
    name: str
    """Of the newest definition of that name that was deployed."""
    input: dict[str, Any] = {}
    business_key: str = ""


class Ran(Decision, frozen=True, tag="run"):
    """Tokens moved; what that changed."""

    trail: tuple[str, ...] = ()
    """The elements that were entered, in order; a flow that was taken begins with `>`."""
    tokens: tuple[Token, ...] = ()
    """New, or changed."""
    gone: tuple[int, ...] = ()
    values: Mapping[int, dict[str, Any]] = NONE
    """New values by scope and name."""
    arrived: Mapping[int, dict[str, dict[str, int]]] = NONE
    """Tokens that wait for others, by scope, node and flow, as far as they changed."""
    waits: Mapping[str, Wait] = NONE
    unwaited: Mapping[str, str] = NONE
    """What is not waited for any more, with its kind."""
    todos: tuple[Todo, ...] = ()
    incidents: tuple[Incident, ...] = ()
    resolved: tuple[int, ...] = ()
    """Tokens whose incident is no more."""
    items: Mapping[int, list[Any]] = NONE
    outputs: Mapping[int, dict[int, Any]] = NONE
    done: Mapping[int, tuple[Done, ...]] = NONE
    """Completed now, by scope, and could be compensated."""
    undone: Mapping[int, tuple[int, ...]] = NONE
    """Compensated, or about to be: no longer in `done`."""
    undo: Mapping[int, tuple[Done, ...]] = NONE
    tasks: tuple[Asked, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Tasks that are taken back."""
    called: tuple[Called, ...] = ()
    recalled: tuple[str, ...] = ()
    """Other instances that are cancelled."""
    thrown: tuple[Thrown, ...] = ()
    closed: tuple[str, ...] = ()
    """User tasks and incidents that are no more."""
    counter: int = 0
    by: str = ""
    """Who asked for it."""
    told: str = ""
    """The id of the message or request that is answered."""
    is_over: bool = False
    output: Any = None
    failure: Failure | None = None
    """Why it is over, where it did not end well."""


class Broke(Ran, frozen=True, tag="break"):
    """The step ended the process with a failure; the state before it is kept, for a retry takes it once more."""

    came: tuple[tuple[str, Any], ...] = ()
    """Kinds and data of the events that led to it and nobody would send again."""
    corrected: dict[str, Any] = {}
    """Variables that were corrected before, and hold for the next retry too."""


class Postponed(Decision, frozen=True, tag="postpone"):
    """It is to begin later."""

    ready_at: float


class Kept(Decision, frozen=True, tag="keep"):
    """Something came while the instance is paused."""

    kind: str
    event: Any


class Again(Decision, frozen=True, tag="again"):
    """A task is tried once more."""

    key: str
    ready_at: float
    counted: bool = True
    """The failure used up a retry."""


class Cancelled(Decision, frozen=True, tag="cancel"):
    reason: str = ""


class Paused(Decision, frozen=True, tag="pause"):
    reason: str = ""


class Resumed(Decision, frozen=True, tag="resume"):
    pass


class Listening(Decision, frozen=True, tag="listen"):
    """After a pause, messages are taken again."""

    keys: tuple[str, ...]
    """The waits that were there before the pause and still are."""


class Corrected(Decision, frozen=True, tag="correct"):
    """Of one that has ended, variables got other values, for a retry."""

    values: dict[str, Any]
    by: str = ""


class Retried(Decision, frozen=True, tag="retry"):
    """It goes on from where it stood before it failed or was cancelled."""


ProcessDecision = (
    Ran | Broke | Postponed | Kept | Again | Cancelled | Paused | Resumed | Listening | Corrected | Retried
)
