"""Data associations (10.4.2): data come into activities and events and go out of them, also of loops and calls."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mainspring.models.process.definition import Definition
from mainspring.models.process.graph import flowchart_of
from mainspring.models.process.live import LiveProcess

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'
DATA = (
    "<dataObject id='d1' name='order'/><dataObjectReference id='r1' dataObjectRef='d1' name='order'/>"
    "<dataObject id='d2' name='total'/><dataObjectReference id='r2' dataObjectRef='d2' name='total'/>"
)
IN_AND_OUT = (
    "<ioSpecification><dataInput id='in' name='x'/><dataOutput id='out' name='y'/><inputSet><dataInputRefs>in"
    "</dataInputRefs></inputSet><outputSet><dataOutputRefs>out</dataOutputRefs></outputSet></ioSpecification>"
)


def script(id: str, text: str, inside: str = "") -> str:
    return f"<scriptTask id='{id}' scriptFormat='feel'>{inside}<script>{text}</script></scriptTask>"


def given(sources: str, target: str, more: str = "") -> str:
    return association("dataInputAssociation", sources, target, more)


def taken(sources: str, target: str, more: str = "") -> str:
    return association("dataOutputAssociation", sources, target, more)


def association(kind: str, sources: str, target: str, more: str) -> str:
    refs = "".join(f"<sourceRef>{source}</sourceRef>" for source in sources.split())
    return f"<{kind} id='{kind}{target}'>{refs}<targetRef>{target}</targetRef>{more}</{kind}>"


def definition(nodes: str, order: str, beside: str = "") -> Definition:
    ids = ["s", *order.split(), "e"]
    flows = "".join(
        f"<sequenceFlow id='{one}-{two}' sourceRef='{one}' targetRef='{two}'/>" for one, two in pairwise(ids)
    )
    body = f"<startEvent id='s'/><endEvent id='e'/>{DATA}{nodes}{flows}"
    return Definition.of_bpmn(f"{HEAD}<process id='p' isExecutable='true'>{body}</process>{beside}</definitions>")


def run(nodes: str, order: str, beside: str = "", **data: Any) -> LiveProcess:
    return definition(nodes, order, beside).begin(data)


@pytest.mark.parametrize(
    ("comes", "goes", "total"),
    [
        (given("r1", "in"), taken("out", "r2"), 10),
        (
            given("r1", "in", "<transformation>order + 1</transformation>"),
            taken("out", "r2", "<transformation>y + 100</transformation>"),
            112,
        ),
        (
            given("r1", "in", "<assignment><from>order * 3</from><to>x</to></assignment>"),
            taken("out", "r2", "<assignment><from>y - 1</from><to>total</to></assignment>"),
            29,
        ),
        (given("r1 r2", "in", "<transformation>order + 2</transformation>"), taken("out", "r2"), 14),
    ],
    ids=["as it is", "transformed", "assigned", "of two sources"],
)
def test_a_task_is_given_what_data_hold_and_fills_others(comes, goes, total):
    live = run(script("set", "{order: 5}") + script("a", "{y: x * 2}", IN_AND_OUT + comes + goes), "set a")

    assert live.status == "completed"
    assert live.variables["total"] == total
    assert "x" not in live.variables  # it was the task's own


def test_an_output_of_the_same_name_is_kept_beside_another():
    outputs = "<dataOutput id='o1' name='order'/><dataOutput id='o2' name='sum'/><inputSet/><outputSet>"
    outputs += "<dataOutputRefs>o1</dataOutputRefs><dataOutputRefs>o2</dataOutputRefs></outputSet>"
    inside = f"<ioSpecification>{outputs}</ioSpecification>{taken('o1', 'r1')}{taken('o2', 'r2')}"

    live = run(script("a", "{order: 1, sum: 2}", inside), "a")

    assert (live.variables["order"], live.variables["total"]) == (1, 2)


@pytest.mark.parametrize("sequential", ["true", "false"])
@pytest.mark.parametrize("kind", ["task", "sub-process"])
def test_a_multi_instance_gathers_what_each_instance_fills(kind, sequential):
    loop = (
        f"<multiInstanceLoopCharacteristics isSequential='{sequential}'><loopDataInputRef>r1</loopDataInputRef>"
        "<loopDataOutputRef>r2</loopDataOutputRef><inputDataItem id='i' name='item'/>"
        "<outputDataItem id='o' name='tenth'/></multiInstanceLoopCharacteristics>"
    )
    work = script("w", "{tenth: item / 10}", loop if kind == "task" else "")
    if kind == "sub-process":
        flows = (
            "<sequenceFlow id='f1' sourceRef='is' targetRef='w'/><sequenceFlow id='f2' sourceRef='w' targetRef='ie'/>"
        )
        work = f"<subProcess id='w0'>{loop}<startEvent id='is'/><endEvent id='ie'/>{work}{flows}</subProcess>"

    live = run(script("set", "{order: [10, 20, 30]}") + work, "set w" if kind == "task" else "set w0")

    assert live.status == "completed"
    assert live.variables["total"] == [1, 2, 3]
    assert "tenth" not in live.variables


def test_a_task_repeats_for_the_items_of_its_own_data_input():
    specification = (
        "<ioSpecification><dataInput id='in' name='orders' isCollection='true'/><dataOutput id='out' name='sums' "
        "isCollection='true'/><inputSet><dataInputRefs>in</dataInputRefs></inputSet><outputSet><dataOutputRefs>out"
        "</dataOutputRefs></outputSet></ioSpecification>"
    )
    loop = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>in</loopDataInputRef><loopDataOutputRef>out"
        "</loopDataOutputRef><inputDataItem id='i' name='one'/><outputDataItem id='o' name='sum'/>"
        "</multiInstanceLoopCharacteristics>"
    )
    inside = specification + given("r1", "in") + taken("out", "r2") + loop

    live = run(script("set", "{order: [1, 2]}") + script("a", "{sum: one + 1}", inside), "set a")

    assert [str(each.message) for each in live.incidents] == []
    assert live.variables["total"] == [2, 3]


def test_what_is_called_has_its_data_by_their_places():
    specification = IN_AND_OUT.replace("'in' name='x'", "'qi' name='n'").replace("'out' name='y'", "'qo' name='m'")
    specification = specification.replace(">in<", ">qi<").replace(">out<", ">qo<")
    called = f"<process id='q' isExecutable='true'>{specification}{script('add', '{m: n + 1}')}</process>"
    call = f"<callActivity id='c' calledElement='q'>{IN_AND_OUT}{given('r1', 'in')}{taken('out', 'r2')}</callActivity>"

    live = run(script("set", "{order: 41}") + call, "set c", called)

    assert live.variables["total"] == 42


def test_an_event_puts_what_it_brought_where_its_association_leads():
    event = (
        f"<intermediateCatchEvent id='k'><dataOutput id='ko' name='amount'/>{taken('ko', 'r2')}<outputSet>"
        "<dataOutputRefs>ko</dataOutputRefs></outputSet><messageEventDefinition messageRef='m'/>"
        "</intermediateCatchEvent>"
    )
    live = run(event, "k", "<message id='m' name='paid'/>")
    live.world.publish("paid", {"amount": 9, "other": 1})

    assert live.variables["total"] == 9
    assert "other" not in live.variables


def test_data_are_drawn_with_who_reads_and_writes_them():
    inside = IN_AND_OUT + given("r1", "in") + taken("out", "r2")
    chart = flowchart_of(definition(script("a", "{y: x}", inside), "a").document)

    assert {(line.source, line.target, line.kind) for line in chart.lines} >= {
        ("r1", "a", "arrow"),
        ("a", "r2", "arrow"),
    }
    assert {figure.form for figure in chart.figures if figure.id in ("r1", "r2")} == {"page"}
