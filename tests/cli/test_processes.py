"""Business processes from the command line."""

from __future__ import annotations

import json

import pytest

from mainspring.cli import run

BPMN = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
<message id="m" name="paid"/>
<process id="claim" isExecutable="true">
<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="approve"/>
<userTask id="approve" name="Approve it" camunda:candidateGroups="bosses"/>
<sequenceFlow id="f2" sourceRef="approve" targetRef="wait"/>
<intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
<sequenceFlow id="f3" sourceRef="wait" targetRef="sum"/>
<scriptTask id="sum"><script>{total: amount + fee}</script></scriptTask>
<sequenceFlow id="f4" sourceRef="sum" targetRef="e"/><endEvent id="e"/>
</process></definitions>"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    (tmp_path / "claim.bpmn").write_text(BPMN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        code = run([*words, "--store", "p.db"])
        read = capsys.readouterr()
        return code, read.out + read.err

    return call


def test_a_process_from_its_file_to_its_end(call):
    code, told = call("check", "claim.bpmn")
    assert (code, "claim: 5 elements, no problems" in told) == (0, True)
    code, told = call("deploy", "claim.bpmn")
    assert (code, "claim, version 1" in told) == (0, True)
    code, told = call("start", "claim", "amount=5", "--key", "k1", "--id", "c1")
    assert code == 0, told
    code, told = call("tasks", "--group", "bosses")
    assert code == 0
    assert "c1  approve#2  Approve it  for bosses" in told
    assert json.loads(call("tasks", "--user", "ann", "--json")[1]) == []
    assert call("publish", "paid", "--key", "k1")[0] == 3, "nobody waits for it yet"
    code, told = call("complete", "c1", "approve", "ok=true", "--by", "ann")
    assert (code, "approve of c1 is completed" in told) == (0, True)
    code, told = call("complete", "c1", "approve")
    assert (code, "is not open" in told) == (5, True)
    code, told = call("publish", "paid", "--key", "k1")
    assert (code, "paid was given to c1" in told) == (0, True)
    code, told = call("incidents")
    assert "sum#" in told
    assert "there is no 'fee'" in told
    code, told = call("resolve", "c1", "sum", "fee=2", "--by", "olga")
    assert (code, "it is completed" in told) == (0, True)
    code, told = call("show", "c1", "--json")
    assert json.loads(told)["output"]["total"] == 7


def test_tokens_are_moved_and_signals_sent(call):
    call("deploy", "claim.bpmn")
    call("start", "claim", "amount=5", "fee=1", "--id", "c2")
    code, told = call("move", "c2", "approve", "sum", "--by", "olga")
    assert (code, "it is completed" in told) == (0, True)
    code, told = call("signal", "nobody")
    assert (code, "0 instances" in told) == (0, True)
    assert call("move", "c2", "approve", "sum")[0] == 5


def test_bad_files_are_refused_with_their_lines(call, tmp_path):
    (tmp_path / "bad.bpmn").write_text(BPMN.replace('targetRef="e"', 'targetRef="gone"'), encoding="utf-8")
    code, told = call("deploy", "bad.bpmn")
    assert code == 2
    assert "bad.bpmn:11: <sequenceFlow> 'f4': its targetRef 'gone' is not in the file" in told


def test_pictures_of_a_process(call, tmp_path):
    code, told = call("graph", "claim.bpmn")
    assert (code, told.startswith("<svg"), "Approve it" in told) == (0, True, True)
    call("deploy", "claim.bpmn")
    for number in range(3):
        call("start", "claim", "amount=5", "--key", f"k{number}", "--id", f"c{number}")
    call("complete", "c0", "approve", "--by", "ann")

    assert call("graph", "c0", "--output", "c0.svg")[0] == 0
    told = (tmp_path / "c0.svg").read_text(encoding="utf-8")
    assert "c0 (running)" in told
    assert "Approve it" in told
    figures = {each["id"]: each for each in json.loads(call("graph", "c0", "--json")[1])["figures"]}
    assert (figures["approve"]["status"], figures["wait"]["status"], figures["wait"]["dots"]) == (
        "completed",
        "running",
        1,
    )
    assert figures["approve"]["note"], "how long it took"

    drawn = json.loads(call("graph", "claim", "--heat", "--json")[1])
    assert drawn["title"] == "claim, version 1: 3 instances"
    heat = {each["id"]: (each["count"], round(each["heat"], 2)) for each in drawn["figures"]}
    assert (heat["s"], heat["approve"], heat["wait"], heat["e"]) == ((3, 1.0), (3, 1.0), (1, 0.33), (0, 0.0))
    assert call("graph", "claim", "--heat", "--format", "dot")[1].startswith("digraph {")
    assert "flowchart LR" in call("graph", "c0", "--format", "mermaid")[1]

    code, told = call("graph", "nothing", "--heat")
    assert (code, "is none" in told) == (2, True)
    code, told = call("graph", "claim.bpmn", "--format", "scxml")
    assert (code, "notation of state machines" in told) == (2, True)


