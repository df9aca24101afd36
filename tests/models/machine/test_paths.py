"""Paths that cover a machine: played, they lead where they say."""

from __future__ import annotations

from mainspring import Machine, State, StateMachine
from mainspring.models.machine.live import LiveMachine


class Approval(StateMachine):
    draft = State(initial=True)
    review = State(after={"3d": "escalated"})
    escalated, approved, rejected = State(), State(final=True), State(final=True)

    submit = draft.to(review, when="data_ready")
    approve = review.to(approved, when="amount < limit or boss") | escalated.to(approved)
    reject = (review | escalated).to(rejected)


class Player(StateMachine):
    low, high = State(), State()
    volume = State(inside=[low, high])
    slow, fast, again = State(), State(), State(history="deep")
    playing = State(inside=[slow, fast, again])
    stopped = State()
    mode = State(inside=[stopped, playing])
    whole = State(parallel=True, inside=[volume, mode])
    broken = State(final=True)
    louder = low.to(high)
    play = stopped.to(playing)
    faster = slow.to(fast)
    stop = playing.to(stopped)
    resume = stopped.to(again)
    drop = whole.to(broken)
    again.to(slow)


def cover(machine: Machine, **data) -> None:
    """Play all paths, and see that they end where they say and cover what they say."""
    paths = machine.paths()
    assert paths.missed == ()
    entered: set[str] = set()
    taken: set[tuple[str, str, tuple[str, ...]]] = set()
    for path in paths:
        assert path.needs == ()
        live = LiveMachine(machine, data)
        entered |= set(live.configuration)
        path.play(live)
        assert live.configuration == path.configuration, path
        entered |= {state for move in live.history for state in move.entered}
        taken |= {(move.event, *way) for move in live.history for way in move.transitions}
    assert entered == {vertex.id for vertex in machine.plan.states[1:] if vertex.kind not in ("shallow", "deep")}
    ways = {(arc.source, arc.targets) for arc in machine.plan.arcs if arc.document.event}
    assert len({(source, targets) for _, source, targets in taken}) >= len(ways)


def test_each_state_and_each_transition_is_covered_with_the_data_that_conditions_need():
    cover(Approval.machine())
    waits = [step.wait_s for path in Approval.machine().paths() for step in path.steps if step.wait_s]
    assert waits
    assert set(waits) == {3 * 86_400.0}


def test_regions_histories_and_done_events_are_followed():
    cover(Player.machine())


def test_conditions_without_an_event_and_raised_events_are_followed():
    data = {
        "machine": "m",
        "data": {"n": 3},
        "states": {
            "a": {"on": [{"event": "go", "target": "b", "actions": [{"do": "raise", "event": "on"}]}]},
            "b": {"on": [{"event": "on", "target": "c"}]},
            "c": {"states": {"x": {"on": [{"target": "y", "when": "n > 2"}]}, "y": {"kind": "final"}},
                  "on": [{"event": "done.state.c", "target": "end"}]},
            "end": {"kind": "final"},
        },
    }  # fmt: skip
    machine = Machine.of_data(data)
    [path] = machine.paths()
    assert path.events == ("go",)
    assert path.configuration == ("end",)
    cover(machine)


def test_what_cannot_be_met_by_data_is_told_as_a_need_and_what_is_never_reached_as_missed():
    class Guarded(StateMachine):
        a, b, c, island = State(), State(), State(), State()
        go = a.to(b, when="is_fine")
        on = b.to(c, when="n > 1 and n < 1")

        def is_fine(self):
            return True

    paths = Guarded.machine().paths()
    assert {need for path in paths for need in path.needs} == {"Guarded.is_fine()", "n > 1 and n < 1"}
    assert "state island" in paths.missed
