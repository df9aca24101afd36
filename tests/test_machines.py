"""Durable machines, as users meet them: an engine, a file, and the handle of an instance."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mainspring import Engine, State, StateMachine, task
from mainspring.errors import (
    DefinitionInvalidError,
    DefinitionOddWarning,
    InstanceFailedError,
    InstanceNotFoundError,
    PayloadInvalidError,
    RefusedError,
    ResultTimeoutError,
)
from tests.patience import PATIENCE_S, wait_until


class Approval(StateMachine):
    draft = State(initial=True)
    review = State(enter="note", after={"3d": "escalated"})
    escalated, approved, rejected = State(), State(final=True, done="amount"), State(final=True)

    submit = draft.to(review, when="data_ready")
    approve = review.to(approved, when="amount < limit or boss") | escalated.to(approved)
    reject = (review | escalated).to(rejected)

    def note(self, event):
        self.data["note"] = event.name


class Quick(StateMachine):
    waiting = State(after={"200ms": "done"})
    done = State(final=True)


@task
def charge(amount: int) -> int:
    return amount * 2


class Paying(StateMachine):
    paying = State(invoke={"type": "task", "id": "charge", "source": "tests.test_machines:charge", "names": ["amount"]})
    paid = State(final=True, done="_event.data")
    paying.to(paid, event="done.invoke.charge")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'machines.db'}"


def test_a_machine_is_sent_events_and_tells_what_happened(url):
    with Engine(url) as engine:
        claim = engine.start(Approval, {"amount": 500, "limit": 1000}, id="claim-17")
        assert claim.state == "draft"
        outcome = claim.send("submit", data_ready=True)
        assert outcome is not None
        assert outcome.moves[0].transitions == (("draft", ("review",)),)
        assert claim.configuration == ("review",)
        assert claim.available() == ["approve", "reject"]
        claim.send("approve", event_id="a-1")
        assert claim.result(PATIENCE_S) == 500
        assert claim.state == "approved"
        again = claim.send("approve", event_id="a-1")
        assert again is not None
        assert again.moves[0].configuration == ("approved",)
        with pytest.raises(RefusedError, match="completed"):
            claim.send("approve")


def test_refusals_change_nothing_and_say_why(url):
    with Engine(url) as engine:
        claim = engine.start(Approval, {"amount": 5000, "limit": 1000, "data_ready": True})
        claim.send("submit")
        entries = len(claim.journal())
        with pytest.raises(RefusedError, match=r"amount < limit or boss.*possible now: reject"):
            claim.send("approve")
        with pytest.raises(RefusedError, match="no transition takes it"):
            claim.send("nonsense")
        for no_name in ("", "half of a \ud800"):
            with pytest.raises(PayloadInvalidError, match="name"):
                claim.send(no_name)
        assert len(claim.journal()) == entries
        with pytest.raises(InstanceNotFoundError):
            engine.get("ghost")
        with pytest.raises(PayloadInvalidError, match="data by name"):
            engine.start(Approval, [1])
        work = engine.submit(charge, 1)
        with pytest.raises(RefusedError, match="takes no event"):
            work.send("approve")


def test_it_stands_where_it_stood_after_a_restart_and_missed_timers_fire_at_once(url):
    with Engine(url) as engine:
        engine.start(Approval, {"amount": 1, "limit": 2, "data_ready": True}, id="claim").send("submit")
        engine.start(Quick, id="quick")
    with Engine(url) as engine:
        claim = engine.get("claim")
        assert claim.state == "review"
        engine.get("quick").wait("done", timeout_s=PATIENCE_S)
        claim.send("approve")
        claim.wait("approved", timeout_s=PATIENCE_S)


def test_a_task_runs_while_its_state_is_active(url):
    with Engine(url) as engine:
        assert engine.start(Paying, {"amount": 21}).result(PATIENCE_S) == 42


def test_many_who_send_at_once_succeed_one_after_the_other(url):
    class Counter(StateMachine):
        values = {"count": 0}
        on = State()
        add = on.to(do={"do": "assign", "location": "count", "value": {"expression": "count + 1"}})

    with Engine(url) as engine, ThreadPoolExecutor(8) as pool:
        counter = engine.start(Counter)
        list(pool.map(lambda number: counter.send("add", event_id=f"e-{number % 40}"), range(80)))
        taken = [entry for entry in counter.journal() if entry.kind == "Signal"]
        assert len(taken) == 40, "each id once"
        assert taken[-1].decisions[0]["data"] == {"count": 40}


def test_what_is_wrong_is_told_before_anything_runs(url):
    class Wrong(StateMachine):
        a = State(invoke={"type": "workflow", "source": "x"})
        go = a.to(State())

    class Nameless(StateMachine):
        a = State(invoke={"type": "task"})

    class Foreign(StateMachine):
        a = State(invoke={"type": "pigeon", "source": "x"})

    with Engine(url) as engine:
        for kind, words in (
            (Wrong, "state of another machine"),
            (Nameless, "by its `source`"),
            (Foreign, "nothing of type 'pigeon'"),
        ):
            with pytest.raises(DefinitionInvalidError, match=words):
                engine.start(kind)


def test_an_error_that_nothing_handles_stops_the_machine_and_a_retry_lets_it_go_on(url):
    class Fragile(StateMachine):
        values = {"tries": 0, "in_haste": False}
        calm, hasty = State(), State(after={"50ms": "late"})
        moved, late = State(final=True), State(enter="weigh")
        go = calm.to(moved, do="weigh") | late.to(moved)
        calm.to(hasty, when="in_haste")

        def weigh(self):
            self.data["tries"] += 1
            if is_broken:
                raise ValueError("the scales are broken")

    is_broken = True
    with Engine(url) as engine:
        instance = engine.start(Fragile, id="first", delay_s=3600)
        assert instance.configuration == ()
        instance.cancel()

        sent = engine.start(Fragile, id="second")
        with pytest.raises(InstanceFailedError, match="ValueError: the scales are broken"):
            sent.send("go", event_id="g-1")
        assert (sent.status, sent.configuration) == ("failed", ("calm",))
        with pytest.raises(RefusedError, match="it is failed"):
            sent.send("go", event_id="g-1")
        assert "the scales are broken" in str(sent.info().failure)

        timed = engine.start(Fragile, {"in_haste": True}, id="third")
        assert timed.wait(PATIENCE_S) == "failed"
        assert timed.state == "hasty"

        is_broken = False
        timed.retry()
        timed.wait("late", timeout_s=PATIENCE_S)
        assert timed.journal()[-1].decisions[-1]["data"]["tries"] == 1, "what had failed was taken back"
        assert timed.send("go", event_id="g-1")
        assert timed.status == "completed"


def test_waiting_for_a_state_ends_with_the_machine_or_the_time(url):
    with Engine(url) as engine:
        claim = engine.start(Approval, {"amount": 5, "limit": 1, "data_ready": True})
        with pytest.raises(ResultTimeoutError, match=r"has not come from 'draft' to 'review' within 0\.01 s"):
            claim.wait("review", timeout_s=0.01)
        claim.send("submit")
        assert claim.wait("review", timeout_s=PATIENCE_S) == "running"
        claim.send("reject")
        with pytest.raises(RefusedError, match="'approved' is not active: it is 'rejected'"):
            claim.wait("approved", timeout_s=PATIENCE_S)


class Counter(StateMachine):
    values = {"count": 0}
    on, off = State(), State(final=True, done="count")
    add = on.to(do={"do": "assign", "location": "count", "value": {"expression": "count + 1"}})
    stop = on.to(off)


SENDER = """
import sys, time
from pathlib import Path
from mainspring import Engine
url, ready, go, name = sys.argv[1:]
with Engine(url) as engine:
    counter = engine.get("counter")
    Path(ready).touch()
    while not Path(go).exists():
        time.sleep(0.001)
    told = [counter.send("add", event_id=f"{name}-{number}") for number in range(40)]
    assert all(told), told
    again = counter.send("add", event_id="shared")
    print("taken", len(told), again.moves[0].event)
