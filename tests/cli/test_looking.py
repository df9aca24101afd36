"""The commands that look: list, show, timeline, graph, logs, journal, doctor; and prune."""

from __future__ import annotations

import json

import apsw
import pytest


@pytest.fixture
def store(place, flow):
    """A store with an instance that completed and one that failed."""
    place("run", flow, "--id", "good", "--attribute", "customer=17")
    (place.folder / "broken").touch()
    place("run", flow, "count=3", "--id", "bad")
    return place


def test_list_shows_the_newest_first(store):
    lines = store("list").out.splitlines()
    assert lines[0].split() == ["id", "status", "definition", "started", "took"]
    assert [line.split()[0] for line in lines[1:]] == ["bad", "good"]
    assert "node 'total': RuntimeError: out of order" in lines[1]


def test_incidents_are_of_workflows_too(store):
    told = store("incidents").out
    assert "bad  workflow squares failed: node 'total': RuntimeError: out of order\n" in told
    assert "mainspring retry bad  runs again what failed in it" in told
    assert store("incidents", "bad").out == told
    for arguments in (["good"], ["--element", "total"]):
        assert store("incidents", *arguments).out == "nothing has stopped\n"
    (plain,) = store("incidents", "--json").json
    assert (plain["id"], plain["instance"], plain["element"], plain["phase"]) == (None, "bad", "total", "failed")
    assert (plain["type"], plain["message"], plain["at"][:2]) == ("RuntimeError", "out of order", "20")
    assert store("incidents", "none").code == 3


def test_of_many_that_failed_the_newest_are_told(store, flow, monkeypatch):
    monkeypatch.setattr("mainspring.cli.todo.FAILED_MAX", 1)
    store("run", flow, "count=3", "--id", "worse")
    told = store("incidents").out
    assert told.startswith("worse  workflow squares failed")
    assert "bad  workflow" not in told
    assert "more: mainspring list --status failed\n" in told


def test_list_is_filtered_and_paged(store):
    def ids(*arguments):
        return [info["id"] for info in store("list", "--json", *arguments).json["instances"]]

    assert ids() == ["bad", "good"]
    assert ids("--status", "failed") == ["bad"]
    assert ids("--attribute", "customer=17") == ["good"]
    assert ids("--definition", "other") == []
    assert ids("--since", "1h") == ["bad", "good"]
    first = store("list", "--limit", "1")
    assert "more: mainspring list --after" in first.out
    position = store("list", "--limit", "1", "--json").json["next"]
    assert ids("--limit", "1", "--after", position) == ["good"]


def test_an_empty_answer_is_told(store):
    assert store("list", "--status", "paused").out == "no such instances\n"
    assert store("list", "--status", "sleeping").code == 2


def test_show_tells_each_node(store):
    shown = store("show", "good").out
    assert "✓ good  workflow squares, version 1" in shown
    assert "customer=17" in shown
    assert "5 of 5, 1 tried again" in shown
    assert "Output\n  30" in shown


def test_show_tells_a_failure_and_what_to_do(store):
    answer = store("show", "bad")
    assert answer.code == 0
    assert "✗ total" in answer.out
    assert "RuntimeError: out of order" in answer.out
    assert "mainspring retry bad" in answer.out
    assert [node["status"] for node in store("show", "bad", "--json").json["nodes"]] == [
        "completed",
        "completed",
        "failed",
    ]


@pytest.mark.parametrize("command", ["show", "timeline", "logs", "journal", "cancel", "retry"])
def test_an_unknown_instance_is_not_found(store, command):
    answer = store(command, "ugly")
    assert answer.code == 3
    assert answer.err == "mainspring: no instance 'ugly' in this store; `mainspring list` shows those there are\n"


