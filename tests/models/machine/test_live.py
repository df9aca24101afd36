"""Machines in memory, written as classes."""

from __future__ import annotations

import pytest

from mainspring import State, StateMachine
from mainspring.errors import (
    DefinitionInvalidError,
    EventRefusedError,
    MachineEndedError,
    MachineEndlessError,
    MachineFailedError,
    PayloadInvalidError,
    SettingInvalidError,
)

THREE_DAYS_S = 3 * 86_400


class Approval(StateMachine):
    draft = State(initial=True)
    review = State(enter="notify_reviewer", after={"3d": "escalated"})
    escalated, approved, rejected = State(), State(final=True), State(final=True)

    submit = draft.to(review, when="data_ready")
    approve = review.to(approved, when="amount < limit or boss") | escalated.to(approved)
    reject = (review | escalated).to(rejected)

    def notify_reviewer(self, event):
        self.data["notified"] = event.name


def approval(**data):
    return Approval(**{"amount": 5000, "limit": 1000, "data_ready": True} | data)


def test_a_machine_takes_its_events_and_tells_what_happened():
    machine = approval(amount=500)

    outcome = machine.submit()

    assert outcome.taken
    assert outcome.moves[0].transitions == (("draft", ("review",)),)
    assert machine.configuration == ("review",)
    assert machine.data["notified"] == "submit"
    assert machine.available() == ["approve", "reject"]
    machine.approve()
    assert machine.has_ended
    assert [move.event for move in machine.history] == ["submit", "approve"]


def test_a_refused_event_says_why_and_changes_nothing():
    machine = approval()
    machine.submit()

    with pytest.raises(EventRefusedError, match=r"'review'.*'approve'.*amount < limit or boss.*possible now: reject"):
        machine.approve()

    assert machine.state == "review"
    assert len(machine.history) == 1
    assert machine.available() == ["reject"]
    assert machine.available(boss=True) == ["approve", "reject"]
    assert machine.approve(boss=True)


def test_an_unknown_event_is_refused_and_after_the_end_every_event():
    machine = approval()
    with pytest.raises(EventRefusedError, match="no transition takes it there; possible now: submit"):
        machine.send("nonsense")
    machine.submit()
    machine.reject()
    with pytest.raises(MachineEndedError, match="'rejected'"):
        machine.approve()


def test_a_lenient_machine_returns_the_refusal():
    class Lenient(StateMachine):
        strict = False
        on = State()
        stay = on.to(on)

    outcome = Lenient().send("nonsense")

    assert not outcome
    assert "does not take event 'nonsense'" in outcome.reason


def test_after_leads_on_when_its_time_has_come_and_not_when_the_state_was_left():
    machine = approval()
    machine.submit()
    machine.pass_time(THREE_DAYS_S - 1)
    assert machine.state == "review"
    assert machine.next_s == pytest.approx(1)
    machine.pass_time(1)
    assert machine.state == "escalated"
    machine.approve()

    other = approval()
    other.submit()
    other.reject()
    assert other.next_s is None


class Player(StateMachine):
    """Two regions side by side, one of them nested, with a memory."""

    low, high = State(), State()
    volume = State(inside=[low, high])
    slow, fast = State(), State()
    again = State(history="deep")
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


def test_regions_move_by_themselves_and_a_deep_history_leads_back():
    machine = Player()
    assert list(machine.configuration) == ["whole", "volume", "low", "mode", "stopped"]

    for event in ("play", "louder", "faster", "stop", "resume"):
        machine.send(event)

    assert list(machine.configuration) == ["whole", "volume", "high", "mode", "playing", "fast"]
    assert machine.state == "high, fast"
    machine.drop()
    assert list(machine.configuration) == ["broken"]


def test_an_action_that_fails_is_an_error_event_or_else_nothing_has_changed():
    class Fragile(StateMachine):
        whole, broken, caught = State(), State(), State()
        hit = whole.to(broken, do="fail")
        tap = whole.to(caught, do="fail")
        catch = caught.to(whole, event="error.execution")

        def fail(self):
            self.data["count"] = 1
            raise ValueError("no")

    machine = Fragile(count=0)
    with pytest.raises(MachineFailedError, match="ValueError: no"):
        machine.hit()
    assert machine.state == "whole"
    assert machine.data["count"] == 0
    machine.tap()
    assert machine.state == "whole"
    assert [move.event for move in machine.history] == ["tap", "error.execution"]


def test_steps_that_never_settle_are_stopped_and_the_circle_is_told():
    class Endless(StateMachine):
        calm, a, b = State(), State(), State()
        go = calm.to(a)
        a.to(b)
        b.to(a)

    machine = Endless()
    with pytest.raises(MachineEndlessError, match=r"1,000 steps.*(a → b → a|b → a → b)"):
        machine.go()
    assert machine.state == "calm"


