"""The machine as a durable model: decisions, timers, tasks, and the laws of every model."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from mainspring import Machine, State, StateMachine
from mainspring.models.contract import (
    CancelRequested,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    Signal,
)
from mainspring.models.machine.model import MACHINE
from tests.models.driver import Driver


class Order(StateMachine):
    """Payment by a task, then shipping and invoicing side by side."""

    values = {"paid": 0, "tries": 0}

    paying = State(
        invoke={"type": "task", "id": "charge", "source": "shop:charge", "names": ["amount"]},
        after={"1h": "abandoned"},
    )
    refused = State(after={"5m": "paying"})
    packing, sent = State(after={"3d": "late"}), State(final=True)
    late = State()
    shipping = State(inside=[packing, late, sent])
    open_invoice, invoiced = State(), State(final=True)
    invoicing = State(inside=[open_invoice, invoiced])
    filling = State(parallel=True, inside=[shipping, invoicing])
    filled = State(final=True)
    abandoned = State(final=True)

    paying.to(
        filling,
        event="done.invoke.charge",
        do={"do": "assign", "location": "paid", "value": {"expression": "_event.data"}},
    )
    paying.to(
        refused,
        event="error.invoke.charge",
        when="tries < 2",
        do={"do": "assign", "location": "tries", "value": {"expression": "tries + 1"}},
    )
    ship = (packing | late).to(sent)
    bill = open_invoice.to(invoiced, when="paid >= limit")
    filling.to(filled, event="done.state.filling")
    cancel = (paying | refused).to(abandoned)


def driver(definition: Machine | None = None) -> Driver:
    made = definition or Order.machine()
    return Driver(MACHINE, made.deployable().document, made.resolve)


def signal(driver: Driver, event: str, id: str = "", **data) -> Refusal | None:
    return driver.send(Signal(event, Raw(msgspec.json.encode(data)), id))


def configuration(driver: Driver) -> list[str]:
    return list(driver.state.configuration)


def paid(amount: int = 7) -> Driver:
    made = driver()
    made.start({"amount": amount, "limit": 5})
    [key] = made.tasks
    made.complete(key, amount)
    return made


def test_a_task_runs_while_its_state_is_active_and_its_end_is_an_event():
    made = driver()
    made.start({"amount": 7})
    assert made.payloads == {"charge.2": {"amount": 7}}
    assert list(made.timers.values()) == [1_000.0 + 3_600]

    made.complete("charge.2", 7)

    assert configuration(made) == ["filling", "shipping", "packing", "invoicing", "open_invoice"]
    assert made.state.data["paid"] == 7
    assert list(made.timers.values()) == [1_000.0 + 3 * 86_400], "the hour of payment is over, three days begin"
    made.check_fold()


def test_leaving_the_state_cancels_its_task_and_its_timers():
    made = driver()
    made.start({"amount": 7})
    assert signal(made, "cancel") is None
    assert made.status == "completed"
    assert (made.tasks, made.timers) == ({}, {})
    made.check_fold()


def test_a_task_that_fails_leads_where_the_machine_says_and_at_last_to_failure():
    made = driver()
    made.start({"amount": 7})
    for _ in range(2):
        made.fail(next(iter(made.tasks)))
        assert configuration(made) == ["refused"]
        made.fire(next(iter(made.timers)))
    made.fail(next(iter(made.tasks)))

    assert made.status == "failed"
    assert made.error is not None
    assert made.error.node == "charge"
    made.check_fold()
    made.send(RetryRequested())
    assert made.status == "running"
    made.complete(next(iter(made.tasks)), 7)
    assert "filling" in configuration(made)
    made.check_fold()


def test_an_event_that_is_not_taken_is_refused_and_nothing_is_journaled():
    made = paid(3)
    before = len(made.journal)
    refused = signal(made, "bill")
    assert refused is not None
    assert "paid >= limit" in refused.reason
    assert len(made.journal) == before
    assert signal(made, "bill", limit=1) is None


def test_the_same_event_id_is_taken_once_and_answered_again():
    made = paid()
    event = Signal("ship", Raw(b"null"), "s-1")
    made.send(event)
    first, entries = MACHINE.reply(made.plan, made.state, event), len(made.journal)
    assert made.send(event) is None
    assert len(made.journal) == entries
    assert MACHINE.reply(made.plan, made.state, event) == first
    signal(made, "bill", id="s-2")
    assert made.status == "completed"
    assert MACHINE.reply(made.plan, made.state, event) == first
    made.check_fold()


def test_what_comes_while_it_is_paused_is_taken_afterwards():
    made = paid()
    made.send(PauseRequested())
    made.fire(next(iter(made.timers)))
    assert "late" not in configuration(made)
    assert isinstance(signal(made, "ship"), Refusal)
    made.check_fold()
    made.send(ResumeRequested())
    assert "late" in configuration(made)
    made.check_fold()


def test_an_error_that_nothing_handles_fails_the_machine_and_keeps_its_configuration():
    class Fragile(StateMachine):
        a, b = State(), State()
        go = a.to(b, when="amount / 0 > 1")
        walk = a.to(b)
        back = b.to(a)

    made = driver(Fragile.machine())
    made.start({"amount": 1})
    signal(made, "go")
    assert made.status == "failed"
    assert made.error is not None
    assert "division by zero" in made.error.message
    assert configuration(made) == ["a"]
    made.send(RetryRequested())
    signal(made, "walk")
    assert configuration(made) == ["b"]
    made.check_fold()


def test_one_that_is_paused_when_it_is_to_begin_begins_once_it_is_resumed():
    made = driver()
    made.start({"amount": 1}, not_before=5_000.0)
    made.send(PauseRequested())
    made.fire("begin")
    assert configuration(made) == []
    made.send(ResumeRequested())
    made.fire("begin")
    assert configuration(made) == ["paying"]
    made.check_fold()


def test_it_begins_when_it_is_to_begin():
    made = driver()
    made.start({"amount": 1}, not_before=5_000.0)
    assert configuration(made) == []
    made.fire("begin")
    assert configuration(made) == ["paying"]
    made.check_fold()


# --- Laws -------------------------------------------------------------------------------------

STEPS = st.sampled_from(
    [
        "ship",
        "bill",
        "cancel",
        "nonsense",
        "complete",
        "fail",
        "lose",
        "fire",
        "pause",
        "resume",
        "retry",
        "stop",
        "rerun",
    ]
)


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=25), st.booleans())
def test_the_fold_of_the_journal_is_the_state(steps, late):
    made = driver()
    made.start({"amount": 7, "limit": 5}, **({"not_before": 2_000.0} if late else {}))
    for step in steps:
        _take(made, step)
        made.check_fold()
    if made.status in ("completed", "cancelled"):
        before = MACHINE.dump(made.plan, made.state)
        for step in ("ship", "pause", "resume", "rerun"):
            _take(made, step)
        assert MACHINE.dump(made.plan, made.state) == before, "an ended machine stays as it is"


def _take(made: Driver, step: str) -> None:
    requests = {
        "pause": PauseRequested(),
        "resume": ResumeRequested(),
        "retry": RetryRequested(),
        "rerun": RerunRequested("paying"),
        "stop": CancelRequested("enough"),
    }
    if step in requests:
        made.send(requests[step])
    elif step in ("complete", "fail", "lose"):
        for key in list(made.tasks)[:1]:
            getattr(made, step)(key)
    elif step == "fire":
        for key in sorted(made.timers, key=made.timers.__getitem__)[:1]:
            made.fire(key)
    else:
        signal(made, step)