def test_timeline_as_text_json_and_picture(store):
    text = store("timeline", "good").out
    assert "✓ parts/2" in text
    assert "(2×)" in text
    assert len(store("timeline", "good", "--rows", "2").out.splitlines()) < len(text.splitlines())
    assert store("timeline", "good", "--json").json["tasks"][0]["key"] == "numbers"
    assert store("timeline", "good", "--svg", "t.svg").out == "wrote t.svg\n"
    assert (store.folder / "t.svg").read_text().startswith("<svg")


def test_graph_of_a_definition_and_of_an_instance(store, flow):
    assert store("graph", flow).out.startswith("<svg")
    assert "parts" in store("graph", flow, "--format", "mermaid").out
    assert store("graph", flow, "--output", "g.dot").code == 0
    assert (store.folder / "g.dot").read_text().startswith("digraph")
    assert "3 completed" in store("graph", "good").out
    assert "1 failed" in store("graph", "bad").out
    nodes = store("graph", flow, "--json").json["nodes"]
    assert [(node["id"], node["kind"], node["status"]) for node in nodes] == [
        ("count", "input", ""),
        ("numbers", "task", ""),
        ("parts", "map", ""),
        ("total", "task", ""),
    ]
    assert "did you mean 'svg'?" in store("graph", flow, "--format", "sgv").err
    assert store("graph", "no-such-thing").code == 3


def test_logs_are_what_tasks_said(store):
    assert "parts/2 no luck today" in store("logs", "good").out
    assert store("logs", "good", "parts").out == store("logs", "good", "parts/2").out != ""
    assert "nothing was said" in store("logs", "good", "total").out
    (line,) = store("logs", "good", "--json").json["lines"]
    assert (line["task"], line["attempt"], line["level"], line["message"]) == ("parts/2", 1, "INFO", "no luck today")


def test_the_journal_tells_events_and_decisions(store):
    shown = store("journal", "bad").out
    assert "Started input=" in shown
    assert "→ map node=parts count=3" in shown
    assert "RuntimeError('out of order')" in shown
    entries = store("journal", "good", "--json").json["entries"]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert store("journal", "good", "--after", "2", "--json").json["entries"][0]["seq"] == 3
    assert len(store("journal", "good", "--follow").out.splitlines()) > len(entries)


def test_doctor_finds_a_store_well(store):
    answer = store("doctor")
    assert answer.code == 0
    assert "1 completed, 1 failed" in answer.out
    assert "✓ all is well" in answer.out
    assert store("doctor", "--json").json["findings"] == []


def test_doctor_finds_what_nobody_does(store, flow):
    store("start", flow, "--id", "lonely")
    connection = apsw.Connection(str(store.folder / "mainspring.db"))
    connection.execute("update task set ready_at = ready_at - 3600")
    connection.close()
    answer = store("doctor")
    assert answer.code == 1
    assert "1 task waits for" in answer.out
    assert "mainspring worker" in answer.out


def test_doctor_tells_at_once_what_waits_where_nobody_works(store, flow):
    store("start", flow, "--id", "lonely")
    answer = store("doctor")
    assert answer.code == 1
    assert "numbers, and nobody works on this store" in answer.out


def test_a_task_that_waits_for_a_worker_does_not_run(store, flow):
    store("start", flow, "--id", "lonely")
    shown = store("show", "lonely").out
    assert "· numbers" in shown
    assert "waiting for a worker" in shown
    assert "nobody works on it now; mainspring worker does" in shown
    node = store("show", "lonely", "--json").json["nodes"][0]
    assert node["status"] == "running"
    assert node["waiting_since"] is not None


