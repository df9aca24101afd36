"""A state machine built by calls, whose events are the states to go to.

Nothing is decided here: what it is told becomes the definition of a `mainspring.Machine`, which runs in memory.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.machine.definition import Machine
from mainspring.models.machine.live import LiveMachine

Context = dict[str, Any]
Condition = Callable[[Context], Any]
Action = Callable[[Context], Any]


class Way(NamedTuple):
    """One transition."""

    source: Hashable
    target: Hashable
    condition: Condition | None
    action: Action | None


class StateMachine:
    """States (members of an enum, or anything hashable), and the ways between them.

    Conditions, actions and handlers are called with the context that the caller hands in.  One that raises leaves the
    machine where it was, and raises `MachineFailedError`.  All methods may be called from any thread.
    """

    def __init__(self, name: str, initial_state: Hashable) -> None:
        self.name = name
        self.current_state: Any = initial_state
        self.context: Context = {}
        """Used where a call brings no context of its own."""
        self.history: list[dict[str, Any]] = []
        """What was taken: `from_state`, `to_state` and `timestamp`, oldest first."""
        self._handlers: dict[Hashable, list[Action]] = {}
        self._ways: list[Way] = []
        self._live: LiveMachine | None = None
        """Of the present definition; None: it has changed."""
        self._ids: dict[Hashable, str] = {}
        self._know(initial_state)
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<state machine {self.name}: {self._ids[self.current_state]}>"

    # --- Building -----------------------------------------------------------------------------

    def add_state(self, state: Hashable) -> None:
        """Make a state known that no transition names."""
        with self._lock:
            self._know(state)

    def add_state_handler(self, state: Hashable, handler: Action) -> None:
        """Call `handler(context)` whenever the state has been entered by a transition."""
        with self._lock:
            self._know(state)
            self._handlers.setdefault(state, []).append(handler)

    def add_transition(
        self,
        from_state: Hashable,
        to_state: Hashable,
        condition: Condition | None = None,
        action: Action | None = None,
    ) -> None:
        """Allow a way; of several between the same states the first whose `condition(context)` holds is taken.

        `action(context)` is called on the way, before the handlers of the state that is entered.
        """
        with self._lock:
            self._know(from_state)
            self._know(to_state)
            self._ways.append(Way(from_state, to_state, condition, action))

    # --- Running ------------------------------------------------------------------------------

    def transition_to(self, state: Hashable, context: Context | None = None) -> bool:
        """Go to a state; returns True.

        Raises `EventRefusedError` where no way leads there now, saying why; then nothing has changed.
        """
        with self._lock:
            before = self.current_state
            self._machine().send(self._event(state), self.context if context is None else context)
            self.current_state = state
            self.history.append({"from_state": before, "to_state": state, "timestamp": datetime.now(UTC)})
            return True

    def can_transition_to(self, state: Hashable, context: Context | None = None) -> bool:
        """Whether a way leads there now."""
        return state in self.get_available_transitions(context)

    def get_available_transitions(self, context: Context | None = None) -> list[Any]:
        """The states to which a way leads now, in the order in which the ways were added."""
        with self._lock:
            events = self._machine().available_for(self.context if context is None else context)
            states = {self._event(state): state for state in self._ids}
            return [states[event] for event in events]

    # --- The definition -----------------------------------------------------------------------

    def _know(self, state: Hashable) -> None:
        self._live = None
        if state in self._ids:
            return
        word = state.value if isinstance(state, Enum) and isinstance(state.value, str) else state
        word = word.name if isinstance(word, Enum) else word
        id = re.sub(r"\W+", "_", str(word)) or "state"
        self._ids[state] = id if id not in self._ids.values() else f"{id}_{len(self._ids)}"

    def _event(self, state: Hashable) -> str:
        if state not in self._ids:
            known = ", ".join(self._ids.values())
            raise DefinitionInvalidError(self.name, [Problem(f"there is no state {state!r} (there are: {known})")])
        return f"to_{self._ids[state]}"

    def _machine(self) -> LiveMachine:
        if self._live is None:
            functions: dict[str, Callable[..., Any]] = {}
            states: dict[str, dict[str, list[Any]]] = {id: {"on": []} for id in self._ids.values()}
            for number, way in enumerate(self._ways):
                transition: dict[str, Any] = {
                    "event": self._event(way.target),
                    "target": self._ids[way.target],
                    "actions": [],
                }
                if way.condition is not None:
                    functions[f"condition.{number}"] = _with_context(way.condition)
                    transition["when"] = {"do": "call", "name": f"condition.{number}"}
                for place, action in enumerate(self._actions(way)):
                    functions[f"action.{number}.{place}"] = _with_context(action)
                    transition["actions"].append({"do": "call", "name": f"action.{number}.{place}"})
                states[self._ids[way.source]]["on"].append(transition)
            document = {"machine": self.name, "states": states, "initial": self._ids[self.current_state]}
            self._live = LiveMachine(Machine.of_data(document, functions), {})
        return self._live

    def _actions(self, way: Way) -> list[Action]:
        return [*([] if way.action is None else [way.action]), *self._handlers.get(way.target, ())]


def _with_context(function: Callable[[Context], Any]) -> Callable[[Any, Any], Any]:
    return lambda _, event: function(event.data)
