"""The state machine: states, guarded transitions and actions, by the rules of W3C SCXML."""

from __future__ import annotations

from mainspring.models.machine.definition import Machine
from mainspring.models.machine.live import LiveMachine
from mainspring.models.machine.notation import Invoke, State, StateMachine
from mainspring.models.machine.outcome import Move, Outcome

__all__ = ["Invoke", "LiveMachine", "Machine", "Move", "Outcome", "State", "StateMachine"]
