"""Processes as flowcharts: standard shapes, the places of a file's diagram, and what an instance has been through."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from mainspring import Process
from mainspring.drawing import flow_svg
from mainspring.drawing.figures import ICON_ROOM
from mainspring.drawing.flow_layout import lay_out
from mainspring.drawing.flowchart import Spot
from mainspring.models.process.bpmn.reader import read_bpmn
from mainspring.models.process.decisions import Ran
from mainspring.models.process.graph import flowchart_of
from mainspring.models.process.state import Incident, ProcessState, Token
from mainspring.models.process.traces import Stopwatch, Traces
from tests.models.process.conformance import LIST, SUITE

NAMES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI"'
    ' xmlns:c="http://www.omg.org/spec/DD/20100524/DC" xmlns:i="http://www.omg.org/spec/DD/20100524/DI"'
    ' targetNamespace="t"'
)


def chart(body: str, around: str = "", **options):
    text = f'<definitions {NAMES}>{around}<process id="p" isExecutable="true">{body}</process></definitions>'
    return flowchart_of(read_bpmn(text).documents["p"], **options)


def figure(element: str):
    return chart(element).by_id()["x"]


TASK = '<task id="a"/>'
SIGNAL = '<signalEventDefinition signalRef="s"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"


@pytest.mark.parametrize(
    ("element", "form", "icon"),
    [
        ('<userTask id="x"/>', "box", "person"),
        ('<serviceTask id="x"/>', "box", "gear"),
        ('<scriptTask id="x"/>', "box", "script"),
        ('<sendTask id="x"/>', "box", "send"),
        ('<receiveTask id="x"/>', "box", "receive"),
        ('<receiveTask id="x" instantiate="true"/>', "box", "start-receive"),
        ('<manualTask id="x"/>', "box", "hand"),
        ('<businessRuleTask id="x"/>', "box", "table"),
        ('<exclusiveGateway id="x"/>', "diamond", "cross"),
        ('<parallelGateway id="x"/>', "diamond", "plus"),
        ('<inclusiveGateway id="x"/>', "diamond", "ring"),
        ('<complexGateway id="x"/>', "diamond", "star"),
        ('<eventBasedGateway id="x"/>', "diamond", "events"),
        ('<eventBasedGateway id="x" instantiate="true"/>', "diamond", "first-of-events"),
        ('<startEvent id="x"/>', "circle", ""),
        (f'<startEvent id="x">{TIMER}</startEvent>', "circle", "timer"),
        (f'<intermediateCatchEvent id="x">{SIGNAL}{TIMER}</intermediateCatchEvent>', "circle", "multiple"),
        (
            f'<intermediateCatchEvent id="x" parallelMultiple="true">{SIGNAL}{TIMER}</intermediateCatchEvent>',
            "circle",
            "parallel-multiple",
        ),
        ('<endEvent id="x"><compensateEventDefinition/></endEvent>', "circle", "compensation"),
        ('<endEvent id="x"><terminateEventDefinition/></endEvent>', "circle", "terminate"),
    ],
)
def test_each_kind_has_its_shape_and_its_icon(element, form, icon):
    found = figure(element)
    assert (found.form, found.icon) == (form, icon)


def test_events_are_thin_double_or_thick_and_filled_where_they_throw():
    assert (figure('<startEvent id="x"/>').border, figure('<endEvent id="x"/>').border) == ("thin", "thick")
    catch = figure(f'<intermediateCatchEvent id="x">{SIGNAL}</intermediateCatchEvent>')
    throw = figure(f'<intermediateThrowEvent id="x">{SIGNAL}</intermediateThrowEvent>')
    assert (catch.border, catch.is_filled, throw.border, throw.is_filled) == ("double", False, "double", True)
    boundary = figure(f'{TASK}<boundaryEvent id="x" attachedToRef="a" cancelActivity="false">{TIMER}</boundaryEvent>')
    assert (boundary.on, boundary.is_dashed) == ("a", True)


def test_activities_have_their_marks():
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>"
    assert figure(f'<task id="x">{loop}</task>').marks == ("parallel",)
    assert figure('<task id="x" isForCompensation="true"/>').marks == ("backward",)
    assert figure('<adHocSubProcess id="x"><task id="a"/></adHocSubProcess>').marks == ("any",)
    assert figure('<callActivity id="x" calledElement="y"/>').border == "thick"
    assert figure('<transaction id="x"><task id="a"/></transaction>').border == "double"
    assert figure('<subProcess id="x" triggeredByEvent="true"><startEvent id="a"/></subProcess>').is_dashed


def test_default_and_conditional_flows_have_their_tails():
    found = chart(
        '<exclusiveGateway id="g" default="d"/><task id="a"/><task id="b"/>'
        '<sequenceFlow id="d" sourceRef="g" targetRef="a"/>'
        '<sequenceFlow id="c" sourceRef="a" targetRef="b">'
        "<conditionExpression>x &gt; 1</conditionExpression></sequenceFlow>"
    )
    assert [(line.id, line.tail, line.label) for line in found.lines] == [("d", "slash", ""), ("c", "diamond", "x > 1")]


DIAGRAM = """<d:BPMNDiagram><d:BPMNPlane bpmnElement="p">
<d:BPMNShape bpmnElement="a"><c:Bounds x="100" y="50" width="90" height="70"/></d:BPMNShape>
<d:BPMNShape bpmnElement="b"><c:Bounds x="300" y="250" width="36" height="36"/>
<d:BPMNLabel><c:Bounds x="310" y="290" width="40" height="14"/></d:BPMNLabel></d:BPMNShape>
<d:BPMNEdge bpmnElement="f"><i:waypoint x="190" y="85"/>
<i:waypoint x="318" y="85"/><i:waypoint x="318" y="250"/></d:BPMNEdge>
</d:BPMNPlane></d:BPMNDiagram>"""
FLOW = '<task id="a"/><endEvent id="b" name="done"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>'


def test_a_diagram_is_drawn_as_the_file_has_it():
    found = chart(FLOW, DIAGRAM)
    assert found.given is not None
    assert found.given.spots == {"a": Spot(100, 50, 90, 70), "b": Spot(300, 250, 36, 36)}
    assert found.given.ways == {"f": ((190, 85), (318, 85), (318, 250))}
    assert found.given.labels == {"b": Spot(310, 290, 40, 14)}
    assert 'x="100" y="50" width="90" height="70"' in flow_svg.draw(found)


def test_a_diagram_that_leaves_something_out_is_laid_out_anew():
    assert chart(f'{FLOW}<task id="forgotten"/>', DIAGRAM).given is None
    assert chart(FLOW).given is None


def test_a_flow_without_waypoints_finds_its_way_in_a_given_diagram():
    found = chart(FLOW, DIAGRAM.replace("d:BPMNEdge", "d:Other"))
    assert found.given is not None
    assert len(found.given.ways["f"]) > 1


def test_lanes_hold_their_nodes_and_boundary_events_and_annotations_stand_by_them():
    found = chart(
        '<laneSet id="s"><lane id="l1" name="One"><flowNodeRef>a</flowNodeRef></lane>'
        '<lane id="l2" name="Two"><flowNodeRef>c</flowNodeRef></lane></laneSet><task id="a"/><task id="c"/>'
        f'<boundaryEvent id="b" attachedToRef="c">{TIMER}</boundaryEvent>'
        '<textAnnotation id="t"><text>why</text></textAnnotation><association id="n" sourceRef="c" targetRef="t"/>'
    )
    inside = {lane.id: [figure.id for figure in lane.inside] for lane in found.figures}
    assert inside == {"l1": ["a"], "l2": ["c", "b", "t"]}


def test_what_an_instance_has_been_through_is_drawn():
    traces = Traces()
    watch = Stopwatch(traces)
    watch.note(10.0, [Ran(tokens=(Token(2, "a", 1),))])
    watch.note(12.5, [Ran(gone=(2,), tokens=(Token(3, "b", 1),))])
    state = ProcessState("p:1")
    state.visits = {"a": 2, ">f": 2, "b": 1}
    state.put(Token(3, "b", 1))
    state.incidents[3] = Incident(3, "b", "begin", "no <way> out", 12.5)
    traces.stand(state)
    found = chart(FLOW, traces=traces, say_duration=lambda seconds: f"{seconds} s")
    a, b = (found.by_id()[id] for id in "ab")
    assert (a.status, a.count, a.note, a.dots) == ("completed", 2, "2.5 s", 0)
    assert (b.status, b.dots, b.alert) == ("failed", 1, "no <way> out")
    assert found.lines[0].count == 2
    assert "no &lt;way&gt; out" in flow_svg.draw(found)


def test_heat_is_compared_with_the_busiest():
    traces = Traces()
    traces.of("a").visits, traces.of("b").visits, traces.flows["f"] = 40, 10, 10
    found = chart(FLOW, traces=traces, is_heat=True)
    assert [found.by_id()[id].heat for id in "ab"] == [1.0, 0.25]
    assert found.lines[0].heat == 0.25


def test_a_process_built_in_python_shows_its_ids():
    process = Process("p").start("begin").exclusive("big?").end("done")
    assert [each.label for each in flowchart_of(process.document).figures] == ["begin", "big?", "done"]


@pytest.mark.skipif(not LIST.exists(), reason=f"the suites are not here: there is no {LIST}")
def test_every_model_of_the_suite_is_drawn():
    for path in sorted((SUITE / "behaviour").glob("*.bpmn")):
        for document in read_bpmn(path.read_bytes()).documents.values():
            ElementTree.fromstring(flow_svg.draw(flowchart_of(document), title=path.stem))


TALK = (
    "<collaboration id='c'><participant id='p1' processRef='one'/><participant id='p2' processRef='p'/>"
    "<messageFlow id='m1' sourceRef='b' targetRef='x'/><messageFlow id='m2' sourceRef='b' targetRef='x'/>"
    "</collaboration><process id='one'>"
    "<laneSet><lane id='lane'><flowNodeRef>a</flowNodeRef><flowNodeRef>b</flowNodeRef></lane></laneSet>"
    "<task id='a'/><task id='b'/><sequenceFlow id='f' sourceRef='a' targetRef='b'/></process>"
)


def test_messages_run_beside_each_other_and_a_lane_alone_leaves_room_as_well():
    plan = lay_out(chart('<task id="x"/>', TALK))
    first, second = (set(pairwise(plan.ways[id])) for id in ("m1", "m2"))

    assert first != second
    assert plan.spots["a"].y > plan.spots["lane"].y
    assert plan.spots["a"].bottom < plan.spots["lane"].bottom


def test_what_is_written_in_a_box_stays_below_its_icon_and_inside():
    name = "Check the order and the credit history of the customer thoroughly"
    drawn = chart(f'<userTask id="x" name="{name}"/>')
    spot = lay_out(drawn).spots["x"]
    texts = ElementTree.fromstring(flow_svg.draw(drawn)).iter("{http://www.w3.org/2000/svg}text")
    heights = [float(each.get("y", "0")) for each in texts]

    assert len(heights) == 5
    assert max(heights) - min(heights) < spot.height - ICON_ROOM
