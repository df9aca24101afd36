"""Cancel, pause, resume, retry and rerun."""

from __future__ import annotations

import pytest

from mainspring.models.contract import (
    CancelInstance,
    CancelRequested,
    CancelTask,
    ChildCancelled,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    TaskCompleted,
)
from mainspring.models.retry import Retry
from mainspring.models.workflow.builder import Workflow
from tests.models.driver import Driver
from tests.models.workflow.shop import count, drive, graph, work

DIAMOND = {"a": "", "b": "a", "c": "a", "d": "b c"}


def test_cancel_ends_it_and_late_news_changes_nothing():
    driver = drive(graph(**DIAMOND))
    driver.complete("a")
    driver.send(CancelRequested("enough"))
    assert (driver.status, driver.reason, driver.tasks) == ("cancelled", "enough", {})
    assert driver.nodes == {"a": "completed", "b": "cancelled", "c": "cancelled", "d": "cancelled"}
    journal = len(driver.journal)
    driver.send(TaskCompleted("b", 1, 0, 0, driver.state.values[0]))
    assert driver.send(CancelRequested()) is None, "once more is no error"
    assert len(driver.journal) == journal
    driver.check_fold()


def test_pause_begins_nothing_more_and_resume_goes_on():
    driver = drive(graph(**DIAMOND))
    driver.complete("a")
    driver.send(PauseRequested())
    assert (driver.status, driver.held) == ("paused", True)
    driver.complete("b", 1)  # it was running
    driver.complete("c", 2)
    assert driver.tasks == {}
    assert driver.nodes["d"] == "pending"
    driver.send(ResumeRequested())
    assert driver.payloads == {"d": {"*": [1, 2]}}
    driver.complete("d")
    assert driver.status == "completed"
    driver.check_fold()


def test_a_paused_instance_does_not_end_before_it_is_resumed():
    driver = drive(graph(a=""))
    driver.send(PauseRequested())
    driver.complete("a", 5)
    assert driver.status == "paused"
    driver.send(ResumeRequested())
    assert (driver.status, driver.output) == ("completed", 5)


def test_a_paused_map_goes_on_with_the_next_items():
    wf = Workflow("map")
    wf.map(count, [1, 2, 3, 4], concurrency=2)
    driver = drive(wf)
    driver.send(PauseRequested())
    driver.complete("count/0")
    driver.complete("count/1")
    assert driver.tasks == {}
    driver.send(ResumeRequested())
    assert list(driver.tasks) == ["count/2", "count/3"]
    driver.check_fold()


def test_a_failure_in_a_paused_instance_is_retried_but_held():
    wf = Workflow("held")
    wf.add(work, key="a", retries=1)
    driver = drive(wf)
    driver.send(PauseRequested())
    driver.held = False  # as if the kernel had not held what comes now
    driver.fail("a")
    assert driver.held


def test_retry_runs_what_failed_and_what_was_cancelled_for_it():
    driver = drive(graph(**DIAMOND))
    driver.complete("a", "A")
    driver.fail("b")
    driver.complete("c", "C")
    assert driver.status == "failed"
    assert driver.send(RetryRequested()) is None
    assert driver.status == "running"
    assert driver.payloads == {"b#2": {"*": ["A"]}}, "a and c are done; b has another key"
    driver.complete("b#2", "B")
    assert driver.payloads == {"d": {"*": ["B", "C"]}}, "d had never begun, so its key is its first"
    driver.complete("d", "D")
    assert (driver.status, driver.output) == ("completed", "D")
    driver.check_fold()


def test_retry_while_other_tasks_run():
    driver = drive(graph(a="", b="", c="a"))
    driver.fail("a")
    assert driver.nodes == {"a": "failed", "b": "running", "c": "cancelled"}
    driver.send(RetryRequested())
    assert set(driver.tasks) == {"b", "a#2"}
    driver.check_fold()


def test_retry_of_a_cancelled_instance_runs_what_was_interrupted():
    driver = drive(graph(**DIAMOND))
    driver.complete("a")
    driver.send(CancelRequested())
    driver.send(RetryRequested())
    assert set(driver.tasks) == {"b#2", "c#2"}
    driver.check_fold()