"""


def test_processes_that_send_at_the_same_moment_both_succeed(url, tmp_path):
    with Engine(url) as engine:
        counter = engine.start(Counter, id="counter")
        go = tmp_path / "go"
        names = ("one", "two")
        senders = [
            subprocess.Popen(
                [sys.executable, "-c", SENDER, url, str(tmp_path / name), str(go), name],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        wait_until(lambda: all((tmp_path / name).exists() for name in names), "both are ready")
        go.touch()
        mine = [counter.send("add", event_id=f"mine-{number}") for number in range(20)]
        said = [sender.communicate(timeout=PATIENCE_S) for sender in senders]

        assert [out for out, _ in said] == ["taken 40 add\n"] * 2, said
        assert all(mine)
        counter.send("stop")
        assert counter.result(PATIENCE_S) == 40 + 40 + 20 + 1, "an id that both have sent counts once"


def test_steps_that_never_settle_stop_the_instance_and_the_circle_is_told(url):
    class Endless(StateMachine):
        calm, a, b = State(), State(), State()
        go = calm.to(a)
        a.to(b)
        b.to(a)

    with Engine(url) as engine:
        endless = engine.start(Endless)
        with pytest.raises(InstanceFailedError, match=r"1,000 steps.*(a → b → a|b → a → b)"):
            endless.send("go")
        assert endless.state == "calm"


def test_a_lenient_machine_returns_the_refusal_and_journals_it(url):
    class Lenient(StateMachine):
        strict = False
        on = State()
        go = on.to(on)

    with Engine(url) as engine:
        lenient = engine.start(Lenient)
        outcome = lenient.send("nonsense", event_id="n")
        assert outcome is not None
        assert not outcome
        assert lenient.journal()[-1].decisions[0]["reason"] == outcome.reason
        assert lenient.send("nonsense", event_id="n") == outcome
        assert len(lenient.journal()) == 2


def test_the_journal_shows_each_microstep(url):
    class Steps(StateMachine):
        values = {"size": 2}
        calm, weighed, packed, over = State(), State(), State(), State(final=True)
        go = calm.to(weighed)
        weighed.to(packed, when="size < 3")
        packed.to(over, do={"do": "log", "label": "packed", "expression": "size"})

    with Engine(url) as engine:
        steps = engine.start(Steps)
        steps.send("go")
        decision = steps.journal()[-1].decisions[0]
        assert [move["configuration"] for move in decision["moves"]] == [["weighed"], ["packed"], ["over"]]
        assert decision["logs"] == [["packed", 2]]


def test_python_runs_only_where_its_code_is(url, tmp_path):
    """A process without the code leaves the event to one that has it."""
    code = """