def test_show_tells_what_a_process_waits_for_and_the_journal_knows_its_elements(call):
    call("deploy", "claim.bpmn")
    call("start", "claim", "amount=5", "--key", "k1", "--id", "c1")
    told = call("show", "c1")[1]
    assert "Waits for people" in told
    assert "approve#2  Approve it  for bosses" in told
    call("complete", "c1", "approve", "--by", "ann")
    call("publish", "paid", "--key", "k1")
    told = call("show", "c1")[1]
    assert "Waits for people" not in told
    assert "Has stopped" in told
    assert "there is no 'fee'" in told

    entries = json.loads(call("journal", "c1", "--json")[1])["entries"]
    about = json.loads(call("journal", "c1", "--element", "approve", "--json")[1])["entries"]
    assert 0 < len(about) < len(entries)
    assert json.loads(call("journal", "c1", "--element", "appr", "--json")[1])["entries"] == []


def test_check_tells_what_may_get_stuck_and_which_handlers_cannot_be_imported(call, tmp_path):
    text = BPMN.replace('<scriptTask id="sum"><script>{total: amount + fee}</script></scriptTask>',
                        '<serviceTask id="sum" implementation="no_such.module:run"/><task id="lost"/>')  # fmt: skip
    (tmp_path / "odd.bpmn").write_text(text, encoding="utf-8")

    code, told = call("check", "odd.bpmn")
    assert code == 0
    assert "odd: odd.bpmn:10: <task> 'lost' is dead: no way leads to it from a start" in told
    assert "there is no module 'no_such' here" in told
    assert call("check", "odd.bpmn", "--strict")[0] == 2


def test_one_that_failed_is_corrected_and_retried(call, tmp_path):
    failing = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><error id="x" errorCode="UNPAID"/>
<process id="order" isExecutable="true"><startEvent id="s"/><exclusiveGateway id="g" default="no"/>
<endEvent id="e"/><endEvent id="bad"><errorEventDefinition errorRef="x"/></endEvent>
<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="no" sourceRef="g" targetRef="bad"/>
<sequenceFlow id="yes" sourceRef="g" targetRef="e"><conditionExpression>${paid}</conditionExpression></sequenceFlow>
</process></definitions>"""
    (tmp_path / "order.bpmn").write_text(failing, encoding="utf-8")
    call("deploy", "order.bpmn")
    assert "failed" in call("start", "order", "paid=false", "--id", "o1")[1] + call("show", "o1")[1]
    code, told = call("retry", "o1")
    assert (code, "o1 is failed" in told) == (0, True), told
    code, told = call("retry", "o1", "paid=true", "--by", "olga")
    assert (code, "o1 is completed" in told) == (0, True), told
    assert '"by":"olga"' in call("journal", "o1", "--json")[1].replace(" ", "")
    code, told = call("retry", "o1")
    assert (code, "it is completed" in told) == (5, True), told


def test_a_definition_is_paused_and_resumed_with_what_runs_of_it(call):
    call("deploy", "claim.bpmn")
    call("start", "claim", "amount=5", "--id", "c3")
    code, told = call("deployments", "pause", "claim", "--instances", "--reason", "audit", "--by", "olga")
    assert (code, "claim is paused, and 1 instances with it" in told) == (0, True)
    code, told = call("start", "claim", "amount=5")
    assert (code, "process 'claim' is paused" in told) == (5, True)
    (shown,) = json.loads(call("deployments", "--json")[1])["deployments"]
    assert (shown["name"], shown["version"], shown["status"], shown["reason"]) == ("claim", 1, "paused", "audit")
    assert "audit, by olga since" in call("deployments")[1]
    assert "deployment/" not in call("list")[1]
    assert "deployment/process/claim" in call("list", "--model", "deployment")[1]
    code, told = call("deployments", "resume", "claim", "--instances")
    assert (code, "claim is running, and 1 instances with it" in told) == (0, True)
    assert json.loads(call("show", "c3", "--json")[1])["status"] == "running"
    assert call("deployments", "stop", "claim")[0] == 2
    assert call("deployments", "pause", "nothing")[0] == 3


def test_timer_start_events_are_among_the_schedules(call, tmp_path):
    timed = BPMN.replace(
        '<startEvent id="s"/>',
        '<startEvent id="s"><timerEventDefinition><timeCycle>R/PT24H</timeCycle></timerEventDefinition></startEvent>',
    )
    (tmp_path / "timed.bpmn").write_text(timed, encoding="utf-8")
    code, told = call("deploy", "timed.bpmn")
    assert (code, "startEvent" in told) == (0, False), told
    (schedule,) = json.loads(call("schedule", "list", "--json")[1])["schedules"]
    assert (schedule["name"], schedule["status"], schedule["rule"]) == ("claim/s", "running", "every 86400 s")
    assert "begins by" in call("deployments")[1]
    code, told = call("schedule", "trigger", "claim/s")
    assert (code, "claim/s@trigger-1 has been started" in told) == (0, True)
