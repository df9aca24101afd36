"""A deployment as a model: what looks after a definition, from version to version.

It keeps the schedules by which instances begin, as children, and while it is paused none begins: neither by them nor
by anything else.

| event                  | created | running | paused |
|------------------------|---------|---------|--------|
| Started                | keep    |         |        |
| Signal `deploy`        |         | keep    | keep   |
| PauseRequested         | refused | pause   |        |
| ResumeRequested        | refused |         | resume |
| all other requests     | refused | refused | refused|
"""

# ruff: noqa: ARG002 - the contract names arguments that a deployment does not need

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Raw, Struct

from mainspring.errors import PayloadInvalidError
from mainspring.models.contract import (
    Admit,
    CancelInstance,
    CancelRequested,
    Command,
    Deployable,
    Event,
    NodeView,
    Pause,
    PauseRequested,
    Refusal,
    RerunRequested,
    Resolve,
    Resume,
    ResumeRequested,
    RetryRequested,
    SendTo,
    Signal,
    Started,
    StartInstance,
)

DOCUMENT = b'{"deployment":1}'
DEFINITION = Deployable("deployment", "deployment", sha256(DOCUMENT).hexdigest(), DOCUMENT)
STATE_BYTES = 1_000
DEPLOY = "deploy"
"""The signal that a new version has been deployed, with its `News`."""
CREATED, RUNNING, PAUSED = range(3)


# --- Values -----------------------------------------------------------------------------------


class Timer(Struct, frozen=True):
    """A schedule that is there as long as the newest version asks for it."""

    key: str
    id: str
    """Of the instance."""
    digest: str
    """Of the definition that all schedules have."""
    settings: Raw
    update: str
    """The signal by which it is told of these settings, if it is there already."""


class News(Struct, frozen=True):
    """What the version asks for that has been deployed."""

    model: str
    name: str
    timers: tuple[Timer, ...] = ()


class DeploymentState(Struct, omit_defaults=True):
    status: int = CREATED
    model: str = ""
    name: str = ""
    timers: tuple[str, ...] = ()
    """Keys of those that are there."""
    reason: str = ""
    """Why it is paused."""
    by: str = ""
    """Who has paused it."""
    paused_at: float | None = None


class Decision(Struct, frozen=True, omit_defaults=True, tag_field="do"):
    """What was chosen; the event it answers is kept beside it."""


class Deployed(Decision, frozen=True, tag="deploy"):
    """A new version is the newest."""

    gone: tuple[str, ...] = ()
    """Timers that it does not ask for any more."""


class Paused(Decision, frozen=True, tag="pause"):
    reason: str = ""
    by: str = ""


class Resumed(Decision, frozen=True, tag="resume"):
    pass


DeploymentDecision = Deployed | Paused | Resumed
Decisions = Sequence[DeploymentDecision] | Refusal

_news = msgspec.json.Decoder(News).decode


# --- The model --------------------------------------------------------------------------------


class DeploymentModel:
    """The deployment as a model; see `mainspring.models.contract.Model`."""

    name = "deployment"
    decision_type: Any = DeploymentDecision

    def compile(self, document: bytes, resolve: Resolve) -> None:
        """There is nothing to compile: all deployments have the same document."""

    def weight(self, plan: None) -> int:
        return STATE_BYTES

    def children(self, plan: None) -> tuple[str, ...]:
        """Schedules; which, only their keeper knows."""
        return ("",)

    def check_input(self, plan: None, payload: bytes) -> None:
        try:
            _news(payload)
        except msgspec.MsgspecError as error:
            raise PayloadInvalidError("news of a deployment", str(error)) from None

    def initial(self, plan: None, instance: str) -> DeploymentState:
        return DeploymentState()

    def decide(self, plan: None, state: DeploymentState, event: Event, at: float) -> Decisions:
        match event:
            case Started():
                return _deployed(state, event.input) if state.status == CREATED else ()
            case Signal(name=name, data=data) if name == DEPLOY:
                return _deployed(state, data)
            case PauseRequested(reason=reason, by=by):
                return (Paused(reason, by),) if state.status != PAUSED else ()
            case ResumeRequested():
                return (Resumed(),) if state.status == PAUSED else ()
            case Signal(name=name):
                return Refusal(f"it is a deployment, which takes no event {name!r}")
            case CancelRequested() | RetryRequested() | RerunRequested():
                return Refusal("it is a deployment, which can be paused and resumed alone")
            case _:
                return ()

    def evolve(self, plan: None, state: DeploymentState, event: Event, decision: DeploymentDecision, at: float) -> None:
        match decision:
            case Deployed():
                news = _news(_data(event))
                state.model, state.name, state.timers = news.model, news.name, tuple(each.key for each in news.timers)
                state.status = max(state.status, RUNNING)
            case Paused(reason=reason, by=by):
                state.status, state.reason, state.by, state.paused_at = PAUSED, reason, by, at
            case Resumed():
                state.status, state.reason, state.by, state.paused_at = RUNNING, "", "", None

    def commands(
        self, plan: None, state: DeploymentState, event: Event, decision: DeploymentDecision, at: float
    ) -> Iterable[Command]:
        match decision:
            case Deployed():
                yield from (CancelInstance(key, "a newer version does not begin by it") for key in decision.gone)
                for timer in _news(_data(event)).timers:
                    yield StartInstance(
                        timer.key, timer.digest, bytes(timer.settings), public_id=timer.id,
                        otherwise=Signal(timer.update, timer.settings),
                    )  # fmt: skip
                    if state.status == PAUSED:
                        yield SendTo("", timer.id, PauseRequested(state.reason, state.by))
                if state.status != PAUSED:
                    yield Admit(state.model, state.name)
            case Paused():
                yield Pause()
            case Resumed():
                yield Resume()
                yield Admit(state.model, state.name)

    def nodes(self, plan: None, state: DeploymentState) -> tuple[NodeView, ...]:
        """Its timers."""
        return tuple(NodeView(key, "timer", "running") for key in state.timers)

    def reply(self, plan: None, state: DeploymentState, event: Event | None) -> bytes:
        return msgspec.json.encode(state)

    def dump(self, plan: None, state: DeploymentState) -> bytes:
        return msgspec.json.encode(state)

    def load(self, plan: None, snapshot: bytes) -> DeploymentState:
        return msgspec.json.decode(snapshot, type=DeploymentState)


def _deployed(state: DeploymentState, data: Raw) -> Decisions:
    try:
        wanted = {timer.key for timer in _news(data).timers}
    except msgspec.MsgspecError as error:
        return Refusal(f"no news of a deployment: {error}", "invalid")
    return (Deployed(tuple(key for key in state.timers if key not in wanted)),)


def _data(event: Event) -> Raw:
    assert isinstance(event, Started | Signal), "only these bring news"
    return event.input if isinstance(event, Started) else event.data


DEPLOYMENT = DeploymentModel()
