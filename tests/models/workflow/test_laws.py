"""Laws that hold for any workflow, whatever happens to it in whatever order.

A random graph is driven by a random script: tasks complete, fail and get lost, timers fire, children end, and somebody
pauses, resumes, cancels, retries and reruns.  The driver checks at every step that decide is pure, that decisions
survive JSON, and that no key is used twice; the rest is checked here.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, json, structs

from mainspring.models.contract import (
    CancelRequested,
    Event,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    StartInstance,
    StartTask,
    TaskCompleted,
)
from mainspring.models.retry import Retry
from mainspring.models.workflow.decisions import MapStarted, NodesStarted, WorkflowDecision
from mainspring.models.workflow.document import Document, FailureHandler, Node, When
from mainspring.models.workflow.evolve import recount
from mainspring.models.workflow.model import WORKFLOW
from mainspring.models.workflow.rules import IS_EARLY, RULES
from mainspring.models.workflow.state import DONE, FINAL
from tests.models.driver import Driver, encode

DECISIONS: Any = list[WorkflowDecision]
CHILD = "c" * 64
STEPS_MAX = 40
ENDED = ("completed", "failed", "cancelled")
FINAL_NAMES = ("completed", "failed", "skipped", "cancelled")


# --- Random definitions -----------------------------------------------------------------------


def yes(**arguments: Any) -> bool:
    return True


def no(**arguments: Any) -> bool:
    return False


def boom(**arguments: Any) -> bool:
    raise RuntimeError("boom")


PREDICATES = {"yes": yes, "no": no, "boom": boom}
ANYWHERE = (*(When(name, language="python") for name in PREDICATES), *map(When, ("1 < 2", "null", "no")))
BELOW_THE_FIRST = (
    *map(When, ("n0 = 7", "count(n0) > 1", "n0.x[1] = 1 or n0 = null")),
    When("${!empty n0}", language="juel"),
)


@st.composite
def nodes(draw: Any, number: int) -> Node:
    above = [f"n{parent}" for parent in range(number) if draw(st.booleans())][-3:]
    data = [parent for parent in above if draw(st.booleans())]
    path = draw(st.sampled_from(["", "", "", ".x", "[0]"]))
    options: dict[str, Any] = {
        "arguments": {f"p{index}": f"${parent}{path}" for index, parent in enumerate(data)},
        "after": tuple(above),
        "rule": draw(st.sampled_from([None, None, None, *RULES])),
        "when": draw(st.sampled_from([*[None] * 8, *ANYWHERE, *(BELOW_THE_FIRST if number else ())])),
        "deadline_s": draw(st.sampled_from([None, None, 50.0])),
    }
    match draw(st.sampled_from(["task", "task", "task", "sleep", "workflow", "map", "map", "children"])):
        case "task":
            options |= {"task": "shop:work", "retries": Retry(max=draw(st.integers(0, 1)))}
        case "sleep":
            options |= {"sleep": draw(st.sampled_from([1, f"${data[0]}" if data else 2])), "arguments": {}}
        case "workflow":
            options |= {"workflow": CHILD}
        case kind:
            options |= {"task": "shop:work"} if kind == "map" else {"workflow": CHILD}
            over = st.sampled_from([[1, 2, 3], [], f"${data[0]}" if data else [{"a": 1}]])
            options |= {"map": draw(over), "concurrency": draw(st.sampled_from([None, 1, 2]))}
            options["arguments"] = options["arguments"] | {"element": "$item"}
    return Node(**options)


@st.composite
def documents(draw: Any) -> Document:
    count = draw(st.integers(1, 6))
    return Document(
        workflow="random",
        nodes={f"n{number}": draw(nodes(number)) for number in range(count)},
        failure_policy=draw(st.sampled_from(["finish", "finish", "stop"])),
        on_failure=draw(st.sampled_from([None, FailureHandler("shop:told")])),
        timeout_s=draw(st.sampled_from([None, None, 500.0])),
    )


# --- Random scripts ---------------------------------------------------------------------------

OUTPUTS: tuple[Any, ...] = ({"x": [1]}, [1, 2], [], None, 7, {"y": 0})


class Story:
    """One instance, and what can happen to it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.driver = Driver(WORKFLOW, document.encode(), PREDICATES.__getitem__)
        self.steps = 0

    def play(self, script: list[int]) -> None:
        """Let one thing after another happen, as the script chooses among what can."""
        for choice in script:
            possible = self.possible(choice // 97)
            event, action = possible[choice % len(possible)]
            action()
            self.check(event)
            if self.driver.status in ENDED:
                self.check_late_news()

    def finish(self) -> None:
        """From here on all goes well; so the instance must come to an end."""
        driver = self.driver
        if driver.status == "paused":
            driver.send(ResumeRequested())
        for _ in range(200):
            if driver.status in ENDED:
                return
            waits = [key for key in driver.timers if "/" not in key or key == "/start"]
            if driver.tasks:
                driver.complete(next(iter(driver.tasks)), 1)
            elif driver.children:
                driver.complete_child(next(iter(driver.children)), 1)
            elif waits:
                driver.fire(waits[0])
            else:
                raise AssertionError(f"it waits for nothing: {driver.nodes} {driver.timers}")
            self.check("finish")
        raise AssertionError("it does not end")

    def possible(self, salt: int) -> list[tuple[str, Any]]:
        driver = self.driver
        output = OUTPUTS[salt % len(OUTPUTS)]
        options: list[tuple[str, Any]] = []
        if not driver.held:
            for key in driver.tasks:
                options += [
                    ("complete", lambda key=key: driver.complete(key, output)),
                    ("fail", lambda key=key: driver.fail(key)),
                ]
        for key in list(driver.tasks)[:1]:
            options += [("lose", lambda key=key: driver.lose(key, final=salt % 3 == 0))]
        for key in driver.timers:
            options.append(("fire", lambda key=key: driver.fire(key)))
        for key in driver.children:
            options += [
                ("child completes", lambda key=key: driver.complete_child(key, output)),
                ("child fails", lambda key=key: driver.fail_child(key)),
            ]
        requests: tuple[Event, ...] = (
            PauseRequested(),
            ResumeRequested(),
            CancelRequested("enough"),
            RetryRequested(),
            RerunRequested(f"n{salt % len(self.document.nodes)}"),
        )
        # The more there is to do, the rarer are the requests.
        return [*options, *[(type(event).__name__, lambda event=event: self.request(event)) for event in requests]]

    def request(self, event: Event) -> None:
        before, status = WORKFLOW.dump(self.driver.plan, self.driver.state), self.driver.status
        refusal = self.driver.send(event)
        if isinstance(refusal, Refusal):
            assert refusal.reason
            assert (WORKFLOW.dump(self.driver.plan, self.driver.state), self.driver.status) == (before, status)

    # --- What must hold after each step ---

    def check(self, event: str) -> None:
        self.check_counts()
        self.check_starts()
        driver = self.driver
        if driver.status in ENDED:
            assert set(driver.nodes.values()) <= set(FINAL_NAMES), "every node has ended"
            assert not driver.tasks
            assert not driver.children
        elif driver.status == "running":
            waits = [key for key in driver.timers if "/" not in key or key == "/start"]
            assert driver.tasks or driver.children or waits, f"after {event} it waits for nothing: {driver.nodes}"

    def check_counts(self) -> None:
        """Counters are what one would count."""
        plan, state = self.driver.plan, self.driver.state
        counted = (list(state.waiting), dict(state.failed_above), dict(state.skipped_above))
        recount(plan, state, range(len(plan.keys)))
        assert counted == (state.waiting, state.failed_above, state.skipped_above)
        assert state.open == sum(status not in FINAL for status in state.statuses)
        assert state.troubles == sum(status in FINAL and status != DONE for status in state.statuses)
        for of_map in state.maps.values():
            assert of_map.running == len(of_map.running_items())
            assert of_map.completed == sum(result is not None for result in of_map.results)

    def check_starts(self) -> None:
        """No node begins before its parents allow it, and what begins is what is asked for."""
        driver = self.driver
        views = {view.key: view for view in WORKFLOW.nodes(driver.plan, driver.state)}
        begun = {decision for decision in self.last_decisions() if isinstance(decision, NodesStarted | MapStarted)}
        for decision in begun:
            for key in decision.nodes if isinstance(decision, NodesStarted) else (decision.node,):
                above = [views[parent].status for parent in views[key].parents]
                assert may_run(self.document.nodes[key].rule or "all_succeeded", above), f"{key} after {above}"
        if driver.held:
            begun_keys = [command.key for command in driver.asked if isinstance(command, StartTask | StartInstance)]
            assert all(key.startswith("on_failure") for key in begun_keys), "a paused instance begins nothing"

    def last_decisions(self) -> list[Any]:

        driver = self.driver
        if not driver.journal:
            return []
        decisions: list[Any] = json.decode(driver.journal[-1][2], type=DECISIONS)
        return decisions

    def check_late_news(self) -> None:
        """What is told to an ended instance changes nothing."""
        driver = self.driver
        before = WORKFLOW.dump(driver.plan, driver.state)
        for key in sorted(driver.used)[:5]:
            assert WORKFLOW.decide(driver.plan, driver.state, TaskCompleted(key, 1, 0, 0, Raw(b"1")), driver.at) in (
                [],
                (),
            )
        assert WORKFLOW.dump(driver.plan, driver.state) == before


def may_run(rule: str, above: list[str]) -> bool:
    """The trigger rules in other words than those of the table under test."""
    ok = above.count("completed")
    bad = above.count("failed") + above.count("cancelled")
    skipped = above.count("skipped")
    all_ended = ok + bad + skipped == len(above)
    return {
        "all_succeeded": ok == len(above),
        "all_done": all_ended,
        "all_failed": bad == len(above),
        "all_skipped": skipped == len(above),
        "any_done": ok + bad > 0,
        "any_failed": bad > 0,
        "any_succeeded": ok > 0,
        "none_failed": all_ended and bad == 0,
        "none_failed_any_succeeded": all_ended and bad == 0 and ok > 0,
        "none_skipped": all_ended and skipped == 0,
    }[rule]


SCRIPTS = st.lists(st.integers(0, 10_000), max_size=STEPS_MAX)


# --- The laws ---------------------------------------------------------------------------------


@given(documents(), SCRIPTS)
@settings(max_examples=400)
def test_whatever_happens_the_laws_hold_and_the_instance_ends(document, script):
    story = Story(document)
    story.driver.start(not_before=story.driver.at + 10 * (len(script) % 2))
    story.check("start")
    story.play(script)
    story.driver.check_fold()
    story.finish()
    story.driver.check_fold()


@given(documents(), st.permutations(range(6)), st.permutations(range(6)), st.integers(0, 2**18))
@settings(max_examples=150)
def test_the_order_in_which_tasks_end_changes_nothing(document, one_order, another_order, outcomes):
    document = unsteered(document)
    ends = [ends_of(document, order, outcomes) for order in (one_order, another_order)]
    assert ends[0] == ends[1]


def unsteered(document: Document) -> Document:
    """Without clocks, and without rules that may begin before all parents have ended, so see different data."""
    nodes = {
        key: structs.replace(node, deadline_s=None, retries=None, rule=None if node.rule in IS_EARLY else node.rule)
        for key, node in document.nodes.items()
    }
    return structs.replace(document, nodes=nodes, failure_policy="finish", timeout_s=None)


def ends_of(document: Document, order: list[int], outcomes: int) -> tuple[str, dict[str, str]]:
    """Run to the end; what becomes of a key is fixed, when it does is not."""
    driver = Driver(WORKFLOW, document.encode(), PREDICATES.__getitem__)
    driver.start()
    while driver.status not in ENDED:
        waiting = [*driver.tasks, *driver.children, *driver.timers]
        key = min(waiting, key=lambda key: (order[crc32(key.encode()) % 6], key))
        well = outcomes >> crc32(key.encode()) % 18 & 1
        if key in driver.tasks:
            driver.complete(key, [1, 2]) if well else driver.fail(key)
        elif key in driver.children:
            driver.complete_child(key, {"x": 1}) if well else driver.fail_child(key)
        else:
            driver.fire(key)
    return driver.status, driver.nodes


@given(documents(), SCRIPTS)
@settings(max_examples=150)
def test_the_short_way_says_the_same_as_the_long_one(document, script):
    story = Story(document)
    story.driver.start()
    for choice in script:
        state, tasks = story.driver.state, story.driver.tasks
        if state.calm and tasks:
            event = TaskCompleted(list(tasks)[choice % len(tasks)], 1, 0, 0, Raw(encode(OUTPUTS[choice % 5])))
            short = WORKFLOW.decide(story.driver.plan, state, event, 1.0)
            state.calm = False
            long = WORKFLOW.decide(story.driver.plan, state, event, 1.0)
            assert not isinstance(short, Refusal)
            assert not isinstance(long, Refusal)
            assert list(long) == list(short)
            state.calm = True
        story.play([choice])


@given(documents(), SCRIPTS)
@settings(max_examples=150)
def test_an_instance_fails_if_a_failure_was_left_unhandled(document, script):
    document = structs.replace(document, timeout_s=None)
    story = Story(document)
    story.driver.start()
    story.play(script)
    story.finish()
    nodes, views = story.driver.nodes, WORKFLOW.nodes(story.driver.plan, story.driver.state)
    handled = {
        parent
        for view in views
        if document.nodes[view.key].rule in ("any_failed", "all_failed") and view.status == "completed"
        for parent in view.parents
    }
    unhandled = {key for key, status in nodes.items() if status == "failed"} - handled
    if story.driver.status == "completed":
        assert not unhandled
    if story.driver.status == "failed":
        assert story.driver.error is not None
        assert story.driver.error.node in unhandled
