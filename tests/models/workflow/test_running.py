"""How a workflow runs when all goes well."""

from __future__ import annotations

from mainspring.models.contract import NodeView, StartTask
from mainspring.models.workflow.builder import Workflow
from tests.models.workflow.shop import clean, count, drive, fetch, graph, publish, work


def report() -> Workflow:
    wf = Workflow("report")
    url = wf.input("url", str)
    page = wf.add(fetch, url)
    words = wf.add(clean, page["body"])
    parts = wf.map(count, words, concurrency=2)
    wf.add(publish, parts, after=[page])
    return wf


def test_the_report_runs_from_end_to_end():
    driver = drive(report(), {"url": "http://x"})
    assert driver.payloads == {"fetch": {"url": "http://x"}}
    driver.complete("fetch", {"body": {"a": 1}})
    assert driver.payloads == {"clean": {"page": {"a": 1}}}
    driver.complete("clean", ["x", "y", "z"])
    assert driver.payloads == {"count/0": {"word": "x"}, "count/1": {"word": "y"}}, "two at once"
    driver.complete("count/1", 11)
    assert list(driver.tasks) == ["count/0", "count/2"]
    driver.complete("count/2", 12)
    driver.complete("count/0", 10)
    assert driver.payloads == {"publish": {"parts": [10, 11, 12]}}, "in the order of the list"
    driver.complete("publish")
    assert (driver.status, driver.output) == ("completed", None)
    assert set(driver.nodes.values()) == {"completed"}
    driver.check_fold()


def test_a_chain_passes_outputs_on_as_they_are():
    driver = drive(graph(a="", b="a", c="b"))
    driver.complete("a", {"deep": [1, {"x": None}], "text": "é\n"})
    assert driver.payloads == {"b": {"*": [{"deep": [1, {"x": None}], "text": "é\n"}]}}
    driver.complete("b", 1)
    driver.complete("c", "end")
    assert driver.output == "end"


def test_what_is_ready_together_starts_together_in_the_order_of_the_definition():
    driver = drive(graph(root="", z="root", a="root", m="root", join="z a m"))
    driver.complete("root", 0)
    assert [command.key for command in driver.asked if isinstance(command, StartTask)] == ["z", "a", "m"]
    driver.complete("m", 3)
    driver.complete("z", 1)
    assert "join" not in driver.tasks
    driver.complete("a", 2)
    assert driver.payloads["join"] == {"*": [1, 2, 3]}
    driver.check_fold()


def test_the_output_is_declared_or_that_of_the_last_node_or_of_all_last_nodes():
    declared = graph(a="", b="")
    declared.output({"both": ["$a", "$b"]})
    # Strings in `output` are literals unless they are handles, so this one says so.
    assert declared.definition().output == {"both": ["$$a", "$$b"]}
    wf = Workflow("declared")
    a = wf.add(work, key="a")
    b = wf.add(work, key="b")
    wf.output({"both": [a, b["x"]]})
    for workflow, expected in ((wf, {"both": [1, 2]}), (graph(a="", b=""), {"a": 1, "b": {"x": 2}})):
        driver = drive(workflow)
        driver.complete("a", 1)
        driver.complete("b", {"x": 2})
        assert driver.output == expected


def test_a_map_over_nothing_completes_at_once():
    wf = Workflow("empty")
    items = wf.input("items", list[str])
    parts = wf.map(count, items)
    wf.add(publish, parts)
    driver = drive(wf, {"items": []})
    assert driver.payloads == {"publish": {"parts": []}}
    driver.complete("publish")
    assert driver.status == "completed"
    driver.check_fold()


def test_a_map_passes_element_position_and_what_is_fixed():
    wf = Workflow("map")
    factor = wf.input("factor", int, default=3)
    wf.map(count, ["a", {"deep": 1}], factor)
    assert drive(wf).payloads == {"count/0": {"word": "a", "factor": 3}, "count/1": {"word": {"deep": 1}, "factor": 3}}
    by_hand = Workflow("by hand")
    by_hand.node("m", work, {"*": ["$item.x", "$index"]}, map=[{"x": 5}])
    assert drive(by_hand).payloads == {"m/0": {"*": [5, 0]}}


def test_a_map_of_ten_thousand_is_one_decision():
    wf = Workflow("wide")
    wf.map(count, wf.input("items"))
    driver = drive(wf, {"items": list(range(10_000))})
    assert len(driver.tasks) == 10_000
    kind, _, decisions, _ = driver.journal[0]
    assert kind == "Started"
    assert len(decisions) < 200


def test_a_map_over_what_is_no_list_fails_and_says_so():
    wf = Workflow("wrong")
    wf.map(count, wf.input("items"))
    driver = drive(wf, {"items": {"a": 1}})
    assert driver.status == "failed"
    assert str(driver.error) == (
        "node 'count': PayloadInvalidError: node 'count': map over $items: expected a list to map over, found an object"
    )
    driver.check_fold()


def test_a_sleep_is_a_timer():
    wf = Workflow("nap")
    nap = wf.sleep(30, after=[wf.add(work, key="a")])
    wf.add(work, key="b", after=[nap])
    driver = drive(wf)
    driver.complete("a")
    assert driver.timers == {"sleep": 1_030.0}
    driver.fire("sleep")
    assert list(driver.tasks) == ["b"]
    driver.check_fold()


def test_nothing_begins_before_its_time():
    driver = drive(graph(a=""))
    later = type(driver)(driver.model, graph(a="").document())
    later.start(not_before=5_000.0)
    assert (later.tasks, later.timers) == ({}, {"/start": 5_000.0})
    later.fire("/start")
    assert list(later.tasks) == ["a"]
    later.check_fold()


def test_progress_counts_the_items_of_a_map():
    driver = drive(report(), {"url": "x"})
    driver.complete("fetch", {"body": {}})
    driver.complete("clean", ["a", "b", "c"])
    driver.complete("count/0", 1)
    views = {view.key: view for view in driver.model.nodes(driver.plan, driver.state)}
    assert views["count"] == NodeView("count", "map", "running", ("clean",), total=3, completed=1)
    assert views["publish"] == NodeView("publish", "task", "pending", ("count", "fetch"))