def test_retry_runs_only_the_failed_items_of_a_map():
    wf = Workflow("map")
    parts = wf.map(count, [10, 11, 12, 13], concurrency=3)
    wf.add(work, parts, key="end")
    driver = drive(wf)
    driver.complete("count/0", 0)
    driver.fail("count/1")
    driver.complete("count/2", 2)
    driver.fail("count/3", KeyError("three"))
    assert driver.status == "failed"
    assert str(driver.error) == "node 'count': ValueError: items 1, 3 of 4 failed; item 1: bad"
    driver.send(RetryRequested())
    assert driver.payloads == {"count/1#2": {"word": 11}, "count/3#2": {"word": 13}}
    driver.complete("count/3#2", 3)
    driver.fail("count/1#2")
    driver.send(RetryRequested())
    assert list(driver.tasks) == ["count/1#3"]
    driver.complete("count/1#3", 1)
    assert driver.payloads == {"end": {"*": [[0, 1, 2, 3]]}}
    driver.check_fold()


def test_retry_of_a_map_that_was_stopped_half_way():
    wf = Workflow("map", failure_policy="stop")
    wf.map(count, [10, 11, 12, 13], concurrency=2)
    driver = drive(wf)
    driver.complete("count/0", 0)
    driver.fail("count/1")
    assert (driver.status, driver.tasks) == ("failed", {})
    assert [command for command in driver.asked if isinstance(command, CancelTask)] == [CancelTask("count/2")]
    driver.send(RetryRequested())
    assert list(driver.tasks) == ["count/1#2", "count/2#2"], "item 2 had been running, 3 had not"
    driver.complete("count/1#2", 1)
    assert list(driver.tasks) == ["count/2#2", "count/3"]
    driver.check_fold()


def test_rerun_resets_a_node_and_all_that_depends_on_it():
    driver = drive(graph(**DIAMOND))
    driver.complete("a", 1)
    driver.complete("b", 2)
    driver.complete("c", 3)
    assert list(driver.tasks) == ["d"]
    driver.send(RerunRequested("b"))
    assert CancelTask("d") in driver.asked
    assert driver.payloads == {"b#2": {"*": [1]}}
    driver.complete("b#2", 22)
    assert driver.payloads == {"d#2": {"*": [22, 3]}}
    driver.complete("d#2", 4)
    assert (driver.status, driver.output) == ("completed", 4)
    driver.check_fold()


def test_rerun_opens_an_instance_that_has_ended():
    driver = drive(graph(a="", b="a"))
    driver.complete("a", 1)
    driver.complete("b", 2)
    assert driver.status == "completed"
    driver.send(RerunRequested("b"))
    assert (driver.status, list(driver.tasks)) == ("running", ["b#2"])
    driver.complete("b#2", 3)
    assert driver.output == 3
    driver.check_fold()


def test_rerun_of_a_map_begins_with_the_list():
    wf = Workflow("map")
    words = wf.add(work, key="words")
    wf.map(count, words)
    driver = drive(wf)
    driver.complete("words", ["a", "b"])
    driver.complete("count/0", 1)
    driver.send(RerunRequested("words"))
    assert CancelTask("count/1") in driver.asked
    driver.complete("words#2", ["c"])
    assert driver.payloads == {"count/0#2": {"word": "c"}}
    driver.check_fold()


def test_what_stays_cancelled_is_told():
    driver = drive(graph(a="", b=""))
    driver.complete("a", 1)
    driver.send(CancelRequested("enough"))
    driver.send(RerunRequested("a"))
    driver.complete("a#2", 1)
    assert (driver.status, driver.reason) == ("cancelled", "b had been cancelled, and not run anew")


def test_a_rerun_of_what_is_paused_waits():
    driver = drive(graph(a="", b="a"))
    driver.complete("a", 1)
    driver.send(PauseRequested())
    driver.send(RerunRequested("a"))
    assert driver.tasks == {}
    driver.send(ResumeRequested())
    assert list(driver.tasks) == ["a#2"]


def ended(how: str) -> Driver:
    driver = drive(graph(a="", b="a"))
    if how == "completed":
        driver.complete("a")
        driver.complete("b")
    elif how == "failed":
        driver.fail("a")
    elif how == "cancelled":
        driver.send(CancelRequested())
    elif how == "paused":
        driver.send(PauseRequested())
    return driver


