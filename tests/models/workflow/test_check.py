"""What is wrong with a definition is told all at once, each with its place."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import msgspec
import pytest

from mainspring.errors import DefinitionInvalidError, HandlerUnknownError
from mainspring.handler import task
from mainspring.models.retry import Retry
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.document import Node
from tests.models.workflow.shop import clean, count, fetch, graph, publish, work
from tests.runtime.heavy import allocate


@dataclasses.dataclass
class Page:
    title: str
    words: list[str]


class Row(TypedDict):
    price: int


class Point(msgspec.Struct, rename="camel"):
    far_away: int


def load() -> Page:
    raise NotImplementedError


def rows() -> list[Row]:
    raise NotImplementedError


def nothing() -> None:
    raise NotImplementedError


def number() -> int:
    raise NotImplementedError


def maybe() -> Page | None:
    raise NotImplementedError


def point() -> Point:
    raise NotImplementedError


def table() -> dict[str, int]:
    raise NotImplementedError


def is_big(value: int) -> bool:
    return value > 3


def problems(workflow: Workflow) -> list[str]:
    return [problem.message for problem in workflow.check()]


def test_a_sound_definition_has_no_problems():
    wf = Workflow("report")
    page = wf.add(load, retries=Retry(max=2), timeout_s=3)
    words = wf.map(count, page["words"], 2, concurrency=4)
    wf.add(publish, words, when=(is_big, words[0]), rule="none_failed", delay_s=0, priority=-1)
    assert problems(wf) == []
    assert wf.deployable().name == "report"


def test_all_problems_are_told_at_once_each_with_the_line_of_the_users_call():
    wf = Workflow("broken")
    first = wf.add(fetch, "a", "b", key="first")
    wf.add(publish, first, key="first")
    wf.add(clean, first["body"], rule="all_suceeded", timeout_s=0)
    with pytest.raises(DefinitionInvalidError) as caught:
        wf.deployable()
    line = test_all_problems_are_told_at_once_each_with_the_line_of_the_users_call.__code__.co_firstlineno
    told = [(problem.place, problem.message) for problem in caught.value.problems]
    where = fetch.__module__
    assert told == [
        (f"{__file__}:{line + 2}, node 'first'", f"handler '{where}:fetch': takes 1 arguments by position, got 2"),
        (f"{__file__}:{line + 3}", f"node 'first': there is a node 'first' already, at {__file__}:{line + 2}"),
        (f"{__file__}:{line + 4}, node 'clean'", "timeout_s must be above 0, not 0"),
        (f"{__file__}:{line + 4}, node 'clean'", "unknown rule 'all_suceeded', did you mean 'all_succeeded'?"),
    ]
    assert str(caught.value).startswith("definition 'broken' has 4 problems:\n  - /")


@pytest.mark.parametrize(
    ("parents", "told"),
    [
        ({"a": "b", "b": "a"}, ["cycle: b → a → b"]),
        ({"a": "a"}, ["cycle: a → a"]),
        ({"a": "", "b": "a d", "c": "b", "d": "c"}, ["cycle: c → d → b → c"]),
        ({"a": "b", "b": "a", "c": "d", "d": "c"}, ["cycle: b → a → b", "cycle: d → c → d"]),
        ({"a": "", "b": "a", "c": "a b", "d": "b c"}, []),
    ],
)
def test_cycles_are_told_node_by_node(parents, told):
    assert problems(graph(**parents)) == told


def test_a_long_cycle_is_told_in_short():
    ring = {f"n{index}": f"n{(index - 1) % 5_000}" for index in range(5_000)}
    [told] = problems(graph(**ring))
    assert told.count("→") == 10
    assert "…" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"url": "$nowhere"}, "$nowhere: there is no node or input 'nowhere'"),
        ({"url": "$fetc.x"}, "$fetc.x: there is no node or input 'fetc', did you mean 'fetch'?"),
        ({"url": "$item"}, "$item: only the arguments of a map have an element"),
        ({"url": "$5.00"}, "'$5.00' is no reference; write $name.field[0], or $$ for a string that begins with $"),
        ({"url": "$fetch.x["}, "'$fetch.x[' is no reference: '[' is neither .field nor [0] nor [\"field\"]"),
        ({"url": 3}, "argument 'url': Expected `str`, got `int`"),
        ({"url": ["x"]}, "argument 'url': Expected `str`, got `array`"),
        ({"url": "x", "ulr": "y"}, "handler '{shop}:fetch': unknown argument 'ulr', did you mean 'url'?"),
        ({}, "handler '{shop}:fetch': missing argument 'url'"),
        ({"url": "x", "*": [1]}, "handler '{shop}:fetch': takes no further arguments by position"),
    ],
)
def test_arguments_that_cannot_be(arguments, told):
    wf = Workflow("arguments")
    wf.add(work, key="fetch")
    wf.node("n", fetch, arguments)
    assert problems(wf) == [told.replace("{shop}", fetch.__module__)]


def test_a_dollar_is_written_twice_where_it_is_meant():
    wf = Workflow("dollars")
    wf.add(fetch, "$5.00")
    wf.node("by hand", fetch, {"url": "$$5.00"})
    assert [node.arguments for node in wf.nodes.values()] == [{"url": "$$5.00"}] * 2
    assert problems(wf) == ["node 'by hand': a name is a letter or _, then letters, digits, _ and -, and not too long"]


@pytest.mark.parametrize(
    ("handler", "path", "told"),
    [
        (load, "title", None),
        (load, "titel", "$n.titel cannot exist: Page has no field 'titel'; it has title, words"),
        (load, 0, "$n[0] cannot exist: Page is an object and has no position [0]"),
        (maybe, "titel", "$n.titel cannot exist: Page has no field 'titel'; it has title, words"),
        (maybe, "title", None),
        (nothing, "x", "$n.x cannot exist: None has no parts"),
        (number, 3, "$n[3] cannot exist: int has no parts"),
        (rows, "x", "$n.x cannot exist: list[{here}.Row] is a list and has no field 'x'"),
        (rows, 1, None),
        (point, "farAway", None),
        (point, "far_away", "$n.far_away cannot exist: Point has no field 'far_away'; it has farAway"),
        (table, "anything", None),
        (fetch, "anything", None),
    ],
)
def test_parts_of_an_output_that_cannot_exist(handler, path, told):
    wf = Workflow("parts")
    node = wf.add(handler, *(["x"] if handler is fetch else []), key="n")
    wf.add(work, node[path])
    assert problems(wf) == ([] if told is None else [told.replace("{here}", __name__)])


def test_parts_are_followed_to_the_end():
    wf = Workflow("deep")
    wf.add(work, wf.add(rows, key="n")[0]["prize"])
    assert problems(wf) == ["$n[0].prize cannot exist: Row has no field 'prize'; it has price"]


@pytest.mark.parametrize(
    ("handler", "told"),
    [(number, "map over $n: int is no list"), (load, "map over $n: Page is no list"), (rows, None), (work, None)],
)
def test_a_map_over_what_is_declared_as_no_list(handler, told):
    wf = Workflow("map")
    wf.map(work, wf.add(handler, key="n"))
    assert problems(wf) == ([] if told is None else [told])


def test_the_output_of_a_map_is_a_list_of_what_its_handler_returns():
    wf = Workflow("map")
    parts = wf.map(load_one, [1, 2])
    wf.add(work, parts[0]["titel"])
    wf.add(work, parts["title"])
    assert problems(wf) == [
        "$load_one[0].titel cannot exist: Page has no field 'titel'; it has title, words",
        f"$load_one.title cannot exist: list[{__name__}.Page] is a list and has no field 'title'",
    ]


def load_one(number: int) -> Page:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"retries": -1}, "retries: -1 is not between 0 and 10,000"),
        ({"retries": Retry(backoff=0.1)}, "retry backoff: 0.1 is less than 1, so delays would shrink"),
        ({"timeout_s": 0}, "timeout_s must be above 0, not 0"),
        ({"memory_max_mb": 9}, "handler 'tests.models.workflow.shop:work': memory_max_mb takes effect with isolation="),
        ({"deadline_s": -3}, "deadline_s must be above 0, not -3"),
        ({"delay_s": -1}, "delay_s must not be negative, as -1 is"),
        ({"concurrency": 0, "map": []}, "concurrency must be at least 1, not 0"),
        ({"concurrency": 2}, "concurrency is for maps; this node has no map"),
        ({"rule": "any_failed"}, "rule 'any_failed' says nothing of a node that depends on no other"),
        ({"rule": "sometimes"}, "unknown rule 'sometimes', there are all_succeeded, "),
        ({"timeout_s": "long"}, "Expected `float | null`, got `str` - at `$.timeout_s`"),
        ({"after": ["ghost"]}, "after 'ghost': there is no node or input 'ghost'"),
    ],
)
def test_options_that_make_no_sense(options, told):
    wf = Workflow("options")
    wf.node("n", work, **options)
    [problem] = problems(wf)
    assert problem.startswith(told)


def test_a_limit_of_memory_is_above_zero():
    wf = Workflow("options")
    wf.node("n", allocate, {"megabytes": 1}, memory_max_mb=0)
    assert problems(wf) == ["memory_max_mb must be above 0, not 0"]


def test_a_sleep_has_sensible_seconds_and_no_other_options():
    wf = Workflow("naps")
    wf.sleep(-1)
    wf.sleep("long")
    wf.nodes["odd"] = Node(sleep=3, arguments={"a": 1}, retries=2)
    wf.nodes["both"] = Node(sleep=3, task="x")
    assert problems(wf) == [
        "sleep must be between 0 and 3.1536e+09 seconds, not -1",
        "sleep is seconds or a reference to them, not 'long'",
        "arguments means nothing for a node that is a sleep",
        "retries means nothing for a node that is a sleep",
        "a node is one of task, workflow and sleep; this one has task and sleep",
    ]


def test_inputs_have_known_types_and_fitting_defaults():
    wf = Workflow("inputs")
    wf.input("a", "strnig")
    wf.input("b", int, default="x")
    wf.input("c", list[int] | None, default=[1])
    wf.input("item")
    wf.input("2nd")
    wf.add(work)
    assert problems(wf) == [
        (
            "input 'a': unknown type 'strnig'; there are any, str, int, float, bool, list, dict, null, list[…], "
            "dict[str, …] and … | …"
        ),
        "default of input 'b': Expected `int`, got `str`",
        "input 'item': index, item, on_failure are taken; choose another name",
        "input '2nd': a name is a letter or _, then letters, digits, _ and -, and not too long",
    ]


def test_conditions_are_calls_like_others():
    wf = Workflow("conditions")
    wf.add(work, 1, 2, when=is_big)
    wf.add(fetch, "x", when=(is_big,))
    here = f"when: handler '{__name__}:is_big': "
    assert problems(wf) == [f"{here}missing argument 'value'"]


async def is_ready() -> bool:
    return True


def test_a_condition_is_no_coroutine():
    wf = Workflow("conditions")
    wf.add(work, when=(is_ready,))
    [problem] = problems(wf)
    assert problem.endswith("a condition is asked in between, so it cannot be `async def`")


def test_a_workflow_without_nodes_or_with_an_unknown_policy():
    wf = Workflow("", failure_policy="shrug", timeout_s=-1)
    assert problems(wf) == [
        "a workflow's name has 1 to 200 characters",
        "it has no nodes, so there is nothing to run",
        "failure_policy is finish or stop, not 'shrug'",
        "timeout_s must be above 0, not -1",
    ]


def test_handlers_given_by_name_are_looked_up_where_that_is_possible():
    def find(name: str) -> Any:
        if name == "shop:fetch":
            return task(fetch)
        raise HandlerUnknownError(name, "no module named 'shop'")

    wf = Workflow("names")
    wf.node("a", "shop:fetch", {"ulr": "x"})
    wf.node("b", "shop:nowhere", {}, when={"test": "shop:is_it", "language": "python"})
    assert wf.check() == [], "nothing can be said without a way to find them"
    assert [problem.message for problem in wf.check(find)] == [
        f"handler '{fetch.__module__}:fetch': unknown argument 'ulr', did you mean 'url'?",
        f"handler '{fetch.__module__}:fetch': missing argument 'url'",
        "handler 'shop:nowhere' cannot be found: no module named 'shop'",
        "when: handler 'shop:is_it' cannot be found: no module named 'shop'",
    ]


def test_children_are_checked_with_their_parents():
    child = Workflow("child")
    child.input("url", str)
    child.input("times", int, default=1)
    child.add(work, key="n", timeout_s=-1)
    wf = Workflow("parent")
    wf.add(child, "x", 2, 3, key="a")
    wf.add(child, ulr="x", key="b")
    wf.add(child, 5, key="c")
    assert problems(wf) == [
        "workflow 'child' has 2 inputs, got 3",
        "timeout_s must be above 0, not -1",
        "workflow 'child': unknown input 'ulr', did you mean 'url'?",
        "workflow 'child': missing input 'url'",
        "input 'url': Expected `str`, got `int`",
    ]


def test_a_child_that_changes_after_it_was_added_is_told():
    child = graph("child", a="")
    wf = Workflow("parent")
    wf.add(child)
    child.add(work, key="later")
    assert problems(wf) == ["workflow 'child' was changed after it had been added"]


def test_what_is_not_known_yet_cannot_be_looped_over_or_decided_by():
    wf = Workflow("handles")
    node = wf.add(work)
    for use in (list, bool, lambda handle: handle[1.5]):
        with pytest.raises(TypeError, match=r"work"):
            use(node)