import sys, json
from mainspring import Engine
with Engine(sys.argv[1]) as engine:
    claim = engine.get("claim")
    print(json.dumps([claim.send("submit", data_ready=True, event_id="s"), claim.state]))
"""
    with Engine(url) as engine:
        engine.start(Approval, {"amount": 1, "limit": 2}, id="claim")
    said = subprocess.run(
        [sys.executable, "-c", code, url], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == [None, "draft"]
    with Engine(url) as engine:
        engine.deploy(Approval)
        engine.get("claim").wait("review", timeout_s=PATIENCE_S)


def test_what_is_odd_is_told_once_when_a_machine_is_deployed_and_what_is_wrong_is_refused(url):
    class Odd(StateMachine):
        here, lost = State(), State(final=True)
        stay = here.to(here)

    class Wrong(StateMachine):
        end, lost = State(final=True), State()
        out = end.to(lost)

    with Engine(url) as engine:
        with pytest.warns(
            DefinitionOddWarning, match="state lost: no transition and no initial state leads to it"
        ) as told:
            engine.start_many(Odd, [{}, {}])
        assert len(told) == 1
        with pytest.raises(
            DefinitionInvalidError, match=r"test_machines.py:\d+, state end: .* nothing leads out of it"
        ):
            engine.start(Wrong)
