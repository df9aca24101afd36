"""`mainspring.classic.StateMachine`: states and ways by calls."""

from __future__ import annotations

import pytest

from mainspring import classic
from mainspring.errors import DefinitionInvalidError, EventRefusedError, MachineFailedError


def test_the_first_way_whose_condition_holds_is_taken_and_handlers_follow_the_action():
    seen = []
    machine = classic.StateMachine("door", "shut")
    machine.add_transition(
        "shut", "open", lambda context: context["key"] == "gold", lambda context: seen.append("gold")
    )
    machine.add_transition("shut", "open", None, lambda context: seen.append("plain"))
    machine.add_state_handler("open", lambda context: seen.append("creak"))

    machine.transition_to("open", {"key": "iron"})

    assert machine.current_state == "open"
    assert seen == ["plain", "creak"]
    assert machine.history[0]["timestamp"].tzinfo is not None


def test_a_machine_may_grow_while_it_runs():
    machine = classic.StateMachine("door", "shut")
    machine.add_transition("shut", "open")
    machine.transition_to("open")
    machine.add_state_handler("error", lambda context: None)
    machine.add_transition("open", "error")

    assert machine.get_available_transitions() == ["error"]
    assert machine.can_transition_to("error")
    machine.transition_to("error")
    assert machine.current_state == "error"


def test_an_action_that_raises_leaves_the_machine_where_it_was():
    machine = classic.StateMachine("door", "shut")
    machine.add_transition("shut", "open", action=lambda context: 1 / 0)

    with pytest.raises(MachineFailedError, match="division by zero"):
        machine.transition_to("open")

    assert machine.current_state == "shut"
    assert machine.history == []


def test_unknown_states_and_missing_ways_are_told():
    machine = classic.StateMachine("door", 1)
    machine.add_transition(1, 2)
    with pytest.raises(DefinitionInvalidError, match="no state 3"):
        machine.transition_to(3)
    with pytest.raises(EventRefusedError, match="possible now: to_2"):
        machine.transition_to(1)