def test_a_task_that_nobody_takes_is_told_after_seconds_while_others_work(store, flow):
    """The worker here runs nothing, as one that cannot import the handler."""
    store("start", flow, "--id", "lonely")
    connection = apsw.Connection(str(store.folder / "mainspring.db"))
    connection.execute(
        "insert into worker (id, name, host, process, started_at, lease_until, renewed_at, slots)"
        " values (99, 'elsewhere', 'far', '1@far', 0, 9e9, 0, 1)"
    )
    assert store("doctor").code == 0
    assert "nobody" not in store("show", "lonely").out
    connection.execute("update task set ready_at = ready_at - 11")
    answer = store("doctor")
    assert answer.code == 1
    assert "numbers in queue default, which no worker can take" in answer.out
    assert "elsewhere: has not the handler" in answer.out
    shown = store("show", "lonely").out
    assert "numbers, and nobody has taken it up for 11" in shown
    assert "mainspring why lonely tells what keeps it" in shown
    assert "elsewhere: has not the handler" in store("why", "lonely").out
    capabilities = [number for (number,) in connection.execute("select capability from task")]
    connection.execute("update worker set offer = ? where id = 99", [json.dumps({"capabilities": capabilities})])
    connection.close()
    assert "mainspring why lonely tells what keeps it" in store("doctor").out


def test_prune_forgets_what_ended_long_ago(store):
    assert store("prune", "--older-than", "1d").out == "forgot 0 instances that ended more than 1 d 0 h ago\n"
    assert store("prune", "--older-than", "0s", "--json").json == {"pruned": 2}
    assert "no instances yet" in store("list").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pause", "good"], "cannot pause instance 'good': it is completed"),
        (["retry", "good"], "cannot retry instance 'good': it is completed"),
        (["cancel", "bad"], "cannot cancel instance 'bad': it is failed"),
        (["resume", "bad"], "cannot resume instance 'bad': it is failed"),
        (["rerun", "good", "nothing"], "no node 'nothing'"),
    ],
)
def test_what_makes_no_sense_is_refused(store, arguments, words):
    answer = store(*arguments)
    assert answer.code == 5
    assert words in answer.err


def test_rerun_begins_with_a_node(store):
    (store.folder / "broken").unlink()
    assert store("rerun", "good", "total", "--json").json["status"] == "running"
    assert store("worker", "--until-idle").code == 0
    assert store("show", "good", "--json").json["status"] == "completed"


UNTOLD = """
from mainspring import Retry, Workflow, task

@task
def work() -> int:
    raise ValueError("no")

@task(retries=Retry.fixed(1, 0.01))
def tell(failure: dict) -> None:
    raise ConnectionError("nobody answers")

careful = Workflow("careful", on_failure=tell)
careful.add(work)
"""


def test_a_failure_that_could_not_be_told_is_shown(place):
    (place.folder / "untold.py").write_text(UNTOLD)
    assert place("run", "untold.py", "--id", "sad").code == 1
    shown = place("show", "sad").out
    assert "ValueError: no" in shown
    assert "on_failure failed as well, in 2 attempts\n  ConnectionError: nobody answers" in shown
    assert place("show", "sad", "--json").json["on_failure"]["type"].endswith("ConnectionError")


FAMILY = """
from mainspring import Workflow, task

@task
def inner(number: int) -> int:
    if number == 2:
        raise ValueError("two is bad")
    return number

child = Workflow("child")
child.output(child.add(inner, child.input("number", int)))
parent = Workflow("parent")
parent.add(child, 5, key="single")
parent.map(child, [1, 2, 3], key="each")
"""


def test_instances_within_instances_are_shown_below_their_nodes(place):
    (place.folder / "family.py").write_text(FAMILY)
    assert place("run", "family.py", "--id", "family").code == 1
    shown = place("show", "family").out
    assert "└ = child:" in shown
    assert "└ each/1 = child:" in shown
    assert "ValueError: two is bad" in shown
    assert "✓ single/inner" in place("timeline", "family").out
    assert "✗ each/1/inner" in place("timeline", "family").out
    children = place("show", "family", "--json").json["children"]
    assert sorted(child["parent_key"] for child in children) == ["each/0", "each/1", "each/2", "single"]
    assert len(place("list", "--children", "--json").json["instances"]) == 5
