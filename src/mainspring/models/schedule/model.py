"""The schedule as a model: an instance whose next occurrence is a timer."""

# ruff: noqa: ARG002 - the contract names arguments that a schedule does not need

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.errors import PayloadInvalidError
from mainspring.models.contract import Deployable, Event, NodeView, Resolve, Signal
from mainspring.models.schedule.asking import TRIGGER
from mainspring.models.schedule.decide import decide
from mainspring.models.schedule.evolve import commands, evolve
from mainspring.models.schedule.state import ScheduleDecision, ScheduleState
from mainspring.models.schedule.timetable import timetable_of

STATE_BYTES = 3_000
"""Of a state with settings of usual length."""

DOCUMENT = b'{"schedule":1}'
DEFINITION = Deployable("schedule", "schedule", sha256(DOCUMENT).hexdigest(), DOCUMENT)
"""All schedules have the same: what tells them apart are their settings, which may change while they live."""


class Answer(Struct, frozen=True):
    """What the sender of a signal is told."""

    next: float | None
    moved_from: float | None = None
    run: str = ""
    """The id of what was triggered."""


class ScheduleModel:
    """The schedule as a model; see `mainspring.models.contract.Model`."""

    name = "schedule"
    decision_type: Any = ScheduleDecision

    decide = staticmethod(decide)
    evolve = staticmethod(evolve)
    commands = staticmethod(commands)

    def compile(self, document: bytes, resolve: Resolve) -> None:
        """There is nothing to compile: rules are made of the settings, when they are asked."""

    def weight(self, plan: None) -> int:
        return STATE_BYTES

    def children(self, plan: None) -> tuple[str, ...]:
        """None that are part of it: what it starts stands on its own."""
        return ()

    def check_input(self, plan: None, payload: bytes) -> None:
        try:
            timetable_of(payload, 0.0)
        except msgspec.MsgspecError as error:
            raise PayloadInvalidError("settings of a schedule", str(error)) from None

    def initial(self, plan: None, instance: str) -> ScheduleState:
        return ScheduleState(instance)

    def nodes(self, plan: None, state: ScheduleState) -> tuple[NodeView, ...]:
        """What runs at this moment."""
        return tuple(NodeView(key, "run", "running") for key in state.active)

    def reply(self, plan: None, state: ScheduleState, event: Event | None) -> bytes:
        is_trigger = isinstance(event, Signal) and event.name == TRIGGER
        run = state.id_of(f"trigger-{state.triggers}") if is_trigger else ""
        return msgspec.json.encode(Answer(state.next, state.moved_from, run))

    def dump(self, plan: None, state: ScheduleState) -> bytes:
        return msgspec.json.encode(state)

    def load(self, plan: None, snapshot: bytes) -> ScheduleState:
        return msgspec.json.decode(snapshot, type=ScheduleState)


SCHEDULE = ScheduleModel()

ZONES_NAME = "tz database"


def zones_definition(version: str) -> Deployable:
    """What all schedules of a store were last looked at with; the newest version of it is the present one."""
    document = msgspec.json.encode({"zones": version})
    return Deployable("schedule", ZONES_NAME, sha256(document).hexdigest(), document)
