"""Workflows as boxes and arrows."""

from __future__ import annotations

from mainspring.models.contract import NodeView
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.graph import Arrow, Box, picture
from tests.models.workflow.shop import clean, count, fetch, publish


def is_wanted(parts: list[int]) -> bool:
    return True


def report() -> Workflow:
    wf = Workflow("report")
    page = wf.add(fetch, wf.input("url", str), key="page")
    words = wf.add(clean, page["body"])
    parts = wf.map(count, words)
    nap = wf.sleep(5, after=[parts])
    wf.add(publish, parts, after=[nap, parts], rule="none_failed", when=is_wanted)
    return wf


def test_a_definition_is_boxes_and_arrows():
    drawn = picture(report().definition())
    assert drawn.boxes == (
        Box("page", "task", note="fetch"),
        Box("clean", "task"),
        Box("count", "map"),
        Box("sleep", "sleep", note="5 s"),
        Box("publish", "task", note="none_failed, when is_wanted"),
    )
    assert drawn.arrows == (
        Arrow("page", "clean"),
        Arrow("clean", "count"),
        Arrow("count", "sleep", is_data=False),
        Arrow("count", "publish"),
        Arrow("sleep", "publish", is_data=False),
    )


def test_what_an_expression_reads_is_data():
    wf = Workflow("guarded")
    page = wf.add(fetch, "x", key="page")
    nap = wf.sleep(1, after=[page])
    wf.add(publish, [1], key="tell", after=[nap], when="page.size > 3 and\n" + " and ".join(["true"] * 9))
    drawn = picture(wf.definition())
    assert drawn.boxes[-1].note == "publish, when page.size > 3 and true and true and tru…"
    assert drawn.arrows[1:] == (Arrow("page", "tell"), Arrow("sleep", "tell", is_data=False))


def test_inputs_are_drawn_where_they_are_asked_for():
    drawn = picture(report().definition(), with_inputs=True)
    assert drawn.boxes[0] == Box("url", "input", note="str")
    assert drawn.arrows[0] == Arrow("url", "page")


def test_an_instance_has_statuses_and_progress():
    views = [NodeView("page", "task", "completed"), NodeView("count", "map", "running", total=9, completed=3, failed=1)]
    boxes = {box.id: box for box in picture(report().definition(), views).boxes}
    assert boxes["page"].status == "completed"
    assert boxes["count"].note == "3 of 9, 1 failed"
    assert boxes["publish"].status == ""
