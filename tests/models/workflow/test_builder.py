"""The Python notation, and what it makes of a definition."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from mainspring.handler import task
from mainspring.models.retry import Retry
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.document import Document, Node, When, decode_document
from tests.models.workflow.shop import clean, count, drive, fetch, graph, work
from tests.runtime.heavy import allocate


@task(retries=Retry(max=2, on=(OSError,)), timeout_s=5, requires=["gpu"], queue="slow")
def choosy(url: str) -> str:
    raise NotImplementedError


@dataclasses.dataclass
class Address:
    host: str
    port: int = 80


def test_keys_are_the_handlers_short_names_made_unique():
    wf = Workflow("keys")
    wf.input("clean")
    handles = [wf.add(work), wf.add(work), wf.add(work, key="chosen"), wf.add(work), wf.add(clean, {}), wf.sleep(1)]
    assert [handle.name for handle in handles] == ["work", "work-2", "chosen", "work-3", "clean-2", "sleep"]
    assert wf.check() == []


def test_a_handler_without_a_proper_name_gets_a_proper_key():
    wf = Workflow("keys")
    wf.add(lambda: None)
    wf.add(graph(a=""))
    assert [*wf.nodes] == ["task", "graph"]


def test_options_are_the_handlers_unless_the_node_says_otherwise():
    wf = Workflow("options")
    wf.add(choosy, "x")
    wf.add(choosy, "x", retries=0, timeout_s=9, requires=("eu", "gpu"))
    first, second = wf.nodes.values()
    assert (first.retries, first.timeout_s, first.requires, first.queue) == (
        Retry(max=2, on=("builtins.OSError",)), 5, "gpu", "slow"
    )  # fmt: skip
    assert (second.retries, second.timeout_s, second.requires, second.queue) == (0, 9, "eu and gpu", "slow")
    wf.add(allocate, 1)
    wf.add(allocate, 1, memory_max_mb=512)
    assert [node.memory_max_mb for node in wf.nodes.values()] == [None, None, 64, 512]
    assert wf.check() == []


def test_references_may_be_anywhere_inside_of_arguments():
    wf = Workflow("nested")
    page = wf.add(fetch, "x")
    wf.add(work, {"a": [page["b"][0], (page, 1)]}, Address("localhost"))
    assert wf.nodes["work"].arguments == {
        "*": [{"a": ["$fetch.b[0]", ["$fetch", 1]]}, {"host": "localhost", "port": 80}]
    }
    assert wf.check() == []


def test_nodes_by_hand_come_in_any_order():
    wf = Workflow("hand")
    wf.node("c", work, {"*": ["$b.x"]}, after=["a"])
    wf.node("b", count, {"word": "$a"}, map="$a", concurrency=3, retries=2)
    wf.node("a", "shop:by_name", {"x": 1})
    assert wf.definition() == Document(
        workflow="hand",
        nodes={
            "c": Node(task=wf.nodes["c"].task, arguments={"*": ["$b.x"]}, after=("a",)),
            "b": Node(task=wf.nodes["b"].task, arguments={"word": "$a"}, map="$a", concurrency=3, retries=2),
            "a": Node(task="shop:by_name", arguments={"x": 1}),
        },
    )
    assert [*wf.handlers] == [wf.nodes["c"].task, wf.nodes["b"].task]


def is_big(value: int, limit: int = 3) -> bool:
    return value > limit


def test_conditions_as_they_are_written():
    wf = Workflow("conditions")
    value = wf.add(work, key="value")
    wf.add(work, value, when=is_big)
    wf.add(work, when=(is_big, value["n"], 5))
    wf.add(work, when={"test": "shop:is_big", "language": "python", "arguments": {"value": "$value"}})
    wf.add(work, when="value > 3")
    wf.add(work, when="${value > 3}")
    name = f"{__name__}:is_big"
    assert [node.when for node in wf.nodes.values()] == [
        None,
        When(name, None, "python"),
        When(name, {"value": "$value.n", "limit": 5}, "python"),
        When("shop:is_big", {"value": "$value"}, "python"),
        When("value > 3", None, "feel"),
        When("${value > 3}", None, "juel"),
    ]
    assert name in wf.handlers


def test_what_is_stored_names_the_language():
    wf = Workflow("conditions")
    wf.add(work, when="1 > 2")
    assert b'"when":{"test":"1 > 2","language":"feel"}' in wf.document()
    assert decode_document(wf.document()).nodes["work"].condition == When("1 > 2")


def test_a_condition_that_cannot_be_read_is_a_problem():
    wf = Workflow("conditions")
    value = wf.input("value", int)
    wf.add(work, when=("value > limit", value))
    wf.add(work, when={"test": "shop:is_big", "langauge": "python"})
    assert [problem.message for problem in wf.check()] == [
        "when: an expression takes no arguments; the names in it are inputs and nodes",
        "when: Object contains unknown field `langauge`",
    ]


def test_a_definition_is_the_same_bytes_each_time_and_its_digest_tells():
    assert graph(a="", b="a").digest == graph(a="", b="a").digest
    assert graph(a="", b="a").digest != graph(a="", b="").digest
    document = graph(a="", b="a").definition()
    assert decode_document(document.encode()) == document


def test_what_is_deployed_once_is_not_checked_again_until_it_changes():
    wf = graph(a="")
    assert wf.deployable() is wf.deployable()
    before = wf.deployable()
    wf.add(work)
    assert wf.deployable() is not before


def test_children_come_along_once_each():
    child = graph("child", n="")
    wf = Workflow("parent")
    wf.add(child)
    wf.add(child)
    deployable = wf.deployable()
    assert [*wf.nodes] == ["child", "child-2"]
    assert [one.digest for one in deployable.children] == [child.digest]


def named(number: int) -> Callable[[], int]:
    def closure() -> int:
        return number

    return closure


def test_two_callables_of_one_name_are_told():
    wf = Workflow("closures")
    wf.add(named(1))
    wf.add(named(2))
    [problem] = wf.check()
    assert "two callables are named" in problem.message


def test_methods_partials_and_handlers_are_callables_like_others():
    class Shop:
        def sell(self, thing: Any) -> Any:
            raise NotImplementedError

    shop = Shop()
    wf = Workflow("callables")
    wf.add(shop.sell, 1)
    wf.add(shop.sell, 2)
    wf.add(choosy, "x")
    assert wf.check() == []
    assert len(wf.handlers) == 2


def test_a_large_graph_is_built_in_time_that_grows_with_it():
    wf = Workflow("chain")
    node = wf.add(work, key="n0")
    for number in range(1, 2_000):
        node = wf.add(work, node, key=f"n{number}")
    driver = drive(wf)
    assert list(driver.tasks) == ["n0"]