def test_an_event_sent_by_an_action_waits_until_the_machine_has_settled():
    class Chatty(StateMachine):
        one, two, three = State(), State(enter="next_one"), State()
        go = one.to(two)
        on = two.to(three)

        def next_one(self):
            self.on()
            assert self.configuration == ("one",)

    machine = Chatty()
    machine.go()
    assert machine.state == "three"


def test_conditions_and_actions_are_expressions_methods_or_callables():
    class Mixed(StateMachine):
        values = {"count": 0}
        here = State()
        add = here.to(do={"do": "assign", "location": "count", "value": {"expression": "count + step"}})
        big = here.to(here, when="is_big")
        odd = here.to(here, when=lambda machine, event: machine.data["count"] % 2 == event.rest)

        def is_big(self):
            return self.data["count"] > 10

    machine = Mixed()
    machine.add(step=7)
    assert machine.data == {"count": 7}
    with pytest.raises(EventRefusedError, match="is_big"):
        machine.big()
    assert machine.odd(rest=1)


def test_all_that_is_wrong_with_a_class_is_told_at_once():
    class Wrong(StateMachine):
        a, b = State(initial=True), State(initial=True)
        end = State(final=True)
        go = a.to(b, when="amount <")
        back = end.to(a)
        run = a.to(b, do="missing")
        data = a.to(b)  # type: ignore[assignment]

    with pytest.raises(DefinitionInvalidError) as caught:
        Wrong()

    told = str(caught.value)
    assert "both initial" in told
    assert "state a, transition 1: 'amount <' is no expression" in told
    assert "state end: a state of kind 'final' has no transitions" in told
    assert "no method 'missing'" in told
    assert "'data' is a word of every machine" in told


def test_the_value_of_a_condition_must_be_a_boolean():
    class Odd(StateMachine):
        a, b = State(), State()
        go = a.to(b, when="1 + 1")
        quiet = a.to(b, when="unknown")

    with pytest.raises(MachineFailedError, match="neither true nor false"):
        Odd().go()
    with pytest.raises(EventRefusedError):
        Odd().quiet()


def test_an_event_whose_condition_fails_may_lead_on_by_its_error_event():
    class Careful(StateMachine):
        calm, alarmed = State(), State()
        go = calm.to(calm, when="1 / amount > 0")
        catch = calm.to(alarmed, event="error.execution")

    machine = Careful(amount=0)
    outcome = machine.go()
    assert [move.event for move in outcome.moves] == ["error.execution"]
    assert machine.state == "alarmed"


@pytest.mark.parametrize("name", ["", None, 5, "half of a \ud800"])
def test_what_is_no_name_is_no_event_and_changes_nothing(name):
    class Any(StateMachine):
        here, there = State(), State(final=True)
        here.to(there, event="*")

    machine = Any()
    with pytest.raises(PayloadInvalidError, match="name"):
        machine.send(name)
    assert machine.state == "here"


def test_a_condition_that_fails_whenever_it_is_asked_is_told_as_the_cause_of_the_circle():
    class Failing(StateMachine):
        strict = False
        here, there = State(), State()
        here.to(there, when="broken")

        def broken(self, event):
            raise ValueError("no such table")

    with pytest.raises(
        MachineEndlessError, match=r"here → here; each time there is an error: ValueError: no such table"
    ):
        Failing()


def test_an_error_event_that_the_machine_raises_itself_stops_it_as_any_other():
    class Raising(StateMachine):
        here = State()
        go = here.to(do={"do": "raise", "event": "error.execution"})

    machine = Raising()
    with pytest.raises(MachineFailedError, match=r"failed in 'here': it raised 'error\.execution'"):
        machine.go()
    assert machine.state == "here"


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_time_does_not_pass_backwards(seconds):
    machine = approval()
    machine.submit()
    with pytest.raises(SettingInvalidError, match="0 s or more"):
        machine.pass_time(seconds)


def test_a_state_that_is_written_further_down_is_meant_by_its_name():
    class Forward(StateMachine):
        here = State()
        go = here.to("there")
        there = State(final=True)

    machine = Forward()
    machine.go()
    assert machine.state == "there"


def test_what_is_no_state_condition_event_or_action_is_told_with_its_place_all_at_once():
    class Wrong(StateMachine):
        here = State(enter=3)  # type: ignore[arg-type]
        there = State(final=True)
        go = here.to("nowhere")
        stay = here.to(there, when=False) | here.to(there, event=5) | here.to(7)  # type: ignore[arg-type]

    with pytest.raises(DefinitionInvalidError) as caught:
        Wrong()
    told = [problem.message for problem in caught.value.problems]
    assert told == [
        "a condition is a text or a callable, not False",
        "an event is named by a text, not 5",
        "there is no method 3 for this action",
        "target 'nowhere' is no state of this machine; did you mean 'here'?",
        "target '7' is no state of this machine",
    ]
    assert all("test_live.py:" in problem.place for problem in caught.value.problems)