@pytest.mark.parametrize(
    ("status", "event", "reason"),
    [
        ("completed", CancelRequested(), "it has completed already; there is nothing left to cancel"),
        ("failed", CancelRequested(), "it has failed already; there is nothing left to cancel"),
        ("completed", PauseRequested(), "it is completed; only what is running can be paused"),
        ("cancelled", PauseRequested(), "it is cancelled; only what is running can be paused"),
        ("completed", ResumeRequested(), "it is completed; only what is paused can be resumed"),
        ("completed", RetryRequested(), "it is completed; only what has failed or was cancelled can be retried"),
        ("running", RetryRequested(), "no node of it has failed or was cancelled, so there is nothing to retry"),
        ("paused", RetryRequested(), "no node of it has failed or was cancelled, so there is nothing to retry"),
        ("running", RerunRequested("a"), "node 'a' is running; only what has ended can run again"),
        ("running", RerunRequested("b"), "node 'b' is pending; only what has ended can run again"),
        ("completed", RerunRequested("ghost"), "it has no node 'ghost'; there are a, b"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(status, event, reason):
    driver = ended(status)
    before = driver.model.dump(driver.plan, driver.state)
    assert driver.send(event) == Refusal(reason)
    assert driver.model.dump(driver.plan, driver.state) == before


@pytest.mark.parametrize(
    ("status", "event"),
    [("paused", PauseRequested()), ("running", ResumeRequested()), ("cancelled", CancelRequested())],
)
def test_what_is_so_already_is_no_error(status, event):
    driver = ended(status)
    journal = len(driver.journal)
    assert driver.send(event) is None
    assert len(driver.journal) == journal


def test_a_refused_input_is_nothing_to_run_again():
    wf = Workflow("inputs")
    wf.add(work, wf.input("n", int))
    driver = drive(wf, {"n": "x"})
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.message == "input of workflow 'inputs': Expected `int`, got `str` - at `$.n`"
    refusal = driver.send(RetryRequested())
    assert refusal == Refusal("its input was never accepted, so there is nothing to run again; start another one")


# --- Children ---------------------------------------------------------------------------------


def parent(**options) -> Workflow:
    child = Workflow("child")
    child.add(work, child.input("x", default=0), key="n")
    wf = Workflow("parent", **options)
    sub = wf.add(child, key="sub")
    wf.map(child, [8, 9], key="subs", after=[sub])
    return wf


def test_a_child_is_started_and_its_output_used():
    driver = drive(parent())
    [digest] = driver.model.children(driver.plan)
    assert driver.children["sub"].digest == digest
    driver.complete_child("sub", 5)
    assert [child.input for child in driver.children.values()] == [b'{"x":8}', b'{"x":9}']
    driver.complete_child("subs/1", 1)
    driver.complete_child("subs/0", 0)
    assert (driver.status, driver.output) == ("completed", [0, 1])
    driver.check_fold()


def test_a_failed_child_retries_what_failed_in_it():
    driver = drive(parent())
    driver.fail_child("sub", "no disk")
    assert driver.status == "failed"
    assert str(driver.error) == "node 'sub': ValueError: no disk"
    driver.send(RetryRequested())
    assert (driver.status, list(driver.children)) == ("running", ["sub"]), "the same child, under the same key"
    driver.complete_child("sub")
    driver.fail_child("subs/0")
    driver.complete_child("subs/1", 1)
    driver.send(RetryRequested())
    assert list(driver.children) == ["subs/0"]
    driver.complete_child("subs/0", 0)
    assert driver.output == [0, 1]
    driver.check_fold()


def test_a_child_that_is_cancelled_fails_its_node():
    driver = drive(parent())
    del driver.children["sub"]
    driver.send(ChildCancelled("sub", "not wanted"))
    assert driver.error is not None
    assert driver.error.type == "InstanceCancelledError"


def test_a_rerun_cancels_the_children_that_run():
    driver = drive(parent())
    driver.complete_child("sub", 1)
    driver.send(RerunRequested("sub"))
    cancelled = [command.key for command in driver.asked if isinstance(command, CancelInstance)]
    assert cancelled == ["subs/0", "subs/1"]
    assert list(driver.children) == ["sub#2"]


def test_a_paused_instance_retries_no_child():
    wf = parent()
    wf.add(work, key="busy")
    driver = drive(wf)
    driver.fail_child("sub")
    driver.send(PauseRequested())
    assert driver.send(RetryRequested()) == Refusal("it is paused; resume it before its child 'sub' retries")


# --- Attempts and clocks ----------------------------------------------------------------------


def test_attempts_are_retried_by_the_policy_of_their_node():
    wf = Workflow("retries")
    wf.map(count, [1, 2], retries=Retry(max=1, delay_s=10, jitter=0))
    driver = drive(wf)
    driver.fail("count/1")
    assert driver.ready_at["count/1"] == 1_010.0
    driver.lose("count/1")
    assert driver.ready_at["count/1"] == 1_000.0, "at once, and no retry is used up"
    driver.fail("count/1")
    driver.complete("count/0")
    assert driver.status == "failed"
    driver.check_fold()


def test_a_task_that_was_lost_too_often_fails():
    driver = drive(graph(a=""))
    driver.lose("a", final=True)
    assert driver.error is not None
    assert driver.error.type == "WorkerLostError"


def test_a_deadline_ends_a_node_retries_included():
    wf = Workflow("deadline")
    wf.add(work, key="a", deadline_s=30, retries=99)
    wf.map(count, [1, 2], key="m", deadline_s=60)
    driver = drive(wf)
    assert driver.timers == {"a/deadline": 1_030.0, "m/deadline": 1_060.0}
    driver.fail("a")
    driver.complete("m/0")
    driver.fire("a/deadline")
    assert driver.nodes["a"] == "failed"
    assert CancelTask("a") in driver.asked
    driver.fire("m/deadline")
    assert CancelTask("m/1") in driver.asked
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.message == "not done within its deadline_s of 30 s, retries included"
    driver.check_fold()


def test_a_deadline_goes_when_its_node_ends():
    wf = Workflow("deadline")
    wf.add(work, key="a", deadline_s=30)
    driver = drive(wf)
    driver.complete("a")
    assert (driver.timers, driver.status) == ({}, "completed")


def test_the_whole_has_a_time_out():
    wf = Workflow("slow", timeout_s=100)
    wf.add(work, key="a")
    driver = drive(wf)
    driver.fire("/timeout")
    assert driver.status == "failed"
    assert driver.error is not None
    assert driver.error.message == "workflow 'slow' took longer than its timeout_s of 100 s"
    driver.send(RetryRequested())
    assert (list(driver.tasks), list(driver.timers)) == (["a#2"], ["/timeout#2"])
    driver.complete("a#2")
    assert driver.status == "completed"
    driver.check_fold()


# --- on_failure -------------------------------------------------------------------------------


def tell(instance: str, failure: dict, failed: list) -> None:
    raise NotImplementedError


def test_on_failure_is_told_once_before_the_instance_fails():
    wf = graph(a="", b="a", c="")
    wf.on_failure(tell)
    driver = drive(wf)
    driver.fail("a", ValueError("no disk"))
    driver.complete("c")
    assert driver.status == "running"
    told = driver.payloads["on_failure"]
    assert told["instance"] == "report:7", "the id that people know"
    assert told["failure"]["message"] == "no disk"
    assert told["failure"]["node"] == "a"
    assert [failure["node"] for failure in told["failed"]] == ["a"]
    assert driver.send(RetryRequested()) == Refusal(
        "it is about to fail, and on_failure is being told; ask again when it has failed"
    )
    driver.complete("on_failure", "sent")
    assert driver.status == "failed"
    assert str(driver.error) == "node 'a': ValueError: no disk"
    driver.send(RetryRequested())
    driver.fail("a#2")
    assert list(driver.tasks) == ["on_failure#2"]
    driver.fail("on_failure#2")
    assert driver.status == "failed"
    driver.check_fold()


def test_on_failure_is_not_told_of_what_went_well():
    wf = graph(a="")
    wf.on_failure(tell)
    driver = drive(wf)
    driver.complete("a")
    assert driver.status == "completed"


def test_a_stop_takes_back_what_runs_before_on_failure_is_told():
    wf = Workflow("stop", failure_policy="stop", on_failure=tell)
    wf.add(work, key="a")
    wf.add(work, key="b")
    wf.sleep(5)
    driver = drive(wf)
    driver.fail("a")
    assert CancelTask("b") in driver.asked
    assert (list(driver.tasks), driver.timers) == (["on_failure"], {})
    driver.complete("on_failure")
    assert driver.status == "failed"


def test_a_wide_join_is_reset_in_time_that_grows_with_it():
    wide = {f"n{number}": "" for number in range(3_000)}
    driver = drive(graph(**wide, join=" ".join(wide)))
    driver.send(CancelRequested())
    driver.send(RetryRequested())
    assert len(driver.tasks) == 3_000
    driver.check_fold()
