"""State machines from the command line."""

from __future__ import annotations

import json
import sys

import pytest

from mainspring import Engine
from mainspring.cli import run
from mainspring.errors import DefinitionOddWarning

SOURCE = """
from mainspring import State, StateMachine

class Approval(StateMachine):
    draft = State(initial=True)
    review, lost = State(), State()
    approved = State(final=True)
    submit = draft.to(review)
    approve = review.to(approved, when="amount < 10 or boss")
    tear = review.to(approved, do="weigh")

    def weigh(self):
        if not self.data.get("mended"):
            raise ValueError("the scales are broken")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "approvals.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("approvals", None)


@pytest.fixture
def claim(folder):
    from approvals import Approval  # type: ignore[import-not-found]

    with Engine("sqlite:///m.db") as engine, pytest.warns(DefinitionOddWarning, match="state lost"):
        engine.start(Approval, {"amount": 50}, id="claim")
    return "claim"


def call(capsys, *words: str) -> tuple[int, str]:
    code = run([*words])
    read = capsys.readouterr()
    return code, read.out + read.err


def test_an_event_is_sent_and_refused_with_the_reason(claim, capsys):
    store = ("--store", "m.db")
    assert call(capsys, "send", claim, "submit", *store) == (0, "▸ claim is in review\n")
    code, told = call(capsys, "send", claim, "approve", *store)
    assert code == 5
    assert "amount < 10 or boss" in told
    code, told = call(capsys, "send", claim, "approve", "boss=true", "--event-id", "a", "--json", *store)
    assert code == 0
    assert json.loads(told)["state"] == "approved"
    assert json.loads(told)["outcome"]["taken"] is True
    code, told = call(capsys, "show", claim, *store)
    assert "approved" in told


def test_a_machine_is_checked_and_drawn(claim, capsys):
    code, told = call(capsys, "check", "approvals.py")
    assert code == 0
    assert "Approval: 4 states, no problems" in told
    assert "approvals.py:6, state lost: no transition and no initial state leads to it" in told
    code, told = call(capsys, "graph", "approvals.py:Approval", "--format", "mermaid")
    assert "submit" in told
    code, told = call(capsys, "graph", claim, "--format", "mermaid", "--store", "m.db")
    assert "running" in told


CLAIM = """\
machine: claim
states:
  draft:
    on: [{event: submit, target: review, when: {do: call, name: "approvals:is_ready"}}]
  review:
    on: [{event: approve, target: approved}]
  approved: {kind: final}
  lost: {}
"""


def test_machines_from_yaml_scxml_and_xstate_are_checked_with_their_places(folder, capsys):
    (folder / "approvals.py").write_text(SOURCE + "\ndef is_ready(): return True\n", encoding="utf-8")
    (folder / "claim.yaml").write_text(CLAIM, encoding="utf-8")
    code, told = call(capsys, "check", "claim.yaml")
    assert (code, "claim: 4 states, no problems" in told) == (0, True)
    assert "claim.yaml:8, state lost: no transition and no initial state leads to it" in told
    assert call(capsys, "check", "claim.yaml", "--strict")[0] == 2

    (folder / "bad.yaml").write_text(CLAIM.replace("target: review", "target: reviw"), encoding="utf-8")
    code, told = call(capsys, "check", "bad.yaml")
    assert code == 2
    assert "bad.yaml:4, state draft, transition 1: target 'reviw' is no state of this machine" in told

    (folder / "light.json").write_text(
        '{"id": "light", "initial": "green",\n "states": {"green": {"on": {"GO": {"target": "red", "guard": "ok"}}},\n'
        ' "red": {}}}',
        encoding="utf-8",
    )
    code, told = call(capsys, "check", "light.json")
    assert code == 2
    assert "light.json:2, $.states.green.on.GO.guard: guard 'ok' is not given" in told
    assert "GO [ok]" in call(capsys, "graph", "light.json")[1]

    code, _ = call(capsys, "graph", "claim.yaml", "--output", "claim.scxml")
    assert code == 0
    assert '<state id="draft">' in (folder / "claim.scxml").read_text(encoding="utf-8")
    assert call(capsys, "check", "claim.scxml")[0] == 0  # with the callable, by its name


def test_a_machine_that_was_stopped_by_an_error_is_shown_and_goes_on(claim, capsys):
    store = ("--store", "m.db")
    call(capsys, "send", claim, "submit", *store)
    code, told = call(capsys, "send", claim, "tear", *store)
    assert code == 1
    assert "the scales are broken" in told
    code, told = call(capsys, "show", claim, *store)
    assert "failed" in told
    assert "▸ review" in told
    assert "the scales are broken" in told
    assert "mainspring retry claim" in told
    told = call(capsys, "incidents", *store)[1]
    assert "claim  machine Approval failed: " in told
    assert "the scales are broken" in told
    assert "mainspring retry claim --store m.db" in told
    code, told = call(capsys, "retry", claim, *store)
    assert code == 0
    assert call(capsys, "incidents", *store)[1] == "nothing has stopped\n"
    assert call(capsys, "send", claim, "approve", "boss=true", *store)[0] == 0


@pytest.mark.parametrize("suffix", ["yaml", "scxml", "json", "py:Approval"])
def test_a_machine_is_started_from_its_file(folder, capsys, suffix):
    (folder / "approvals.py").write_text(SOURCE + "\ndef is_ready(): return True\n", encoding="utf-8")
    (folder / "claim.yaml").write_text(CLAIM, encoding="utf-8")
    target = {"py:Approval": "approvals.py:Approval"}.get(suffix, f"claim.{suffix}")
    if target not in ("claim.yaml", "approvals.py:Approval"):
        assert call(capsys, "graph", "claim.yaml", "--output", target)[0] == 0
    store = ("--store", "s.db")
    code, told = call(capsys, "start", target, "amount=5", "--id", "c", *store)
    assert code == 0
    assert "c has started" in told
    assert "  odd: " in told
    assert "state lost" in told
    assert "c was there already" in call(capsys, "start", target, "--id", "c", *store)[1]
    assert call(capsys, "send", "c", "submit", *store) == (0, "▸ c is in review\n")


def test_run_says_how_a_machine_is_begun(folder, capsys):
    (folder / "claim.yaml").write_text(CLAIM, encoding="utf-8")
    for target in ("approvals.py", "claim.yaml"):
        code, told = call(capsys, "run", target, "--store", "s.db")
        assert code == 2
        assert f"{target} is a state machine" in told
        assert f"mainspring start {target}" in told
    assert not (folder / "s.db").exists()
